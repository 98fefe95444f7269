/** Joins a client's connection and a container's stdio. */
import type { Duplex, Readable } from "node:stream";
import { Transform } from "node:stream";
import { encodeFrame, FrameDecoder, type StreamFrame } from "../../wire/stream.js";

export interface JoinOptions {
  /** Whether the client's bytes reach the container. */
  readonly stdin: boolean;
  /** Whether the end of the client's bytes is the end of the container's stdin. */
  readonly endStdin: boolean;
  /** Between the container's output and the client. */
  readonly filter?: Transform | undefined;
}

/** Resolves when the container's output has ended and was handed on, or the client has gone. */
export function joinStreams(client: Duplex, stdio: Duplex, { stdin, endStdin, filter }: JoinOptions): Promise<void> {
  return new Promise((resolve) => {
    const output: Readable = filter ? stdio.pipe(filter) : stdio;
    const done = () => {
      client.unpipe(stdio);
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
    client.pipe(stdio, { end: endStdin });
  });
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
