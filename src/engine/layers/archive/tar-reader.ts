/**
 * Reads a tar archive that arrives in chunks of any size, and hands its entries over in order.
 *
 * Does not touch the world. Synchronous, because its consumer writes synchronously in a worker: an entry costs no
 * promise and no stream, which is most of the speed with images of ten thousand small files.
 */
import {
  blockBytes,
  contentBytes,
  decodeEntry,
  decodePax,
  decodeRawHeader,
  type Extensions,
  isEndBlock,
  type RawHeader,
  refused,
  type TarEntry,
  text,
} from "./tar-header.js";

/** Called in the order `entry`, `data` (for files, as often as it takes), `entryEnd`. What it throws ends the read. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /** The chunk is only valid during the call. */
  data(chunk: Buffer): void;
  entryEnd(): void;
}

/** Long names and attributes are small; a larger header is an attempt to fill memory. */
const maxExtensionBytes = 4 * 1024 * 1024;

type State =
  | { kind: "header" }
  | { kind: "extension"; header: RawHeader; left: number }
  | { kind: "content"; left: number; padding: number; wanted: boolean }
  | { kind: "padding"; left: number }
  | { kind: "ended" };

/** `push` every chunk, then `end`. Throws "import-failed" for what is not a tar archive or stops inside an entry. */
export class TarReader {
  readonly #sink: TarSink;
  #state: State = { kind: "header" };
  #held: Buffer[] = [];
  #heldBytes = 0;
  #extensions: Extensions = { pax: new Map() };

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && this.#state.kind !== "ended") rest = this.#step(rest);
  }

  end(): void {
    const between = this.#state.kind === "header" && this.#heldBytes === 0;
    if (this.#state.kind !== "ended" && !between) throw refused("it ends in the middle of an entry");
  }

  /** Takes what the present state needs from `chunk`; gives back the rest. */
  #step(chunk: Buffer): Buffer {
    const state = this.#state;
    switch (state.kind) {
      case "header": {
        const block = this.#hold(chunk, blockBytes);
        if (block) this.#header(block);
        return chunk.subarray(this.#taken);
      }
      case "extension": {
        const bytes = this.#hold(chunk, state.left);
        if (bytes) this.#extension(state.header, bytes);
        return chunk.subarray(this.#taken);
      }
      case "content": {
        const part = chunk.subarray(0, state.left);
        if (state.wanted) this.#sink.data(part);
        state.left -= part.length;
        if (state.left === 0) this.#contentEnd(state.wanted, state.padding);
        return chunk.subarray(part.length);
      }
      case "padding": {
        const skipped = Math.min(state.left, chunk.length);
        state.left -= skipped;
        if (state.left === 0) this.#state = { kind: "header" };
        return chunk.subarray(skipped);
      }
      case "ended":
        return chunk.subarray(chunk.length);
    }
  }

  #taken = 0;

  /** Collects `size` bytes over several chunks; they are given once complete. `#taken` tells what `chunk` gave. */
  #hold(chunk: Buffer, size: number): Buffer | undefined {
    this.#taken = Math.min(size - this.#heldBytes, chunk.length);
    const part = chunk.subarray(0, this.#taken);
    if (this.#heldBytes === 0 && part.length === size) return part;
    this.#held.push(Buffer.from(part));
    this.#heldBytes += part.length;
    if (this.#heldBytes < size) return undefined;
    const whole = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return whole;
  }

  #header(block: Buffer): void {
    if (isEndBlock(block)) {
      this.#state = { kind: "ended" };
      return;
    }
    const header = decodeRawHeader(block);
    if ("LKxg".includes(header.flag)) {
      if (!(header.sizeBytes >= 0 && header.sizeBytes <= maxExtensionBytes)) throw refused("a header is too large");
      const padded = Math.ceil(header.sizeBytes / blockBytes) * blockBytes;
      if (padded > 0) this.#state = { kind: "extension", header, left: padded };
      return;
    }
    const extensions = this.#extensions;
    this.#extensions = { pax: new Map() };
    this.#entry(header, extensions);
  }

  #entry(header: RawHeader, extensions: Extensions): void {
    const entry = decodeEntry(header, extensions);
    const size = contentBytes(header, extensions.pax);
    if (entry) this.#sink.entry(entry);
    const padding = (blockBytes - (size % blockBytes)) % blockBytes;
    if (size > 0) this.#state = { kind: "content", left: size, padding, wanted: entry !== undefined };
    else this.#contentEnd(entry !== undefined, 0);
  }

  #contentEnd(wanted: boolean, padding: number): void {
    if (wanted) this.#sink.entryEnd();
    this.#state = padding > 0 ? { kind: "padding", left: padding } : { kind: "header" };
  }

  #extension({ flag, sizeBytes }: RawHeader, padded: Buffer): void {
    this.#state = { kind: "header" };
    const bytes = padded.subarray(0, sizeBytes);
    if (flag === "L") this.#extensions.longName = text(bytes, 0, bytes.length);
    else if (flag === "K") this.#extensions.longLink = text(bytes, 0, bytes.length);
    else if (flag === "x") {
      this.#extensions.pax.clear(); // an entry has one such header: of several the last counts
      decodePax(bytes, this.#extensions.pax);
    }
    // What is said once for all that follows ("g") has no effect, as in Docker: the same archive is the same tree.
  }
}
