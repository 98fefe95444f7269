/** Finds a path inside a tree that is not ours, as a process with that root would. Touches the world: reads links. */
import { lstat, readlink } from "node:fs/promises";
import { join } from "node:path";
import { systemCodeOf } from "../../base/errors.js";

/** The kernel's own limit on links in one path. */
const mostLinks = 40;

/**
 * The host path of `path` in the tree at `root`, its links followed but never out of the tree; undefined when something
 * on the way is missing. The tree must not change meanwhile: it is that of a container that does not run.
 */
export async function resolveInRoot(root: string, path: string): Promise<string | undefined> {
  const pending = path.split("/").reverse();
  const done: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const name = pending.pop() ?? "";
    if (name === "" || name === ".") continue;
    if (name === "..") {
      done.pop();
      continue;
    }
    const here = join(root, ...done, name);
    const target = await linkTarget(here);
    if (target === "missing") return undefined;
    if (target === "no-link") {
      done.push(name);
      continue;
    }
    links += 1;
    if (links > mostLinks) return undefined;
    if (target.path.startsWith("/")) done.length = 0;
    pending.push(...target.path.split("/").reverse());
  }
  return join(root, ...done);
}

async function linkTarget(path: string): Promise<"missing" | "no-link" | { path: string }> {
  try {
    return (await lstat(path)).isSymbolicLink() ? { path: await readlink(path) } : "no-link";
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCodeOf(error) ?? "")) return "missing";
    throw error;
  }
}
