/**
 * The server's side of a WebSocket as one Duplex: what the client's data frames hold, and binary frames back.
 *
 * Payloads are handed on as they arrive, so that no frame is held whole, however long it says it is. Follows RFC 6455;
 * neither extensions nor subprotocols are offered.
 */
import { createHash } from "node:crypto";
import { Duplex } from "node:stream";

/** RFC 6455, section 1.3. */
const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const lastDataOpcode = opcodes.binary;
const longestControl = 125;
/** Two bytes, the longest length, the mask. */
const longestHeader = 14;

/** What `Sec-WebSocket-Accept` answers to a client's key; undefined for a key that is none. Pure. */
export function acceptKey(key: string | undefined): string | undefined {
  if (key === undefined || Buffer.from(key, "base64").length !== 16) return undefined;
  return createHash("sha1").update(`${key}${acceptSuffix}`).digest("base64");
}

/** One frame of a server: whole, unmasked. Pure. */
export function encodeServerFrame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const isShort = length < 126;
  const header = Buffer.alloc(isShort ? 2 : length < 65_536 ? 4 : 10);
  header[0] = 0x80 | opcode;
  header[1] = isShort ? length : header.length === 4 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

/** A piece of a data frame, or a whole control frame. */
export type FramePart = { readonly kind: "data"; readonly bytes: Buffer } | ControlFrame;
export type ControlFrame = { readonly kind: "close" | "ping" | "pong"; readonly bytes: Buffer };

/** Reads a client's frames. Throws for what no client may send: unmasked frames, unknown kinds, long control frames. */
export class ClientFrames {
  #pending: Buffer = Buffer.alloc(0);
  #frame: { opcode: number; mask: Buffer; left: number; at: number } | undefined;

  *push(chunk: Buffer): Generator<FramePart> {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      this.#frame ??= this.#readHeader();
      const frame = this.#frame;
      if (!frame) return;
      const isControl = frame.opcode > lastDataOpcode;
      if (isControl ? this.#pending.length < frame.left : this.#pending.length === 0 && frame.left > 0) return;
      const bytes = this.#take(Math.min(frame.left, this.#pending.length), frame);
      if (frame.left === 0) this.#frame = undefined;
      if (!isControl && bytes.length > 0) yield { kind: "data", bytes };
      else if (isControl) yield { kind: controlKind(frame.opcode), bytes };
    }
  }

  /** Undefined when it is not there whole. */
  #readHeader() {
    const head = this.#pending.subarray(0, longestHeader);
    const [first, second] = head;
    if (first === undefined || second === undefined) return undefined;
    const opcode = first & 0x0f;
    const short = second & 0x7f;
    if ((first & 0x70) !== 0 || (second & 0x80) === 0) throw new Error("a malformed WebSocket frame");
    if (opcode > lastDataOpcode) {
      const isWhole = (first & 0x80) !== 0 && short <= longestControl;
      if (!isWhole || opcode > opcodes.pong || opcode < opcodes.close) throw new Error("a malformed control frame");
    }
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (head.length < 2 + lengthBytes + 4) return undefined;
    const left = lengthBytes === 0 ? short : lengthBytes === 2 ? head.readUInt16BE(2) : Number(head.readBigUInt64BE(2));
    if (!Number.isSafeInteger(left)) throw new Error("a WebSocket frame that is too long");
    const mask = Buffer.from(head.subarray(2 + lengthBytes, 6 + lengthBytes));
    this.#pending = this.#pending.subarray(6 + lengthBytes);
    return { opcode, mask, left, at: 0 };
  }

  #take(count: number, frame: { mask: Buffer; left: number; at: number }): Buffer {
    const bytes = Buffer.from(this.#pending.subarray(0, count));
    for (let at = 0; at < count; at++) bytes[at] = (bytes[at] ?? 0) ^ (frame.mask[(frame.at + at) % 4] ?? 0);
    this.#pending = this.#pending.subarray(count);
    frame.left -= count;
    frame.at += count;
    return bytes;
  }
}

function controlKind(opcode: number): ControlFrame["kind"] {
  return opcode === opcodes.close ? "close" : opcode === opcodes.ping ? "ping" : "pong";
}

/** Takes the connection over after the handshake. Its reading side ends with the client's close. */
export class WebSocketStream extends Duplex {
  readonly #socket: Duplex;
  readonly #frames = new ClientFrames();
  #isClosed = false;

  constructor(socket: Duplex) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.once("end", () => this.push(null));
    socket.once("close", () => this.destroy());
    socket.on("error", () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(opcodes.binary, chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#close(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#close(() => {});
    done(error);
  }

  #read(chunk: Buffer): void {
    try {
      for (const { kind, bytes } of this.#frames.push(chunk)) {
        if (kind === "data" && !this.push(bytes)) this.#socket.pause();
        if (kind === "ping") this.#send(opcodes.pong, bytes, () => {});
        if (kind === "close") {
          this.push(null);
          this.#close(() => {});
          return;
        }
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : undefined);
    }
  }

  #close(done: () => void): void {
    if (this.#isClosed) done();
    else {
      this.#isClosed = true;
      const normal = Buffer.from([0x03, 0xe8]); // 1000
      this.#socket.write(encodeServerFrame(opcodes.close, normal), () => done());
    }
  }

  #send(opcode: number, payload: Buffer, done: () => void): void {
    if (this.#isClosed || this.#socket.destroyed) done();
    else this.#socket.write(encodeServerFrame(opcode, payload), () => done());
  }
}
