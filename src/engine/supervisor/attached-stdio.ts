/**
 * A container's stdio over conmon's attach socket.
 *
 * conmon sends packets of a stream byte (2 stdout, 3 stderr) and at most 8 KiB of data, and takes stdin as packets of
 * at most 32 KiB. Here they become one Duplex: frames of `wire/stream.ts`, or raw bytes with a TTY.
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { encodeFrame } from "../../wire/stream.js";
import { connectSeqpacket, type SeqpacketSocket } from "../kernel/seqpacket.js";
import type { AttachedStdio } from "./supervisor.js";

const stderrByte = 3;
/** Safely below conmon's receive buffer of 32 KiB: a longer packet would lose its end. */
const stdinPacketBytes = 8 * 1024;

/**
 * Connects to the attach socket in `socketDir`; output is kept by the kernel until the stream is read. Throws
 * "syscall-failed" when conmon is gone.
 */
export function attachStdio(socketDir: string, options: { tty: boolean }): AttachedStdio {
  const stream = new AttachStream(join(socketDir, "attach"), options.tty);
  return {
    stream,
    resize: (size) => writeControl(socketDir, `1 ${size.height} ${size.width}\n`),
    close: () => stream.destroy(),
  };
}

/** Asks the conmon of `socketDir` to open its log file anew. Nothing happens when it has ended. */
export function requestLogReopen(socketDir: string): void {
  writeControl(socketDir, "2 0 0\n");
}

class AttachStream extends Duplex {
  readonly #socket: SeqpacketSocket;

  constructor(path: string, tty: boolean) {
    super({ allowHalfOpen: true });
    this.#socket = connectSeqpacket(path, {
      onPacket: (packet) => {
        const payload = packet.subarray(1);
        const stream = packet[0] === stderrByte ? "stderr" : "stdout";
        if (!this.push(tty ? payload : encodeFrame({ stream, payload }))) this.#socket.pause();
      },
      onEnd: () => {
        this.push(null);
      },
    });
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const sendFrom = (at: number) => {
      if (at >= chunk.length) return done();
      this.#socket.send(chunk.subarray(at, at + stdinPacketBytes), (error) => {
        // The process closed its stdin or ended: what is left to say interests nobody, its output still does.
        if (error) done();
        else sendFrom(at + stdinPacketBytes);
      });
    };
    sendFrom(0);
  }

  override _final(done: () => void): void {
    this.#socket.endSending();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.close();
    done(error);
  }
}

/** conmon keeps its control fifo open, so a non-blocking open fails only when it has ended. */
function writeControl(socketDir: string, line: string): void {
  let fd: number;
  try {
    fd = openSync(join(socketDir, "ctl"), constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return;
  }
  try {
    writeSync(fd, line);
  } finally {
    closeSync(fd);
  }
}
