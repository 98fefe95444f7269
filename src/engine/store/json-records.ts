/**
 * A directory of small JSON records, one file each, that survives crashes and damage.
 *
 * Touches the world. Life: `open` reads every record once; from then on reads come from memory. `set` and `remove`
 * resolve when the change is on disk, and only then do readers see it; changes of one key happen in the order asked
 * for. A crash leaves the old record or the new one. A file that cannot be read, has another schema version or is
 * refused by the owner's `parse` is renamed to `*.damaged-<n>` and reported, and the rest works on.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { removeDurably, temporaryPrefix, writeDurably } from "../../base/durable-file.js";
import { GantryError, messageOf } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";

/** What was set aside, and why. `path` is where the damaged file lies now. */
export interface DamagedRecord {
  readonly path: string;
  readonly reason: string;
}

export interface JsonRecordsOptions<T> {
  /** Made if missing, mode 0700. It holds nothing but these records. */
  readonly directory: string;
  /** Version of the shape of `T`, from 1. A record of another version counts as damaged unless `migrate` takes it. */
  readonly schema: number;
  /** Turns what was read into a `T`, or throws with the reason. Nothing in the file is to be believed. */
  readonly parse: (value: unknown, key: string) => T;
  /** Lifts a value of an older schema to this one, before `parse`. */
  readonly migrate?: (value: unknown, schema: number) => unknown;
  readonly onDamaged: (damaged: DamagedRecord) => void;
}

/** Keys are any text; a key that would not do as a file name is stored under its SHA-256. */
export class JsonRecords<T> {
  readonly #options: JsonRecordsOptions<T>;
  readonly #values = new Map<string, T>();
  readonly #writes = new Map<string, Promise<void>>();

  private constructor(options: JsonRecordsOptions<T>) {
    this.#options = options;
  }

  /** Reads the directory. Rejects only when the directory itself cannot be made or read. */
  static async open<T>(options: JsonRecordsOptions<T>): Promise<JsonRecords<T>> {
    const records = new JsonRecords(options);
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    const names = (await readdir(options.directory)).sort();
    await Promise.all(names.map((name) => records.#load(name)));
    return records;
  }

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** Sorted by key. */
  entries(): Array<[string, T]> {
    return [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  values(): T[] {
    return this.entries().map(([, value]) => value);
  }

  /** Resolves when `value` is on disk; `value` must be plain JSON. */
  set(key: string, value: T): Promise<void> {
    return this.#inOrder(key, async () => {
      const text = JSON.stringify({ schema: this.#options.schema, key, value });
      await writeDurably(this.#path(key), text);
      this.#values.set(key, value);
    });
  }

  /** Resolves when the record is gone from the disk. Does nothing for a key without record. */
  remove(key: string): Promise<void> {
    return this.#inOrder(key, async () => {
      await removeDurably(this.#path(key));
      this.#values.delete(key);
    });
  }

  async #inOrder(key: string, work: () => Promise<void>): Promise<void> {
    const before = this.#writes.get(key) ?? Promise.resolve();
    const write = before.catch(() => {}).then(work);
    this.#writes.set(key, write);
    try {
      await write;
    } finally {
      if (this.#writes.get(key) === write) this.#writes.delete(key);
    }
  }

  #path(key: string): string {
    return join(this.#options.directory, fileName(key));
  }

  async #load(name: string): Promise<void> {
    const path = join(this.#options.directory, name);
    if (name.startsWith(temporaryPrefix)) return rm(path, { force: true });
    if (!name.endsWith(".json")) return;
    try {
      const { key, value } = this.#decode(await readFile(path, "utf8"));
      if (fileName(key) !== name) throw new Error(`it belongs to ${key}`);
      this.#values.set(key, value);
    } catch (error) {
      await this.#setAside(path, messageOf(error));
    }
  }

  #decode(text: string): { key: string; value: T } {
    const parsed: unknown = JSON.parse(text);
    if (!isRecord(parsed) || typeof parsed.key !== "string" || typeof parsed.schema !== "number") {
      throw new Error("it is not a record");
    }
    const { schema, migrate, parse } = this.#options;
    if (parsed.schema === schema) return { key: parsed.key, value: parse(parsed.value, parsed.key) };
    if (!migrate || parsed.schema > schema) throw new Error(`it has schema ${parsed.schema}, this is ${schema}`);
    return { key: parsed.key, value: parse(migrate(parsed.value, parsed.schema), parsed.key) };
  }

  async #setAside(path: string, reason: string): Promise<void> {
    const taken = new Set(await readdir(this.#options.directory));
    const base = path.slice(this.#options.directory.length + 1);
    let n = 1;
    while (taken.has(`${base}.damaged-${n}`)) n += 1;
    const aside = `${path}.damaged-${n}`;
    await rename(path, aside);
    this.#options.onDamaged({ path: aside, reason });
  }
}

/** A `parse` helper: `value` if it is an object, else throws. */
export function expectRecord(value: unknown, what: string): Record<string, unknown> {
  if (!isRecord(value)) throw new GantryError("state-damaged", `${what} is not an object`);
  return value;
}

/** Names of at most 200 bytes leave room for the suffixes below the file system's 255. */
function fileName(key: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/.test(key)) return `${key}.json`;
  return `${createHash("sha256").update(key).digest("hex")}.json`;
}
