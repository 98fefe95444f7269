/** Joins a client's connection and a container's stdio. */
import type { Duplex, Readable } from "node:stream";
import { Transform } from "node:stream";
import { GantryError } from "../../base/errors.js";
import { type DetachScanner, detachScanner } from "../../wire/detach-keys.js";
import { encodeFrame, FrameDecoder, type StreamFrame } from "../../wire/stream.js";

export interface JoinOptions {
  /** Whether the client's bytes reach the container. */
  readonly stdin: boolean;
  /** Whether the end of the client's bytes is the end of the container's stdin. */
  readonly endStdin: boolean;
  /** Between the container's output and the client. */
  readonly filter?: Transform | undefined;
  /** Looks for the keys that detach in the client's bytes. */
  readonly detach?: DetachScanner | undefined;
}

/** Keys are checked always, looked for with a terminal only. Throws "bad-parameter" in Docker's words. */
export function clientScanner(keys: string | undefined, tty: boolean): DetachScanner | undefined {
  try {
    const scanner = detachScanner(keys);
    return tty ? scanner : undefined;
  } catch (cause) {
    throw new GantryError("bad-parameter", `Invalid detach keys (${keys}) provided`, { cause });
  }
}

/** Resolves when the container's output has ended and was handed on, or the client has gone or has detached. */
export function joinStreams(client: Duplex, stdio: Duplex, options: JoinOptions): Promise<void> {
  const { stdin, endStdin, filter, detach } = options;
  return new Promise((resolve) => {
    const output: Readable = filter ? stdio.pipe(filter) : stdio;
    const done = () => {
      client.unpipe();
      output.unpipe(client);
      resolve();
    };
    output.pipe(client, { end: false });
    output.once("end", done).once("close", done);
    client.once("close", done);
    // A container that has ended refuses further input; its exit is told elsewhere.
    stdio.on("error", done);
    if (!stdin) {
      client.resume();
      return;
    }
    if (!detach) {
      client.pipe(stdio, { end: endStdin });
      return;
    }
    const keys = untilDetached(detach);
    client.pipe(keys.bytes).pipe(stdio, { end: false });
    keys.bytes.once("end", () => {
      if (keys.detached()) done();
      else if (endStdin) stdio.end();
    });
  });
}

/** Its bytes end at the client's end and, before that, at the keys. */
function untilDetached(scanner: DetachScanner): { bytes: Transform; detached: () => boolean } {
  let hasDetached = false;
  const bytes = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      if (hasDetached) return callback();
      const scanned = scanner.push(chunk);
      hasDetached = scanned.detached;
      if (scanned.bytes.length > 0) this.push(scanned.bytes);
      if (hasDetached) this.push(null);
      callback();
    },
    flush(callback) {
      if (hasDetached) return callback();
      callback(null, scanner.rest());
    },
  });
  return { bytes, detached: () => hasDetached };
}

/** Drops the frames of the streams that were not asked for; undefined when all were. */
export function onlyStreams({ stdout, stderr }: { stdout: boolean; stderr: boolean }): Transform | undefined {
  if (stdout && stderr) return undefined;
  const wanted = (frame: StreamFrame) => (frame.stream === "stderr" ? stderr : stdout);
  const decoder = new FrameDecoder();
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      callback(null, Buffer.concat(decoder.push(chunk).filter(wanted).map(encodeFrame)));
    },
  });
}
