/**
 * Remembers digests of a directory's files between runs, so that a file which nobody has touched is not read again.
 *
 * Touches the user's state directory. What is remembered is believed only while size, times and inode are the same, and
 * only of files that had not changed for a while: one that is written twice within a tick of the clock looks the same.
 */
import { createHash } from "node:crypto";
import { readFileSync, type Stats } from "node:fs";
import { join } from "node:path";
import { isRecord } from "../../base/json.js";
import { keepNewest } from "./keep-newest.js";

/** Longer than the ticks in which file systems tell times. */
const settledMs = 1_000;
const nameChars = 32;
/** Half a megabyte each with five thousand files. */
const maxDirectories = 100;

/** Life: opened for one look at a directory, asked and told about its files, and saved once. */
export class StatCache {
  readonly #directory: string;
  readonly #name: string;
  readonly #nowMs: number;
  readonly #known: Readonly<Record<string, unknown>>;
  readonly #seen: Record<string, string> = Object.create(null);
  #hasNews = false;

  /** Of the files of `context`. Empty where nothing is remembered, or what is cannot be read. */
  constructor(stateDirectory: string, context: string, nowMs: number) {
    this.#directory = join(stateDirectory, "contexts");
    this.#name = `${createHash("sha256").update(context).digest("hex").slice(0, nameChars)}.json`;
    this.#nowMs = nowMs;
    this.#known = read(join(this.#directory, this.#name));
  }

  /** The digest of the file, if it is the one of last time. */
  digestOf(path: string, stat: Stats): string | undefined {
    const before = this.#known[path];
    const identity = identityOf(stat);
    if (typeof before !== "string" || !before.startsWith(identity)) return undefined;
    this.#seen[path] = before;
    return before.slice(identity.length);
  }

  tell(path: string, stat: Stats, digest: string): void {
    if (this.#nowMs - stat.ctimeMs < settledMs) return;
    this.#seen[path] = identityOf(stat) + digest;
    this.#hasNews = true;
  }

  /** What was not asked for is forgotten. Where nothing can be kept, nothing is. */
  async save(): Promise<void> {
    if (!this.#hasNews && Object.keys(this.#seen).length === Object.keys(this.#known).length) return;
    const file = { name: this.#name, text: `${JSON.stringify(this.#seen)}\n` };
    // Where nothing can be kept, all is read again the next time.
    await keepNewest(this.#directory, file, [{ prefix: "", count: maxDirectories }]).catch(() => {});
  }
}

/** What a file was, before its digest. The mode is no part: it is compared as it is. */
function identityOf({ size, mtimeMs, ctimeMs, ino, dev }: Stats): string {
  return `${size} ${mtimeMs} ${ctimeMs} ${dev}:${ino} `;
}

function read(path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
