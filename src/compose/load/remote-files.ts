/**
 * Files that stand elsewhere: a git repository or an artifact in a registry. Somebody else brings them here; this says
 * which are needed, where they are then, and what they may not reach.
 *
 * Loading reads without waiting, so it is done again once what it found missing has come.
 */
import { relative, sep } from "node:path";
import { isGantryError, messageOf } from "../../base/errors.js";
import { type Place, Report } from "../report.js";

/** A remote file on this machine. What it names may not leave `root`, which nothing else is in. */
export interface RemoteFile {
  readonly reference: string;
  readonly file: string;
  readonly root: string;
}
/** Rejects with a `GantryError` whose message names the reference. */
export type FetchRemote = (reference: string) => Promise<RemoteFile>;

/** What names something elsewhere: an address, `git@host:path`, or a repository on GitHub. */
export function isRemote(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/|^[\w.-]+@[\w.-]+:.|^github\.com\//.test(text);
}

/** More than people compose a project of; a hostile file could go on for ever. */
const maxRemotes = 100;

/** Of one load, over all its passes. */
export class RemoteFiles {
  readonly #fetch: FetchRemote | undefined;
  readonly #found = new Map<string, RemoteFile | { readonly problem: string; readonly hint?: string | undefined }>();
  readonly #wanted = new Set<string>();

  constructor(fetch?: FetchRemote) {
    this.#fetch = fetch;
  }

  /** The remote files that the project is made of. */
  get files(): readonly RemoteFile[] {
    return [...this.#found.values()].filter((one) => "file" in one);
  }

  /** Where the file is; undefined when that is not known yet, or when it cannot be had, which is reported. */
  locate(reference: string, place: Place, report: Report): string | undefined {
    const known = this.#found.get(reference);
    if (known && "file" in known) return known.file;
    if (known) report.error(place, "file-not-found", known.problem, { hint: known.hint });
    else if (this.#fetch && this.#found.size < maxRemotes) this.#wanted.add(reference);
    else report.error(place, "not-supported", `Remote file ${reference} cannot be read here`);
    return undefined;
  }

  /** False when nothing was missing. */
  async fetchWanted(): Promise<boolean> {
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    for (const reference of wanted) {
      const found = this.#fetch?.(reference).catch((error: unknown) => ({
        problem: messageOf(error),
        hint: isGantryError(error) ? error.hint : undefined,
      }));
      if (found) this.#found.set(reference, await found);
    }
    return wanted.length > 0;
  }

  /** The remote file's folder that `file` stands in; undefined for what is the user's own. */
  rootOf(file: string): string | undefined {
    return this.files.find(({ root }) => isInside(file, root))?.root;
  }

  /** False, which is reported, when a remote file at `place` names what it may not reach. */
  mayRead(path: string, place: Place, report: Report): boolean {
    const asking = place.at.at(-1)?.file;
    const root = asking === undefined ? undefined : this.rootOf(asking);
    if (root === undefined || isInside(path, root)) return true;
    report.error(place, "outside-remote", `A remote file may not read ${path}`, {
      expected: "a path in the repository or artifact that it came with",
    });
    return false;
  }
}

/** Loads until nothing is missing. What is reported is what the last pass found. */
export async function loadWithRemotes<T>(
  fetch: FetchRemote | undefined,
  load: (report: Report, remotes: RemoteFiles) => T,
): Promise<{ readonly value: T; readonly report: Report }> {
  const remotes = new RemoteFiles(fetch);
  for (;;) {
    const report = new Report();
    const value = load(report, remotes);
    if (!(await remotes.fetchWanted())) return { value, report };
  }
}

function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !way.startsWith(sep);
}
