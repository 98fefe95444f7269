/**
 * SOCK_SEQPACKET over unix sockets, which `node:net` cannot open: one packet in, one callback; one write, one packet.
 *
 * The descriptor is non-blocking and waits in libuv's own poll (koffi's `node.poll`), so nothing blocks, no thread is
 * taken and no helper process runs. Weighed against: a relay process for each attach, blocking reads on
 * libuv's four threads (four idle attachments would starve all file work), and dup2 over a stream socket that `net`
 * believes in (works, but rests on libuv internals).
 */
import { closeSync, constants, openSync } from "node:fs";
import { basename, dirname } from "node:path";
import koffi, { type node as koffiNode } from "koffi";
import { isRecord } from "../../base/json.js";
import { checked, lastErrno, libcFunction } from "./libc.js";

const unixFamily = 1;
const seqpacketType = 5;
const closeOnExecFlag = 0o2000000;
const nonBlockFlag = 0o4000;
const shutWrite = 1;
const noSignalFlag = 0x4000;
/** conmon sends at most 8 KiB and its stream byte; the reserve costs nothing. */
const packetBytes = 64 * 1024;
/** Packets read before other work gets its turn on the event loop. */
const packetsPerTurn = 64;

const socket = libcFunction("int socket(int domain, int type, int protocol)");
const connect = libcFunction("int connect(int fd, const void *address, unsigned int length)");
const recv = libcFunction("long recv(int fd, void *buffer, unsigned long length, int flags)");
const send = libcFunction("long send(int fd, const void *buffer, unsigned long length, int flags)");
const shutdown = libcFunction("int shutdown(int fd, int how)");

/** `onPacket` gets a copy it may keep; `onEnd` is called once, after the last packet, also after an error. */
export interface PacketHandlers {
  readonly onPacket: (packet: Buffer) => void;
  readonly onEnd: () => void;
}

/** A connected socket. Paused until `resume`; closed by `close` only. */
export class SeqpacketSocket {
  readonly #fd: number;
  readonly #handlers: PacketHandlers;
  readonly #buffer = Buffer.allocUnsafe(packetBytes);
  #poll: koffiNode.PollHandle | undefined;
  #reading = false;
  #ended = false;
  #closed = false;
  #waitingToSend: (() => void) | undefined;

  constructor(fd: number, handlers: PacketHandlers) {
    this.#fd = fd;
    this.#handlers = handlers;
  }

  resume(): void {
    this.#reading = true;
    this.#watch();
  }

  /** The kernel's buffer then fills and the sender waits. */
  pause(): void {
    this.#reading = false;
    this.#watch();
  }

  /** Sends one packet, waiting while the receiver's buffer is full. `done` gets an error when the peer is gone. */
  send(packet: Uint8Array, done: (error?: Error) => void): void {
    const outcome = this.#trySend(packet);
    if (outcome === "sent") done();
    else if (outcome !== "EAGAIN") done(Object.assign(new Error(`send: ${outcome}`), { code: outcome }));
    else {
      this.#waitingToSend = () => this.send(packet, done);
      this.#watch();
    }
  }

  /** Half-close: the peer reads end of file, its packets still arrive here. */
  endSending(): void {
    if (!this.#closed) shutdown(this.#fd, shutWrite);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#poll?.close();
    this.#poll = undefined;
    closeSync(this.#fd);
    const waiting = this.#waitingToSend;
    this.#waitingToSend = undefined;
    waiting?.();
  }

  #trySend(packet: Uint8Array): string {
    if (this.#closed) return "EPIPE";
    while (send(this.#fd, packet, packet.byteLength, noSignalFlag) < 0) {
      const code = lastErrno();
      if (code !== "EINTR") return code;
    }
    return "sent";
  }

  #watch(): void {
    if (this.#closed) return;
    const readable = this.#reading && !this.#ended;
    const writable = this.#waitingToSend !== undefined;
    if (!readable && !writable) {
      this.#poll?.stop();
      return;
    }
    const options = { readable, writable };
    // koffi 3 calls with a status before the events, which its types leave out.
    const ready = (...told: unknown[]) => this.#ready(told.at(-1));
    if (this.#poll) this.#poll.start(options, ready);
    else this.#poll = koffi.node.poll(this.#fd, options, ready);
  }

  #ready(events: unknown): void {
    if (!isRecord(events)) return;
    if (events.writable && this.#waitingToSend) {
      const waiting = this.#waitingToSend;
      this.#waitingToSend = undefined;
      waiting();
      this.#watch();
    }
    if (events.readable) this.#read();
  }

  #read(): void {
    for (let packets = 0; packets < packetsPerTurn && this.#reading && !this.#closed; packets++) {
      const length = recv(this.#fd, this.#buffer, packetBytes, 0);
      if (length > 0) {
        this.#handlers.onPacket(Buffer.from(this.#buffer.subarray(0, length)));
        continue;
      }
      const code = length < 0 ? lastErrno() : "";
      if (code === "EINTR") continue;
      if (code === "EAGAIN") return;
      this.#ended = true;
      this.#watch();
      this.#handlers.onEnd();
      return;
    }
  }
}

/** Connects to a listening socket's path of any length. Throws "syscall-failed". */
export function connectSeqpacket(path: string, handlers: PacketHandlers): SeqpacketSocket {
  const fd = checked("socket", socket(unixFamily, seqpacketType | closeOnExecFlag | nonBlockFlag, 0));
  try {
    // sun_path holds 107 bytes; the directory's descriptor makes every path short.
    const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const address = socketAddress(`/proc/self/fd/${directory}/${basename(path)}`);
      checked(`connect ${path}`, connect(fd, address, address.byteLength));
    } finally {
      closeSync(directory);
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return new SeqpacketSocket(fd, handlers);
}

function socketAddress(path: string): Buffer {
  const family = Buffer.alloc(2);
  family.writeUInt16LE(unixFamily);
  return Buffer.concat([family, Buffer.from(`${path}\0`)]);
}
