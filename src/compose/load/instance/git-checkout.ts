/** What git knows of a folder: its worktree and branch. Reads a few small files of git's; runs no git. */
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { fileExists, readFileText } from "../read-text.js";

/** The checkout that a folder stands in. */
export interface GitCheckout {
  /** Its top folder. */
  readonly root: string;
  /** Where git keeps what belongs to this checkout alone: `.git`, or `.git/worktrees/NAME`. */
  readonly gitDir: string;
  /** The name of a linked worktree, unique in its repository; undefined for the main one and for a clone. */
  readonly worktree?: string;
  /** The repository's own name: the main worktree's folder, or the bare repository without `.git`. */
  readonly repository: string;
  /** Undefined while no branch is checked out. */
  readonly branch?: string;
  /** True on the branch that a clone begins with. */
  readonly isDefaultBranch: boolean;
}

/** The nearest checkout at or above the folder; undefined when there is none. */
export function findCheckout(folder: string): GitCheckout | undefined {
  for (let root = folder; ; root = dirname(root)) {
    const gitDir = gitDirOf(root);
    if (gitDir !== undefined) return readCheckout(root, gitDir);
    if (root === dirname(root)) return undefined;
  }
}

/** True while the branch is there, packed or not. `gitDir` is the main one. */
export function hasBranch(gitDir: string, branch: string): boolean {
  if (fileExists(join(gitDir, "refs/heads", branch))) return true;
  const packed = firstText(join(gitDir, "packed-refs")) ?? "";
  const isChecked = headOf(gitDir) === branch; // a branch without a commit yet has no other trace
  return isChecked || packed.split("\n").some((line) => line.endsWith(` refs/heads/${branch}`));
}

/** `.git` is a folder, or a file that names one. */
function gitDirOf(root: string): string | undefined {
  const entry = join(root, ".git");
  if (fileExists(join(entry, "HEAD"))) return entry;
  const target = /^gitdir: (.+)$/m.exec(firstText(entry) ?? "")?.[1]?.trim();
  if (target === undefined) return undefined;
  const gitDir = isAbsolute(target) ? target : resolve(root, target);
  return fileExists(join(gitDir, "HEAD")) ? gitDir : undefined;
}

function readCheckout(root: string, gitDir: string): GitCheckout {
  const common = firstText(join(gitDir, "commondir"))?.trim();
  const commonDir = common === undefined ? gitDir : resolve(gitDir, common);
  const branch = headOf(gitDir);
  const repository = basename(commonDir) === ".git" ? basename(dirname(commonDir)) : repositoryName(root, commonDir);
  return {
    root,
    gitDir,
    ...(common === undefined ? {} : { worktree: basename(gitDir) }),
    repository,
    ...(branch === undefined ? {} : { branch }),
    isDefaultBranch: branch !== undefined && defaultBranches(commonDir).includes(branch),
  };
}

/** A submodule's folder names it; a bare repository names itself. */
function repositoryName(root: string, commonDir: string): string {
  return commonDir.includes("/.git/modules/") ? basename(root) : basename(commonDir).replace(/\.git$/, "");
}

function headOf(gitDir: string): string | undefined {
  return /^ref: refs\/heads\/(\S+)/.exec(firstText(join(gitDir, "HEAD")) ?? "")?.[1];
}

function defaultBranches(commonDir: string): readonly string[] {
  const remote = /^ref: refs\/remotes\/origin\/(\S+)/.exec(
    firstText(join(commonDir, "refs/remotes/origin/HEAD")) ?? "",
  );
  return remote?.[1] === undefined ? ["main", "master"] : [remote[1]];
}

/** Undefined for what is no readable file. */
function firstText(path: string): string | undefined {
  const read = readFileText(path);
  return read.kind === "text" ? read.text : undefined;
}
