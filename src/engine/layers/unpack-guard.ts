/**
 * Stops what unpacks to more than anybody means: archives that swell without end, and what would fill the disk.
 *
 * Touches the world: looks at the free space of the target's file system every now and then.
 */
import { statfsSync } from "node:fs";
import { GantryError } from "../../base/errors.js";
import { refused } from "./archive/tar-header.js";

/** For one archive. */
export interface UnpackLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** How many times its own size an archive may unpack to, once that is over `freeBytes`. */
  readonly maxRatio: number;
  readonly freeBytes: number;
}

const gib = 1024 ** 3;

/**
 * Far beyond any layer that is meant. A file of zeros shrinks to a thousandth with gzip, so only what is also large is
 * held against its archive; smaller ones are for the disk to judge.
 */
export const unpackLimits: UnpackLimits = {
  ...{ maxBytes: 256 * gib, maxEntries: 10_000_000, maxRatio: 1000, freeBytes: 16 * gib },
};

/** How much may be written, and how many entries made, between two looks at the disk. */
const lookEveryBytes = 16 * 1024 * 1024;
const lookEveryEntries = 20_000;
/** What is left for records, logs and containers: that much, or this part of a small disk; of its inodes alike. */
const reserveBytes = 256 * 1024 * 1024;
const reserveOf = 50;
const reserveInodes = 100_000;

export class UnpackGuard {
  readonly #directory: string;
  readonly #limits: UnpackLimits;
  #bytes = 0;
  #entries = 0;
  #lookAt = lookEveryBytes;

  /** `directory` lies on the disk that is written to. */
  constructor(directory: string, limits: UnpackLimits = unpackLimits) {
    this.#directory = directory;
    this.#limits = limits;
  }

  /** Throws "import-failed". */
  entry(): void {
    this.#entries += 1;
    const { maxEntries } = this.#limits;
    if (this.#entries > maxEntries) throw refused(`it has more than ${maxEntries} entries`);
    if (this.#entries % lookEveryEntries === 0) this.#look();
  }

  /** `archiveBytes` have been read so far, where that is known. Throws "import-failed", "disk-full". */
  grown(bytes: number, archiveBytes?: number): void {
    this.#bytes += bytes;
    const { maxBytes, maxRatio, freeBytes } = this.#limits;
    if (this.#bytes > maxBytes) throw refused(`it unpacks to more than ${maxBytes} bytes`);
    if (archiveBytes !== undefined && this.#bytes > freeBytes && this.#bytes > archiveBytes * maxRatio) {
      throw refused(`it unpacks to more than ${maxRatio} times its size`);
    }
    if (this.#bytes < this.#lookAt) return;
    this.#lookAt = this.#bytes + lookEveryBytes;
    this.#look();
  }

  #look(): void {
    const { bavail, blocks, bsize, ffree, files } = statfsSync(this.#directory);
    const isFull = bavail * bsize < Math.min(reserveBytes, (blocks * bsize) / reserveOf);
    // Some file systems have no table of inodes: they tell of none at all.
    const isCrowded = files > 0 && ffree < Math.min(reserveInodes, files / reserveOf);
    if (isFull || isCrowded) {
      throw new GantryError("disk-full", "no space left on device", {
        hint: "The disk of the engine's state directory is full. Free some space: gantry image rm, gantry volume rm",
      });
    }
  }

  /** The same stream, which fails beyond the limits. */
  async *watch(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of source) {
      this.grown(chunk.length);
      yield chunk;
    }
  }
}
