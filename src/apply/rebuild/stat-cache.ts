/**
 * Remembers digests of a directory's files between runs, so that a file which nobody has touched is not read again.
 *
 * Touches the user's state directory. What is remembered is believed only while size, times and inode are the same, and
 * only of files that had not changed for a while: one that is written twice within a tick of the clock looks the same.
 */
import { createHash } from "node:crypto";
import { readFileSync, type Stats } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeDurably } from "../../base/durable-file.js";
import { isRecord } from "../../base/json.js";

/** Longer than the ticks in which file systems tell times. */
const settledMs = 1_000;
const nameChars = 32;

/** Life: opened for one look at a directory, asked and told about its files, and saved once. */
export class StatCache {
  readonly #path: string;
  readonly #nowMs: number;
  readonly #known: Readonly<Record<string, unknown>>;
  readonly #seen: Record<string, string> = Object.create(null);
  #hasNews = false;

  private constructor(path: string, known: Readonly<Record<string, unknown>>, nowMs: number) {
    this.#path = path;
    this.#known = known;
    this.#nowMs = nowMs;
  }

  /** Empty where nothing is remembered, or what is cannot be read. */
  static open(stateDirectory: string, directory: string, nowMs: number): StatCache {
    const name = createHash("sha256").update(directory).digest("hex").slice(0, nameChars);
    const path = join(stateDirectory, "contexts", `${name}.json`);
    return new StatCache(path, read(path), nowMs);
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
    if (this.#nowMs - Math.max(stat.ctimeMs, stat.mtimeMs) < settledMs) return;
    this.#seen[path] = identityOf(stat) + digest;
    this.#hasNews = true;
  }

  /** What was not asked for is forgotten. Where nothing can be kept, nothing is. */
  async save(): Promise<void> {
    if (!this.#hasNews && Object.keys(this.#seen).length === Object.keys(this.#known).length) return;
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      await writeDurably(this.#path, `${JSON.stringify(this.#seen)}\n`);
    } catch {
      // Then all is read again the next time.
    }
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
