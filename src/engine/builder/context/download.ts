/** Fetches a file of ADD or a remote context. Touches the world: the network, and a file in `directory`. */
import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join, posix } from "node:path";
import { pipeline } from "node:stream/promises";
import { GantryError, isGantryError, messageOf } from "../../../base/errors.js";
import type { Digest } from "../../../oci/digest.js";
import { discard, send } from "../../../registry/transport/http-request.js";
import { UnpackGuard } from "../../layers/unpack-guard.js";
import { mustReach, type Reach } from "./reach.js";

/** `name` is what ADD calls it; `modifiedMs` is the server's word, 0 without one. */
export interface Downloaded {
  readonly path: string;
  readonly name: string;
  readonly digest: Digest;
  readonly modifiedMs: number;
}

/**
 * The caller removes the file. Throws "bad-parameter" naming the address and what came of it, "offline", "disk-full".
 */
export async function download(
  url: string,
  directory: string,
  { reach, signal }: { reach: Reach; signal: AbortSignal },
): Promise<Downloaded> {
  mustReach(reach, shown(url));
  const path = join(directory, `download-${randomUUID()}`);
  try {
    const asked = { method: "GET", headers: { "accept-encoding": "identity" }, signal, mayLeaveTls: true } as const;
    const response = await send(reach.connections, url, asked);
    if (response.status < 200 || response.status > 299) {
      discard(response);
      throw new GantryError("bad-parameter", `invalid response status ${response.status} for ${shown(url)}`);
    }
    const hash = createHash("sha256");
    response.body.on("data", (chunk: Uint8Array) => hash.update(chunk));
    const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
    await pipeline(new UnpackGuard(directory).watch(response.body), file, { signal });
    const modified = Date.parse(response.header("last-modified") ?? "");
    const name = nameOf(response.header("content-disposition"), url);
    return { path, name, digest: `sha256:${hash.digest("hex")}`, modifiedMs: Number.isNaN(modified) ? 0 : modified };
  } catch (error) {
    await rm(path, { force: true });
    signal.throwIfAborted();
    if (isGantryError(error) && error.code !== "registry-failed") throw error;
    const cause = error instanceof Error && error.cause ? error.cause : error;
    throw new GantryError("bad-parameter", `Cannot fetch ${shown(url)}: ${messageOf(cause)}`, { cause: error });
  }
}

/** True for what ADD fetches. */
export function isDownload(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** "" where neither the server nor the address has one that can be a file's. */
function nameOf(disposition: string | undefined, url: string): string {
  const given = /filename="?([^";/]+)"?/i.exec(disposition ?? "")?.[1];
  const name = given ?? decoded(posix.basename(new URL(url).pathname));
  const isName = !/[/\0]/.test(name) && name !== "." && name !== ".." && Buffer.byteLength(name) <= 255;
  return isName ? name : "";
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that means itself
  }
}

/** Without a password in it. */
function shown(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//***@");
}
