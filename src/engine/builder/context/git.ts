/**
 * Clones repositories for ADD and remote contexts. Touches the world: runs git, which nothing may ask for a password.
 *
 * Addresses are BuildKit's: `https://host/repo.git#ref:directory`, `git@host:repo`, `ssh://…`, `git://…`.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { GantryError, systemCodeOf } from "../../../base/errors.js";
import { realPathIn } from "../trees/real-path.js";

/** True for an address that is cloned rather than downloaded. */
export function isGitAddress(source: string): boolean {
  const [address = ""] = source.split("#");
  if (/^(git:\/\/|ssh:\/\/|git@[^/]+:)/.test(address)) return true;
  return /^https?:\/\/.+\.git$/.test(address) || /^github\.com\//.test(address);
}

export interface CloneOptions {
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly keepGitDir: boolean;
}

/** Puts the tree into `target`. Throws "bad-parameter" with git's last words, "helper-missing". */
export async function cloneRepository(source: string, target: string, options: CloneOptions): Promise<void> {
  const [written = "", fragment = ""] = source.split("#", 2);
  const address = written.startsWith("github.com/") ? `https://${written}` : written;
  const [ref = "", directory = ""] = fragment.split(":", 2);
  // A name that begins with a dash would be an option.
  if ([address, ref].some((one) => one.startsWith("-")))
    throw new GantryError("bad-parameter", `Bad address: ${source}`);
  const clone = await mkdtemp(join(options.scratch, "clone-"));
  try {
    const git = (...args: string[]) => run(["-C", clone, ...args], options.signal);
    await git("init", "--quiet");
    await git("remote", "add", "origin", address);
    const wanted = ref === "" ? "HEAD" : ref;
    // A plain file server, and a server asked for a commit, may know no shallow history.
    await git("fetch", "--quiet", "--depth=1", "origin", wanted).catch(() => git("fetch", "--quiet", "origin", wanted));
    await git("checkout", "--quiet", "--detach", "FETCH_HEAD");
    await git("submodule", "update", "--quiet", "--init", "--recursive");
    if (!options.keepGitDir) await rm(join(clone, ".git"), { recursive: true, force: true });
    const from = realPathIn(clone, directory);
    if (from === undefined) throw new GantryError("bad-parameter", `${source} has no directory ${directory}`);
    await cp(from, target, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  } finally {
    await rm(clone, { recursive: true, force: true });
  }
}

function run(args: readonly string[], signal: AbortSignal): Promise<void> {
  const env = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    ...{ GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_NOSYSTEM: "1", GIT_ALLOW_PROTOCOL: "https:http:git:ssh:file" },
    GIT_SSH_COMMAND: "ssh -oBatchMode=yes",
  };
  return new Promise((resolve, reject) => {
    const child = spawn("git", args, { env, signal, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
    child.on("error", (error) => {
      if (systemCodeOf(error) !== "ENOENT") return reject(error);
      const hint = "Install git on the engine's host";
      reject(new GantryError("helper-missing", "git is needed to read a repository and is not installed", { hint }));
    });
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new GantryError("bad-parameter", `git ${args[2] ?? ""} failed: ${said.trim()}`));
    });
  });
}
