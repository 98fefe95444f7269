/**
 * What the images that were built from here were built from: a record for each image, so that a later plan can tell
 * that something else would be built now.
 *
 * Kept by the tool and not by the engine: what is recorded are files of this host, whichever engine built. An image
 * that somebody else has built or tagged under the name since has another id, and no record.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord } from "../../base/json.js";
import type { BuildSources, SourceTree } from "../../plan/build/build-sources.js";
import { keepNewest } from "./keep-newest.js";

/** Records of a later form are not read; the images then count as built by somebody else. */
const formatVersion = 1;
/** More images than projects of one person have, and of each as many as engines that one uses side by side. */
const limits = { all: 300, each: 3 };
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
      return recordOf(JSON.parse(readFileSync(join(this.#directory, fileName(key)), "utf8")));
    } catch {
      return undefined;
    }
  }

  /** Where nothing can be kept, the image counts as built by somebody else. */
  async keep(key: RecordKey, sources: BuildSources): Promise<void> {
    const record = { version: formatVersion, ...key, ...sources };
    const file = { name: fileName(key), text: `${JSON.stringify(record)}\n` };
    const kept = [
      { prefix: digestOf(key.image), count: limits.each },
      { prefix: "", count: limits.all },
    ];
    await keepNewest(this.#directory, file, kept).catch(() => {}); // a plan then goes by times
  }
}

function fileName({ image, id }: RecordKey): string {
  const bare = id.replace(/^sha256:/, ""); // Podman leaves it out
  return `${digestOf(image)}-${digestOf(bare)}.json`;
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, nameChars);
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
