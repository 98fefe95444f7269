/** Fetches a file of ADD or a remote context. Touches the world: the network, and a file in `directory`. */
import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join, posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GantryError, messageOf } from "../../../base/errors.js";
import type { Digest } from "../../../oci/digest.js";

/** `name` is what ADD calls it; `modifiedMs` is the server's word, 0 without one. */
export interface Downloaded {
  readonly path: string;
  readonly name: string;
  readonly digest: Digest;
  readonly modifiedMs: number;
}

/** A server that says nothing for this long is gone. */
const silenceMs = 60_000;

/** The caller removes the file. Throws "bad-parameter" naming the address and what came of it. */
export async function download(url: string, directory: string, signal: AbortSignal): Promise<Downloaded> {
  const path = join(directory, `download-${randomUUID()}`);
  const quiet = new AbortController();
  const timer = setTimeout(() => quiet.abort(new Error("The server says nothing")), silenceMs);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, quiet.signal]), redirect: "follow" });
    if (!response.ok || !response.body) {
      throw new GantryError("bad-parameter", `invalid response status ${response.status} for ${shown(url)}`);
    }
    const hash = createHash("sha256");
    const body = Readable.fromWeb(response.body);
    body.on("data", (chunk: Uint8Array) => {
      timer.refresh();
      hash.update(chunk);
    });
    await pipeline(body, createWriteStream(path, { flags: "wx", mode: 0o600 }));
    const modified = Date.parse(response.headers.get("last-modified") ?? "");
    const name = nameOf(response.headers.get("content-disposition"), url);
    return { path, name, digest: `sha256:${hash.digest("hex")}`, modifiedMs: Number.isNaN(modified) ? 0 : modified };
  } catch (error) {
    await rm(path, { force: true });
    signal.throwIfAborted();
    if (error instanceof GantryError) throw error;
    const cause = error instanceof Error && error.cause ? error.cause : error;
    throw new GantryError("bad-parameter", `Cannot fetch ${shown(url)}: ${messageOf(cause)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** True for what ADD fetches. */
export function isDownload(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

function nameOf(disposition: string | null, url: string): string {
  const given = /filename="?([^";/]+)"?/i.exec(disposition ?? "")?.[1];
  return given ?? decodeURIComponent(posix.basename(new URL(url).pathname));
}

/** Without a password in it. */
function shown(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//***@");
}
