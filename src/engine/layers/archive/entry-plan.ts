/**
 * Decides what an entry of a layer's archive means: a file, a whiteout, a note to skip, or a refusal.
 *
 * Does not touch the world; names are byte strings. Whether a parent is a link can only be seen on disk, by
 * `tree-writer.ts`.
 *
 * @see OCI image specification, "Image Layer Filesystem Changeset", "Whiteouts"
 */
import { refused } from "./tar-header.js";

/** `path` is relative to the layer's root, without `.` or empty components; "" is the root itself. */
export type EntryPlan =
  | { readonly kind: "write"; readonly path: string }
  /** The entry of that path in lower layers is hidden. */
  | { readonly kind: "whiteout"; readonly path: string }
  /** Everything that lower layers have in that directory is hidden. */
  | { readonly kind: "opaque"; readonly path: string }
  /** Notes of the AUFS driver, which older archives carry. */
  | { readonly kind: "skip" };

const whiteoutPrefix = ".wh.";
const aufsPrefix = ".wh..wh.";
const opaqueName = ".wh..wh..opq";

/** The kernel's limit for one name, and for a path: less what the layer's own directory takes of it. */
const longestNameBytes = 255;
const longestPathBytes = 4096 - 512;

/**
 * An absolute name is meant from the layer's root, as some builders write them (ko does).
 *
 * Throws "import-failed" for a name that holds `..` or NUL, or is beyond the kernel's limits.
 */
export function planEntry(name: string): EntryPlan {
  const components = componentsOf(name);
  if (isTooLong(components)) throw refused("a name is too long", `${name.slice(0, 60)}…`);
  const last = components.at(-1) ?? "";
  const parents = components.slice(0, -1);
  const parent = parents.join("/");
  if (parents.some((component) => component.startsWith(aufsPrefix))) return { kind: "skip" };
  if (parents.some((component) => component.startsWith(whiteoutPrefix))) {
    throw refused("a whiteout is used as a directory", name);
  }
  if (last === opaqueName) return { kind: "opaque", path: parent };
  if (last.startsWith(aufsPrefix)) return { kind: "skip" };
  if (!last.startsWith(whiteoutPrefix)) return { kind: "write", path: components.join("/") };
  const hidden = last.slice(whiteoutPrefix.length);
  if (hidden === "" || hidden === "." || hidden === "..") throw refused("a whiteout hides no name", name);
  return { kind: "whiteout", path: [...parents, hidden].join("/") };
}

/** A hard link's target, relative to the layer's root as the format has it; a leading slash means that root. */
export function planLinkTarget(linkName: string): string {
  const components = componentsOf(linkName);
  if (components.length === 0) throw refused("a hard link names no file", linkName);
  return components.join("/");
}

function componentsOf(name: string): string[] {
  if (name.includes("\0")) throw refused("a name holds a NUL", name);
  const components = name.split("/").filter((component) => component !== "" && component !== ".");
  if (components.includes("..")) throw refused("a name leads out of the layer", name);
  return components;
}

function isTooLong(components: readonly string[]): boolean {
  const lengths = components.map(({ length }) => length); // names are byte strings
  return lengths.some((length) => length > longestNameBytes) || sum(lengths) + lengths.length > longestPathBytes;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
