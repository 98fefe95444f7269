/**
 * Brings a commit of a git repository into the cache, by the system's git.
 *
 * A repository is somebody else's: nothing of it is run. There are no hooks (git works in a folder of our own, without
 * templates), submodules are left out, helpers that its address could name are off, and a link that leads out of the
 * checkout refuses the whole. What the cache has under a commit is never fetched again.
 */
import { execFile } from "node:child_process";
import { existsSync, lstatSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { GantryError, systemCodeOf } from "../base/errors.js";
import { commitIn, type GitReference, isCommit, parseGitReference } from "./git-reference.js";
import type { RemoteOptions } from "./remote-options.js";

/** A repository of Compose files is small; a download that takes longer has hung. */
const gitTimeoutMs = 300_000;
const maxOutputBytes = 16 * 1024 * 1024;
const maxLinksChecked = 100_000;

/** The checkout's folder. Throws "remote-failed", "helper-missing" without git. */
export async function fetchGit(reference: string, options: RemoteOptions): Promise<{ folder: string; path: string }> {
  const wanted = parseGitReference(reference);
  const commit = await resolveCommit(wanted, reference, options);
  const folder = join(options.cache, "git", commit);
  if (!existsSync(folder)) await checkout(wanted, commit, { folder, reference, options });
  return { folder, path: wanted.path };
}

async function resolveCommit(wanted: GitReference, reference: string, options: RemoteOptions): Promise<string> {
  if (isCommit(wanted.ref)) return wanted.ref;
  const listing = await git(["ls-remote", "--", wanted.address, wanted.ref || "HEAD", ...peeled(wanted.ref)], options);
  const commit = commitIn(listing, wanted.ref);
  if (commit) return commit;
  throw new GantryError("remote-failed", `${reference}: the repository has no ${wanted.ref || "HEAD"}`);
}

/** The commit behind a tag that is an object of its own. */
function peeled(ref: string): string[] {
  return ref === "" ? [] : [`${ref}^{}`];
}

async function checkout(
  { address }: GitReference,
  commit: string,
  { folder, reference, options }: { folder: string; reference: string; options: RemoteOptions },
): Promise<void> {
  await mkdir(join(folder, ".."), { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(folder, "..", ".new-"));
  try {
    const repository = join(work, "repository");
    const tree = join(work, "tree");
    await mkdir(tree);
    await git(["init", "--quiet", "--bare", "--template=", repository], options);
    const inside = [`--git-dir=${repository}`];
    const fetch = (what: string[]) => git([...inside, "fetch", "--quiet", "--no-tags", ...what], options);
    // A server may refuse to give a commit by its name: then what it has is fetched, and the commit is among it.
    await fetch(["--depth=1", "--", address, commit]).catch(() =>
      fetch(["--", address, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]),
    );
    await git([...inside, `--work-tree=${tree}`, "checkout", "--quiet", "--force", commit, "--", "."], options);
    await refuseLinksOut(tree, reference);
    await rename(tree, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error; // else another command was faster
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function refuseLinksOut(tree: string, reference: string): Promise<void> {
  const root = realpathSync(tree);
  const names = await readdir(tree, { recursive: true });
  for (const name of names.slice(0, maxLinksChecked)) {
    const path = join(tree, name);
    if (!lstatSync(path).isSymbolicLink()) continue;
    const target = existsSync(path) ? relative(root, realpathSync(path)) : "..";
    if (target === ".." || target.startsWith("../")) {
      throw new GantryError("remote-failed", `${reference}: the link ${name} leads out of the repository, or nowhere`);
    }
  }
  if (names.length > maxLinksChecked) throw new GantryError("remote-failed", `${reference} has too many files`);
}

/** Settings of the repository's or of this process' environment must not change what git does or where. */
function gitEnvironment(env: RemoteOptions["env"]): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith("GIT_") || name.startsWith("GIT_SSH"));
  return {
    GIT_SSH_COMMAND: env.GIT_SSH ? undefined : "ssh -o ControlMaster=no -o BatchMode=yes",
    ...Object.fromEntries(kept),
    GIT_TERMINAL_PROMPT: env.GIT_TERMINAL_PROMPT || "0",
    GIT_ALLOW_PROTOCOL: "https:http:ssh:git:file",
    LC_ALL: "C",
  };
}

const quiet = [
  ...["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "submodule.recurse=false"],
  ...["-c", "advice.detachedHead=false", "-c", "transfer.fsckObjects=true", "-c", "init.defaultBranch=main"],
];

function git(args: readonly string[], { env, signal, cache }: RemoteOptions): Promise<string> {
  const limits = { timeout: gitTimeoutMs, maxBuffer: maxOutputBytes, signal };
  // A folder of our own: the one where the command was given may be a repository with settings.
  return new Promise((resolve, reject) => {
    const options = { ...limits, cwd: cache, env: gitEnvironment(env) };
    execFile("git", [...quiet, ...args], options, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else if (signal.aborted) reject(signal.reason);
      else if (systemCodeOf(error) === "ENOENT") reject(noGit());
      else reject(new GantryError("remote-failed", `git: ${lastLine(stderr) || error.message}`, { cause: error }));
    });
  });
}

function noGit(): GantryError {
  return new GantryError("helper-missing", "Compose files of git repositories need the program git", {
    hint: "Install it: apt-get install git",
  });
}

/** An address may hold a password. */
function lastLine(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return line.replace(/(:\/\/)[^/@\s]*@/g, "$1***@").slice(0, 500);
}
