/**
 * Results of steps by the digest of everything that they depend on, shared by all builds of this engine.
 *
 * Touches the world: `DIRECTORY/HEX.json`, one per step. Records are not waited for on disk: one that a crash costs is
 * made again by the next build. A layer is used only while the image room still has its tree and its archive.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { isRecord } from "../../base/json.js";
import { type ChainId, isDigest } from "../../oci/digest.js";
import type { LayerPart } from "../images/images.js";

/** `layer` undefined: the step changed no file. Times are RFC 3339. */
export interface CachedStep {
  readonly key: string;
  readonly description: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly uses: number;
  readonly sizeBytes: number;
  readonly layer?: LayerPart;
  /** What the layer stands on, for one that came from elsewhere and may not be unpacked yet. */
  readonly parent?: ChainId;
}

export class StepCache {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #steps = new Map<string, CachedStep>();

  private constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /** A damaged record is deleted: nobody will miss it. */
  static async open(directory: string, clock: Clock): Promise<StepCache> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const cache = new StepCache(directory, clock);
    for (const name of await readdir(directory)) {
      const step = parseStep(await readFile(join(directory, name), "utf8").catch(() => ""));
      if (step && `${step.key}.json` === name) cache.#steps.set(step.key, step);
      else await rm(join(directory, name), { force: true });
    }
    return cache;
  }

  all(): CachedStep[] {
    return [...this.#steps.values()];
  }

  has(key: string): boolean {
    return this.#steps.has(key);
  }

  /** Counts as a use. */
  find(key: string): CachedStep | undefined {
    const step = this.#steps.get(key);
    if (!step) return undefined;
    const used = { ...step, lastUsedAt: this.#clock.now().toISOString(), uses: step.uses + 1 };
    this.#steps.set(key, used);
    this.#write(used);
    return used;
  }

  keep(step: Omit<CachedStep, "lastUsedAt" | "uses">): CachedStep {
    const kept = { ...step, lastUsedAt: this.#clock.now().toISOString(), uses: 1 };
    this.#steps.set(kept.key, kept);
    this.#write(kept);
    return kept;
  }

  async forget(key: string): Promise<void> {
    this.#steps.delete(key);
    await this.#writing;
    await rm(join(this.#directory, `${key}.json`), { force: true });
  }

  /** Resolves when what was kept is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  #writing: Promise<unknown> = Promise.resolve();

  #write(step: CachedStep): void {
    const path = join(this.#directory, `${step.key}.json`);
    this.#writing = this.#writing
      .then(async () => {
        if (this.#steps.get(step.key) !== step) return;
        await writeFile(`${path}.tmp`, JSON.stringify(step), { mode: 0o600 });
        await rename(`${path}.tmp`, path);
      })
      .catch(() => {}); // a full disk costs the cache, not the build
  }
}

function parseStep(text: string): CachedStep | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { key, description, createdAt, lastUsedAt, uses, sizeBytes, layer, parent } = value;
  const texts = [key, description, createdAt, lastUsedAt];
  if (!texts.every((one) => typeof one === "string") || !/^[0-9a-f]{64}$/.test(String(key))) return undefined;
  if (typeof uses !== "number" || typeof sizeBytes !== "number") return undefined;
  if (layer !== undefined && !isLayer(layer)) return undefined;
  if (parent !== undefined && !isDigest(parent)) return undefined;
  // Every field was looked at above.
  return value as unknown as CachedStep;
}

function isLayer(value: unknown): value is LayerPart {
  if (!isRecord(value)) return false;
  const { mediaType, digest, size, chainId, diffId } = value;
  return typeof mediaType === "string" && typeof size === "number" && [digest, chainId, diffId].every(isDigest);
}
