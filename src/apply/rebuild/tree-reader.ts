/**
 * Digests what builds may read of directories: contents and modes of files, links, directories; no times and no
 * owners, since a build gives them all to one.
 *
 * Touches the world: reads files, and remembers their digests (`stat-cache.ts`).
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import type { SourceTree } from "../../plan/build/build-sources.js";
import { type ContextEntry, contextEntries, ignoreRulesOf, versionControl } from "../build/context-entries.js";
import { StatCache } from "./stat-cache.js";

/** What is bigger is more than a build reads, as a rule, and would be looked through before each plan. */
const limits = { entries: 50_000, bytes: 2 ** 30 };
/** 128 bits. */
const digestChars = 32;
const modeBits = 0o7777;
/** Enough to keep a disk busy. */
const readsAtOnce = 16;

export interface TreeOptions {
  readonly stateDirectory: string;
  readonly nowMs: number;
  readonly signal?: AbortSignal;
  /** Files, by their absolute paths, that count as not there. */
  readonly without?: readonly string[];
}

/** Life: made for one look at a project, asked for trees, saved once. Services that share a directory share a look. */
export class TreeReader {
  readonly #options: TreeOptions;
  readonly #caches = new Map<string, StatCache>();
  readonly #trees = new Map<string, Promise<SourceTree | undefined>>();

  constructor(options: TreeOptions) {
    this.#options = options;
  }

  /** Undefined where the directory cannot be read, or holds more than the limits. The Dockerfile is named from it. */
  async tree(directory: string, dockerfile: string): Promise<SourceTree | undefined> {
    try {
      const { rules, file } = await ignoreRulesOf(directory, dockerfile);
      const isOwn = file === `${dockerfile}.dockerignore` || rules.ignores(dockerfile);
      const key = `${directory}\0${isOwn ? dockerfile : ""}`;
      const known = this.#trees.get(key) ?? this.#read(directory, dockerfile);
      this.#trees.set(key, known);
      return await known;
    } catch {
      this.#options.signal?.throwIfAborted();
      return undefined; // a build that misses something says so
    }
  }

  async save(): Promise<void> {
    for (const cache of this.#caches.values()) await cache.save();
  }

  async #read(directory: string, dockerfile: string): Promise<SourceTree | undefined> {
    const { stateDirectory, nowMs, signal, without = [] } = this.#options;
    const skipped = new Set([...versionControl, ...without.map((path) => relative(directory, path))]);
    const cache = this.#caches.get(directory) ?? new StatCache(stateDirectory, directory, nowMs);
    this.#caches.set(directory, cache);
    const files: Record<string, string> = Object.create(null);
    let count = 0;
    const unread: ContextEntry[] = [];
    let bytes = 0;
    for await (const entry of contextEntries(directory, dockerfile, skipped)) {
      const { path, stat } = entry;
      if (stat.isFile()) bytes += stat.size;
      if (++count > limits.entries || bytes > limits.bytes) return undefined;
      const known = stat.isFile() ? cache.digestOf(path, stat) : await digestOfOther(directory, entry);
      files[path] = `${known} ${modeOf(entry)}`;
      if (known === undefined) unread.push(entry);
    }
    await readAll(unread, async (entry) => {
      signal?.throwIfAborted();
      const digest = await digestOfFile(join(directory, entry.path));
      cache.tell(entry.path, entry.stat, digest);
      files[entry.path] = `${digest} ${modeOf(entry)}`;
    });
    return { digest: digestOf(JSON.stringify(files)), files };
  }
}

async function digestOfOther(directory: string, { path, stat }: ContextEntry): Promise<string> {
  if (stat.isDirectory()) return "directory";
  // Sockets and their like are not sent.
  return stat.isSymbolicLink() ? `link ${await readlink(join(directory, path))}` : "other";
}

function modeOf({ stat }: ContextEntry): string {
  return stat.isSymbolicLink() ? "" : (stat.mode & modeBits).toString(8);
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex").slice(0, digestChars);
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digestChars);
}

async function readAll(entries: readonly ContextEntry[], read: (entry: ContextEntry) => Promise<void>): Promise<void> {
  const rest = entries.values();
  const worker = async () => {
    for (const entry of rest) await read(entry);
  };
  await Promise.all(Array.from({ length: readsAtOnce }, worker));
}
