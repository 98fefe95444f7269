/**
 * Takes the body of a request off an upgraded connection; what follows is the client's stdin.
 *
 * When a request asks for an upgrade, Node hands the connection over as soon as the headers are read: the bytes of the
 * body are the first on it, and must not reach the container.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { GantryError } from "../../../base/errors.js";

/** Bodies on upgraded requests are a few flags. */
const maxBodyBytes = 1024 * 1024;

/** Reads exactly the body. The rest is put back, so that `socket` reads on with the first byte after it. */
export async function takeBody(headers: IncomingHttpHeaders, head: Buffer, socket: Duplex): Promise<Buffer> {
  let bytes = head;
  for (;;) {
    const split = splitBody(headers, bytes);
    if (split) {
      if (split.rest.length > 0) socket.unshift(split.rest);
      return split.body;
    }
    if (bytes.length > maxBodyBytes) throw new GantryError("bad-parameter", "request body too large");
    bytes = Buffer.concat([bytes, await nextChunk(socket)]);
  }
}

/** Pure. Undefined when the body is not complete yet. Throws "bad-parameter" for chunks that are none. */
function splitBody(headers: IncomingHttpHeaders, bytes: Buffer): { body: Buffer; rest: Buffer } | undefined {
  if (headers["transfer-encoding"]?.toLowerCase().includes("chunked")) return splitChunks(bytes);
  const length = Number(headers["content-length"] ?? 0);
  if (!Number.isSafeInteger(length) || length < 0 || length > maxBodyBytes) {
    throw new GantryError("bad-parameter", "request body too large");
  }
  return bytes.length < length ? undefined : { body: bytes.subarray(0, length), rest: bytes.subarray(length) };
}

function splitChunks(bytes: Buffer): { body: Buffer; rest: Buffer } | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = /^([0-9a-fA-F]{1,8})\s*(;.*)?$/.exec(bytes.toString("latin1", at, lineEnd))?.[1];
    if (size === undefined) throw new GantryError("bad-parameter", "malformed chunked request body");
    const start = lineEnd + 2;
    const end = start + Number.parseInt(size, 16);
    // Trailers are not used by any client; the last chunk ends with an empty line.
    if (bytes.length < end + 2) return undefined;
    if (end === start) return { body: Buffer.concat(parts), rest: bytes.subarray(end + 2) };
    parts.push(bytes.subarray(start, end));
    at = end + 2;
  }
}

function nextChunk(socket: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      socket.off("readable", onReadable).off("end", onEnd).off("error", onError).off("close", onEnd);
      act();
    };
    const onReadable = () => {
      const chunk: unknown = socket.read();
      if (Buffer.isBuffer(chunk)) settle(() => resolve(chunk));
    };
    const onEnd = () =>
      settle(() => reject(new GantryError("bad-parameter", "the connection ended inside the request body")));
    const onError = (error: Error) => settle(() => reject(error));
    socket.on("readable", onReadable).on("end", onEnd).on("error", onError).on("close", onEnd);
  });
}
