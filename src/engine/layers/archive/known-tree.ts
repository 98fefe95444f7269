/**
 * What a writer knows of the tree that it writes: real directories, when they were changed, what it has hidden.
 *
 * Does not touch the world. A tree rather than a set of paths, so that replacing a directory forgets all below it in
 * one step, however large the rest is: an archive that replaces again and again must not cost more with every entry.
 */

/** `directory`: seen or made by the writer. `hidden`: a whiteout of its own. Undefined: only on the way to such. */
interface Node {
  kind: "directory" | "hidden" | undefined;
  modifiedNanos: bigint | undefined;
  readonly below: Map<string, Node>;
}

/** Paths are relative, without `.` or empty components; "" is the root, which is a directory. */
export class KnownTree {
  readonly #root: Node = { ...empty(), kind: "directory" };

  kindOf(path: string): Node["kind"] {
    return this.#find(path)?.kind;
  }

  mark(path: string, kind: "directory" | "hidden"): void {
    this.#reach(path).kind = kind;
  }

  setTime(path: string, modifiedNanos: bigint): void {
    this.#reach(path).modifiedNanos = modifiedNanos;
  }

  /** The path and everything below it is as unknown as at first. */
  forget(path: string): void {
    const slash = path.lastIndexOf("/");
    this.#find(slash < 0 ? "" : path.slice(0, slash))?.below.delete(path.slice(slash + 1));
  }

  /** Each directory whose time was set. */
  *times(): Generator<[path: string, modifiedNanos: bigint]> {
    const open: Array<[string, Node]> = [["", this.#root]];
    for (let next = open.pop(); next; next = open.pop()) {
      const [path, { modifiedNanos, below }] = next;
      if (modifiedNanos !== undefined) yield [path, modifiedNanos];
      for (const [name, node] of below) open.push([path === "" ? name : `${path}/${name}`, node]);
    }
  }

  #find(path: string): Node | undefined {
    let at: Node | undefined = this.#root;
    for (const name of namesOf(path)) at = at?.below.get(name);
    return at;
  }

  #reach(path: string): Node {
    let at = this.#root;
    for (const name of namesOf(path)) {
      const known = at.below.get(name) ?? empty();
      at.below.set(name, known);
      at = known;
    }
    return at;
  }
}

function empty(): Node {
  return { kind: undefined, modifiedNanos: undefined, below: new Map() };
}

function namesOf(path: string): string[] {
  return path === "" ? [] : path.split("/");
}
