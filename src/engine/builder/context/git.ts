/** Clones repositories for ADD and contexts. Touches the world: runs git, which nothing may ask for a password. */
import { spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { GantryError, systemCodeOf } from "../../../base/errors.js";
import { parseGitAddress } from "../../../dockerfile/git-address.js";
import { realPathIn } from "../trees/real-path.js";
import { mustReach, type Reach } from "./reach.js";

export interface CloneOptions {
  readonly scratch: string;
  readonly reach: Reach;
  readonly signal: AbortSignal;
  readonly keepGitDir: boolean;
  /** A commit, or the beginning of one, which the address must lead to. */
  readonly checksum?: string;
}

/**
 * Puts the tree into `target`. Throws "bad-parameter" with git's last words or a wrong commit, "helper-missing",
 * "offline".
 */
export async function cloneRepository(source: string, target: string, options: CloneOptions): Promise<void> {
  const { url, ref, directory, checksum = options.checksum, keepGitDir, submodules } = parseGitAddress(source);
  mustReach(options.reach, source.replace(/\/\/[^/@]*@/, "//***@"));
  const clone = await mkdtemp(join(options.scratch, "clone-"));
  try {
    const git = (...args: string[]) => run(["-C", clone, ...args], options);
    await git("init", "--quiet");
    await git("remote", "add", "origin", url);
    const found = await fetchRef(git, ref ?? checksum ?? "HEAD");
    await checkCommit(git, { source, checksum, found });
    await git("checkout", "--quiet", "--detach", found);
    if (submodules) await git("submodule", "update", "--quiet", "--init", "--recursive");
    if (!(keepGitDir ?? options.keepGitDir)) await rm(join(clone, ".git"), { recursive: true, force: true });
    const from = realPathIn(clone, directory);
    if (from === undefined) throw new GantryError("bad-parameter", `${source} has no directory ${directory}`);
    await cp(from, target, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  } finally {
    await rm(clone, { recursive: true, force: true });
  }
}

type Git = (...args: string[]) => Promise<string>;

/** What to check out. A plain file server may know no shallow history, one that is asked for a commit no such name. */
async function fetchRef(git: Git, ref: string): Promise<string> {
  try {
    await git("fetch", "--quiet", "--depth=1", "origin", ref);
  } catch {
    if (/^[0-9a-f]{7,64}$/.test(ref)) {
      // The beginning of a commit is a name only once the history is here.
      await git("fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*");
      return git("rev-parse", "--verify", `${ref}^{commit}`);
    }
    await git("fetch", "--quiet", "origin", ref);
  }
  return "FETCH_HEAD";
}

/** An annotated tag may be known by its own digest too. */
async function checkCommit(
  git: Git,
  { source, checksum, found }: { source: string; checksum: string | undefined; found: string },
): Promise<void> {
  if (checksum === undefined) return;
  const names = [await git("rev-parse", found), await git("rev-parse", `${found}^{commit}`)];
  if (names.some((one) => one.startsWith(checksum))) return;
  throw new GantryError("bad-parameter", `expected checksum to match ${checksum}, got ${names[1]}: ${source}`);
}

/** What it says on standard output. */
function run(args: readonly string[], { reach, signal }: Pick<CloneOptions, "reach" | "signal">): Promise<string> {
  const env = {
    ...reach.variables,
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    // A repository's submodules may lie anywhere but on this host, whose files are not the repository's to take.
    ...{ GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_NOSYSTEM: "1", GIT_ALLOW_PROTOCOL: "https:http:git:ssh" },
    GIT_SSH_COMMAND: "ssh -oBatchMode=yes",
  };
  return new Promise((resolve, reject) => {
    const child = spawn("git", args, { env, signal, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    let answer = "";
    child.stdout.on("data", (chunk: Buffer) => {
      answer = (answer + chunk.toString()).slice(-2000);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
    child.on("error", (error) => {
      if (systemCodeOf(error) !== "ENOENT") return reject(error);
      const hint = "Install git on the engine's host";
      reject(new GantryError("helper-missing", "git is needed to read a repository and is not installed", { hint }));
    });
    child.on("close", (code) => {
      if (code === 0) resolve(answer.trim());
      else reject(new GantryError("bad-parameter", `git ${args[2] ?? ""} failed: ${said.trim()}`));
    });
  });
}
