/**
 * Copies of one project that run side by side: how each is named, and which loopback address its ports are on.
 *
 * Pure. The plain project has no instance: its name and ports are what the files say.
 */
import { createHash } from "node:crypto";

/** One copy of a project. */
export interface Instance {
  /** What tells it from other copies: `feature-x`. */
  readonly name: string;
  /** The project's name without it. */
  readonly base: string;
  /** 127.x.y.z: where published ports are that name no address themselves. */
  readonly address: string;
  /** What it is named after; undefined when somebody gave the name. It is stale when this is gone. */
  readonly origin?: InstanceOrigin;
}

/** `gitDir` is the repository's, of a worktree its own one. */
export type InstanceOrigin =
  | { readonly kind: "worktree"; readonly gitDir: string }
  | { readonly kind: "branch"; readonly gitDir: string; readonly branch: string };

const instanceNamePattern = /^[a-z0-9][a-z0-9_-]*$/;
/** Names of containers and networks are made of it, and host names end at 63. */
const maxNameChars = 32;
const digestChars = 6;

/** True for what `--instance` takes as a name. */
export function isInstanceName(text: string): boolean {
  return instanceNamePattern.test(text) && text.length <= maxNameChars;
}

/**
 * A name out of a branch or a folder: `feature/Login` gives `feature-login`, `größe` gives `grosse`. Where it is too
 * long, or has letters that no such name can have, it ends with a digest of the whole, so that two of them stay apart.
 * Undefined for a text without a letter or digit.
 */
export function instanceNameFrom(text: string): string | undefined {
  const letters = text
    .toLowerCase()
    .replaceAll("ß", "ss")
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "");
  const isLossy = /[\p{Letter}\p{Number}]/u.test(letters.replace(/[a-z0-9]/g, ""));
  const plain = letters.replace(/[^a-z0-9_]+/g, "-").replace(/^[_-]+|[_-]+$/g, "");
  if (plain === "" && !isLossy) return undefined;
  if (plain.length <= maxNameChars && !isLossy) return plain;
  const digest = createHash("sha256").update(text).digest("hex").slice(0, digestChars);
  const head = plain.slice(0, maxNameChars - digestChars - 1).replace(/[_-]+$/, "");
  return `${head || "copy"}-${digest}`;
}

/** A folder is often named after the project too: `shop-login`, worktree of `shop`, is `login`. */
export function withoutBase(name: string, base: string): string {
  if (base === "") return name;
  const rest = name.startsWith(`${base}-`) || name.startsWith(`${base}_`) ? name.slice(base.length + 1) : "";
  return isInstanceName(rest) ? rest : name;
}

/** `BASE-NAME`; a base that ends so already is the copy's own name, as in the output of `config`. */
export function instanceProjectName(base: string, name: string): string {
  return base.endsWith(`-${name}`) ? base : `${base}-${name}`;
}

/**
 * The address that a project's name stands for: always the same, and another one for each attempt. 127.0.0.0/16 is left
 * alone, where hosts have their own names and services.
 */
export function instanceAddress(project: string, attempt = 0): string {
  const digest = createHash("sha256").update(`${project}\n${attempt}`).digest();
  const [second = 0, third = 0, last = 0] = digest;
  return `127.${1 + (second % 254)}.${third}.${1 + (last % 254)}`;
}

/** As a label has it. */
export function printOrigin(origin: InstanceOrigin): string {
  return origin.kind === "worktree" ? `worktree ${origin.gitDir}` : `branch ${origin.branch} ${origin.gitDir}`;
}

/** Undefined for a text that is none. */
export function parseOrigin(text: string): InstanceOrigin | undefined {
  const worktree = /^worktree (\/.+)$/.exec(text);
  if (worktree?.[1]) return { kind: "worktree", gitDir: worktree[1] };
  const branch = /^branch (\S+) (\/.+)$/.exec(text);
  return branch?.[1] && branch[2] ? { kind: "branch", branch: branch[1], gitDir: branch[2] } : undefined;
}
