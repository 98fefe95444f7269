/**
 * What pulls that have not ended want: their blobs, downloads and layers are no garbage, also after a crash.
 *
 * Touches the world through durable records, one for each name. Life: `begin` before the first layer is fetched, `end`
 * when the image is recorded; one whose pull failed stays, for the next try, until it is a week old.
 */
import { join } from "node:path";
import type { Clock } from "../../../base/clock.js";
import { type ChainId, type Digest, isDigest } from "../../../oci/digest.js";
import { canonicalReference, type ImageReference } from "../../../oci/reference.js";
import { type DamagedRecord, expectRecord, JsonRecords } from "../../store/json-records.js";

/** `digests` of layers' blobs, `chainIds` of their trees. */
export interface WantedContent {
  readonly digests: readonly Digest[];
  readonly chainIds: readonly ChainId[];
}

interface PendingRecord extends WantedContent {
  /** RFC 3339. */
  readonly begunAt: string;
}

/** Whoever has not come back for an image after this long does not want it. */
const keptMs = 7 * 24 * 3_600_000;

export class PendingPulls {
  readonly #records: JsonRecords<PendingRecord>;
  readonly #clock: Clock;

  private constructor(records: JsonRecords<PendingRecord>, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  static async open(
    stateRoot: string,
    { clock, onDamaged }: { clock: Clock; onDamaged: (damaged: DamagedRecord) => void },
  ): Promise<PendingPulls> {
    const directory = join(stateRoot, "pulls");
    return new PendingPulls(await JsonRecords.open({ directory, schema: 1, parse: parsePending, onDamaged }), clock);
  }

  async begin(reference: ImageReference, content: WantedContent): Promise<void> {
    await this.#records.set(canonicalReference(reference), { ...content, begunAt: this.#clock.now().toISOString() });
  }

  async end(reference: ImageReference): Promise<void> {
    await this.#records.remove(canonicalReference(reference));
  }

  /** Forgets those that are too old; all of them with `all`. */
  async expire({ all }: { all: boolean }): Promise<void> {
    const oldestMs = this.#clock.now().getTime() - keptMs;
    for (const [name, { begunAt }] of this.#records.entries()) {
      if (all || !(Date.parse(begunAt) > oldestMs)) await this.#records.remove(name);
    }
  }

  wanted(): WantedContent {
    const all = this.#records.values();
    return { digests: all.flatMap(({ digests }) => digests), chainIds: all.flatMap(({ chainIds }) => chainIds) };
  }
}

function parsePending(value: unknown): PendingRecord {
  const { digests, chainIds, begunAt } = expectRecord(value, "a pull");
  if (!isDigests(digests) || !isDigests(chainIds)) throw new Error("its digests are wrong");
  if (typeof begunAt !== "string") throw new Error("its time is wrong");
  return { digests, chainIds, begunAt };
}

function isDigests(value: unknown): value is Digest[] {
  return Array.isArray(value) && value.every(isDigest);
}
