/** Docker's words for the progress of a pull, at a pace that people can read. Does not touch the world. */
import type { Clock } from "../../../base/clock.js";
import type { Descriptor } from "../../../oci/manifest.js";
import { shortId } from "../../../oci/short-id.js";
import type { ProgressMessage } from "../../../wire/image.js";

export type LayerStatus =
  | "Pulling fs layer"
  | "Waiting"
  | "Already exists"
  | "Downloading"
  | "Verifying Checksum"
  | "Download complete"
  | "Extracting"
  | "Pull complete";

/** Ten messages a second for each layer. */
const everyMs = 100;

/** One layer's messages. Counts are thinned out; a change of status is always told. */
export class LayerProgress {
  readonly #layer: Descriptor;
  readonly #tell: (message: ProgressMessage) => void;
  readonly #clock: Clock;
  #countedAtMs = Number.NEGATIVE_INFINITY;

  constructor(layer: Descriptor, { tell, clock }: { tell: (message: ProgressMessage) => void; clock: Clock }) {
    this.#layer = layer;
    this.#tell = tell;
    this.#clock = clock;
  }

  status(status: LayerStatus): void {
    this.#tell({ status, progressDetail: {}, id: shortId(this.#layer.digest) });
  }

  count(status: "Downloading" | "Extracting", current: number): void {
    const now = this.#clock.monotonicMs();
    if (now - this.#countedAtMs < everyMs) return;
    this.#countedAtMs = now;
    const progressDetail = { current, total: this.#layer.sizeBytes };
    this.#tell({ status, progressDetail, id: shortId(this.#layer.digest) });
  }
}
