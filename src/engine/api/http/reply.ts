/** What a route answers, as a value; `send-reply.ts` and `upgrade.ts` put it on the wire. Pure. */
import type { Duplex } from "node:stream";

export type Reply =
  | { readonly kind: "json"; readonly status: number; readonly body: unknown }
  | { readonly kind: "empty"; readonly status: number }
  | {
      readonly kind: "text";
      readonly status: number;
      readonly text: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /**
   * 200 with its headers sent at once, then the chunks as they come; their failure cuts the connection. A `lasting` one
   * goes on for as long as something runs: an engine that ends does not wait for it, but aborts the request's signal.
   */
  | {
      readonly kind: "stream";
      readonly contentType: string;
      readonly chunks: AsyncIterable<Uint8Array | string>;
      readonly lasting?: boolean;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection becomes the container's stdio. `serve` owns the socket until it resolves. */
  | { readonly kind: "hijack"; readonly contentType: string; serve(socket: Duplex): Promise<void> }
  /** The same after a change to another protocol; without such a request it is an error. */
  | {
      readonly kind: "switch";
      readonly protocol: string;
      readonly headers?: Readonly<Record<string, string>>;
      serve(socket: Duplex): Promise<void>;
    };

export const rawStream = "application/vnd.docker.raw-stream";
export const framedStream = "application/vnd.docker.multiplexed-stream";

/** JSON on one line, status 200 unless told. */
export function json(body: unknown, status = 200): Reply {
  return { kind: "json", status, body };
}

/** No body: 204 unless told. */
export function empty(status = 204): Reply {
  return { kind: "empty", status };
}

/** The same, `lasting`. */
export function lasting(reply: Extract<Reply, { kind: "stream" }>): Reply {
  return { ...reply, lasting: true };
}

/** A stream of JSON values, each ended by `\r\n` as Docker's clients know it. */
export function jsonStream(values: AsyncIterable<unknown>): Extract<Reply, { kind: "stream" }> {
  return { kind: "stream", contentType: "application/json", chunks: printLines(values) };
}

async function* printLines(values: AsyncIterable<unknown>): AsyncGenerator<string, void> {
  for await (const value of values) yield `${JSON.stringify(value)}\r\n`;
}
