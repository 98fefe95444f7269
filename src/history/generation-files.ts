/**
 * A history in files: `<directory>/<project>/<number>.json`, mode 0600 in directories of mode 0700, because a model
 * holds the values of environment variables.
 *
 * Touches the world. Nothing is held in memory: histories are read when somebody asks. Files appear whole; of two
 * changes that begin at once each gets a number of its own. A file that cannot be read or is no generation is renamed
 * to `*.damaged-<n>` and reported, and the rest works on.
 */
import { mkdir, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createDurably, removeDurably, temporaryPrefix, writeDurably } from "../base/durable-file.js";
import { GantryError, messageOf, systemCodeOf } from "../base/errors.js";
import { isRecord } from "../base/json.js";
import type { Generation, GenerationDraft, GenerationEnd, GenerationSummary } from "../wire/history.js";
import type { History, HistoryUpkeep } from "./history.js";
import { defaultLimits, type HistoryLimits, maxModelBytes, tooMany } from "./limits.js";
import {
  checkProjectName,
  isProjectName,
  parseDraft,
  parseEnd,
  parseGeneration,
  summaryOf,
} from "./parse-generation.js";

export interface GenerationFilesOptions {
  /** Absolute; made when something is to be kept. */
  readonly directory: string;
  readonly now: () => Date;
  /** Whether the maker of a generation that has no end is still at work. */
  readonly isAtWork: (generation: Generation) => boolean;
  readonly onDamaged: (damaged: { readonly path: string; readonly reason: string }) => void;
  readonly limits?: HistoryLimits;
}

const schema = 1;
/** Of changes that begin at the same moment; more than a few would mean that the directory is not what it seems. */
const maxAttempts = 100;

export class GenerationFiles implements History, HistoryUpkeep {
  readonly #options: GenerationFilesOptions;

  constructor(options: GenerationFilesOptions) {
    this.#options = options;
  }

