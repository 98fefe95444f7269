/** Which copy of a project a command is about: by `--instance`, `GANTRY_INSTANCE`, and what git knows of the folder. */
import {
  type Instance,
  type InstanceOrigin,
  instanceAddress,
  instanceNameFrom,
  instanceProjectName,
  isInstanceName,
  withoutBase,
} from "../../instance/instance.js";
import { nowhere, Report } from "../../report.js";
import { findCheckout, type GitCheckout } from "./git-checkout.js";

export interface InstanceRequest {
  /** Of the command line: `auto`, a name, or "" for the plain project whatever the environment says. */
  readonly asked?: string | undefined;
  /** `GANTRY_INSTANCE`. A project that is named on the command line is meant as it is named. */
  readonly environment?: string | undefined;
  /** `-p`. */
  readonly projectName?: string | undefined;
  /** The project's, absolute. */
  readonly directory: string;
}

/** A copy that was asked for, before the project's name is known. */
export interface InstanceWish {
  /** `auto` or a name. */
  readonly text: string;
  readonly isFlag: boolean;
  readonly checkout: GitCheckout | undefined;
  /** By whose last part the project is named: all worktrees of a repository bear the name of the main one. */
  readonly nameDirectory: string;
}

/** Undefined when no copy was asked for. */
export function findInstanceWish({ asked, environment, projectName, directory }: InstanceRequest) {
  const text = asked ?? (projectName === undefined ? environment : undefined);
  if (!text) return undefined;
  const checkout = findCheckout(directory);
  const isTop = checkout?.worktree !== undefined && checkout.root === directory;
  const nameDirectory = isTop ? `/${checkout.repository}` : directory;
  return { text, isFlag: asked !== undefined, checkout, nameDirectory } satisfies InstanceWish;
}

/**
 * The copy of project `base`; undefined for the plain project: `auto` in the main worktree on the default branch, and
 * where nothing can name the copy. `address` is the one that was found to be free.
 */
export function nameInstance(
  wish: InstanceWish,
  { base, address }: { base: string; address?: string | undefined },
  report: Report,
): { readonly instance: Instance; readonly projectName: string } | undefined {
  const named = wish.text === "auto" ? autoName(wish, base, report) : { name: givenName(wish, report) };
  if (!named) return undefined;
  const projectName = instanceProjectName(base, named.name);
  return { projectName, instance: { ...named, base, address: address ?? instanceAddress(projectName) } };
}

/** The name on the engine of the copy of `base` that is asked for, where no file says more. */
export function copyName(request: InstanceRequest, base: string): string {
  const wish = findInstanceWish(request);
  return (wish && nameInstance(wish, { base }, new Report())?.projectName) ?? base;
}

function givenName({ text, isFlag }: InstanceWish, report: Report): string {
  if (isInstanceName(text)) return text;
  const name = instanceNameFrom(text);
  report.error(nowhere, "bad-instance-name", `${isFlag ? "--instance" : "GANTRY_INSTANCE"} "${text}" is not valid`, {
    expected: "auto, or up to 32 lowercase letters, digits, '-' and '_', beginning with a letter or digit",
    hint: name === undefined ? undefined : `For example "${name}"`,
  });
  return name ?? "x"; // the load has failed; the rest of the file is still checked
}

/** A linked worktree names its copy, in the main one the branch does. */
function autoName(
  { checkout, isFlag }: InstanceWish,
  base: string,
  report: Report,
): { readonly name: string; readonly origin: InstanceOrigin } | undefined {
  const { worktree, branch, gitDir = "" } = checkout ?? {};
  const text = worktree ?? branch;
  const name = text === undefined ? undefined : instanceNameFrom(text);
  if (worktree === undefined && checkout?.isDefaultBranch) return undefined;
  if (name === undefined) {
    const why = checkout ? "no branch is checked out" : "this is no git repository";
    // Who has it in the environment works in other folders too.
    if (isFlag) {
      const hint = "Name the copy: --instance NAME";
      report.error(nowhere, "bad-instance-name", `--instance auto finds no name: ${why}`, { hint });
    }
    return undefined;
  }
  const origin: InstanceOrigin =
    worktree === undefined ? { kind: "branch", gitDir, branch: branch ?? "" } : { kind: "worktree", gitDir };
  const known = worktree === undefined ? [base] : [checkout?.repository ?? base, base];
  return { name: known.reduce((short, prefix) => withoutBase(short, instanceNameFrom(prefix) ?? ""), name), origin };
}
