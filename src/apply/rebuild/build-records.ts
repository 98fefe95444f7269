/**
 * What the images that were built from here were built from: a record for each image, so that a later plan can tell
 * that something else would be built now.
 *
 * Kept by the tool and not by the engine: what is recorded are files of this host, whichever engine built. An image
 * that somebody else has built or tagged under the name since has another id, and no record.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeDurably } from "../../base/durable-file.js";
import { isRecord } from "../../base/json.js";
import type { BuildSources, SourceTree } from "../../plan/build/build-sources.js";

/** Records of a later form are not read; the images then count as built by somebody else. */
const formatVersion = 1;
/** More images than projects of one person have; the oldest records go first. */
const maxRecords = 300;
const nameChars = 32;

interface RecordKey {
  /** The name that the project has for it. */
  readonly image: string;
  readonly id: string;
}

export class BuildRecords {
  readonly #directory: string;

  constructor(stateDirectory: string) {
    this.#directory = join(stateDirectory, "builds");
  }

  /** Undefined for an image that was not built from here, and for a record that is damaged. */
  find(key: RecordKey): BuildSources | undefined {
    try {
      return recordOf(JSON.parse(readFileSync(this.#path(key), "utf8")));
    } catch {
      return undefined;
    }
  }

  /** Where nothing can be kept, the image counts as built by somebody else. */
  async keep(key: RecordKey, sources: BuildSources): Promise<void> {
    const record = { version: formatVersion, ...key, ...sources };
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeDurably(this.#path(key), `${JSON.stringify(record)}\n`);
      await this.#removeOldest();
    } catch {
      // A plan then goes by times.
    }
  }

  async #removeOldest(): Promise<void> {
    const names = await readdir(this.#directory);
    if (names.length <= maxRecords) return;
    const aged = await Promise.all(
      names.map(async (name) => ({ name, ms: (await stat(join(this.#directory, name))).mtimeMs })),
    );
    const oldest = aged.sort((a, b) => a.ms - b.ms).slice(0, names.length - maxRecords);
    await Promise.all(oldest.map(({ name }) => rm(join(this.#directory, name), { force: true })));
  }

  #path({ image, id }: RecordKey): string {
    const bare = id.replace(/^sha256:/, ""); // Podman leaves it out
    const name = createHash("sha256").update(`${image} ${bare}`).digest("hex").slice(0, nameChars);
    return join(this.#directory, `${name}.json`);
  }
}

function recordOf(value: unknown): BuildSources | undefined {
  if (!isRecord(value) || value.version !== formatVersion || !isTexts(value.fields) || !isRecord(value.trees)) {
    return undefined;
  }
  const trees = Object.entries(value.trees);
  return trees.every(isTree) ? { fields: value.fields, trees: Object.fromEntries(trees) } : undefined;
}

function isTree(entry: [string, unknown]): entry is [string, SourceTree] {
  const [, tree] = entry;
  return isRecord(tree) && typeof tree.digest === "string" && isTexts(tree.files);
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((one) => typeof one === "string");
}