  async list(project: string): Promise<GenerationSummary[]> {
    return (await this.#all(project)).map(({ generation }) => summaryOf(generation));
  }

  async get(project: string, number: number): Promise<Generation> {
    const found = (await this.#all(project)).find(({ generation }) => generation.number === number);
    if (!found) throw notFound(project, number);
    return found.generation;
  }

  async begin(draft: GenerationDraft): Promise<number> {
    const checked = fitting(parseDraft(draft));
    const directory = this.#directoryOf(checked.project);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const startedAt = this.#options.now().toISOString();
    const first = Math.max(0, ...(await numbersIn(directory))) + 1;
    for (let number = first; number < first + maxAttempts; number++) {
      const generation = { ...checked, number, outcome: "applying", startedAt, images: {}, replicas: {} } as const;
      if (!(await createDurably(pathOf(directory, number), print(generation)))) continue;
      await this.#trim(checked.project);
      return number;
    }
    throw new GantryError("internal", `No number is free for a generation of ${checked.project}`);
  }

  async end(project: string, number: number, end: GenerationEnd): Promise<void> {
    const ended = parseEnd(end);
    const path = pathOf(this.#directoryOf(project), number);
    const generation = await this.#read(path);
    if (!generation) throw notFound(project, number);
    const endedAt = this.#options.now().toISOString();
    await writeDurably(path, print({ ...generation, ...ended, endedAt }));
  }

  async projects(): Promise<string[]> {
    const entries = await readdir(this.#options.directory, { withFileTypes: true }).catch(orNone);
    // What somebody else has put there is no project.
    return entries.flatMap((entry) => (entry.isDirectory() && isProjectName(entry.name) ? [entry.name] : [])).sort();
  }

  async sizes(project: string): Promise<Array<{ generation: GenerationSummary; sizeBytes: number }>> {
    const all = await this.#all(project);
    return all.map(({ generation, sizeBytes }) => ({ generation: summaryOf(generation), sizeBytes }));
  }

  async drop(project: string, numbers: readonly number[]): Promise<void> {
    const directory = this.#directoryOf(project);
    for (const number of numbers) await removeDurably(pathOf(directory, number));
    // What is left of a forgotten project goes with it, but not what was set aside for somebody to look at.
    for (const name of await readdir(directory).catch(orNone)) {
      if (name.startsWith(temporaryPrefix)) await rm(join(directory, name), { force: true });
    }
    await rmdir(directory).catch((error: unknown) => {
      if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes(systemCodeOf(error) ?? "")) throw error;
    });
  }

  /** By number. Whoever made a generation without end is gone once there is a newer one. */
  async #all(project: string): Promise<Array<{ generation: Generation; sizeBytes: number }>> {
    const directory = this.#directoryOf(project);
    const numbers = (await numbersIn(directory)).sort((a, b) => a - b);
    const read = await Promise.all(
      numbers.map(async (number) => {
        const path = pathOf(directory, number);
        const generation = await this.#read(path, number);
        return generation ? [{ generation, sizeBytes: await sizeOf(path) }] : [];
      }),
    );
    const found = read.flat();
    return found.map(({ generation, sizeBytes }, at) => {
      const isLast = at === found.length - 1;
      const isGone = generation.outcome === "applying" && !(isLast && this.#options.isAtWork(generation));
      return { sizeBytes, generation: isGone ? { ...generation, outcome: "interrupted" } : generation };
    });
  }

  /** Undefined when it is not there, or was damaged and is now set aside. */
  async #read(path: string, number?: number): Promise<Generation | undefined> {
    const text = await readFile(path, "utf8").catch(orNothing);
    if (text === undefined) return undefined;
    try {
      const parsed: unknown = JSON.parse(text);
      if (!isRecord(parsed) || parsed.schema !== schema) throw new Error("it is not a generation of this schema");
      const generation = parseGeneration(parsed.value);
      if (number !== undefined && generation.number !== number) throw new Error(`it is number ${generation.number}`);
      return generation;
    } catch (error) {
      await this.#setAside(path, messageOf(error));
      return undefined;
    }
  }

  async #setAside(path: string, reason: string): Promise<void> {
    let n = 1;
    while (await isThere(`${path}.damaged-${n}`)) n += 1;
    const aside = `${path}.damaged-${n}`;
    await rename(path, aside).catch(orNothing); // another reader may have been faster
    this.#options.onDamaged({ path: aside, reason });
  }

  async #trim(project: string): Promise<void> {
    const directory = this.#directoryOf(project);
    const numbers = (await numbersIn(directory)).sort((a, b) => a - b);
    const sizes = await Promise.all(
      numbers.map(async (number) => ({ number, sizeBytes: await sizeOf(pathOf(directory, number)) })),
    );
    for (const number of tooMany(sizes, this.#options.limits ?? defaultLimits)) {
      await removeDurably(pathOf(directory, number));
    }
  }

  #directoryOf(project: string): string {
    return join(this.#options.directory, checkProjectName(project));
  }
}

/** A model that is too large is left out: its change is still told of. */
function fitting({ model, facts, ...draft }: GenerationDraft): GenerationDraft {
  if (!model || !facts) return draft;
  const sizeBytes = Buffer.byteLength(JSON.stringify(model)) + Buffer.byteLength(JSON.stringify(draft.configs));
  return sizeBytes > maxModelBytes ? { ...draft, configs: {} } : { ...draft, model, facts };
}

function print(value: Generation): string {
  return JSON.stringify({ schema, value });
}

function pathOf(directory: string, number: number): string {
  return join(directory, `${number}.json`);
}

async function numbersIn(directory: string): Promise<number[]> {
  const names = await readdir(directory).catch(orNone);
  return names.flatMap((name) => (/^[1-9]\d{0,8}\.json$/.test(name) ? [Number.parseInt(name, 10)] : []));
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(orNothing))?.size ?? 0;
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(orNothing)) !== undefined;
}

function orNothing(error: unknown): undefined {
  if (systemCodeOf(error) !== "ENOENT") throw error;
}

function orNone(error: unknown): never[] {
  if (systemCodeOf(error) !== "ENOENT") throw error;
  return [];
}

function notFound(project: string, number: number): GantryError {
  return new GantryError("generation-not-found", `Project ${project} has no generation ${number}`, {
    hint: `See which there are: gantry -p ${project} history`,
  });
}
