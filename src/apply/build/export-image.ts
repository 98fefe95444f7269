/**
 * Gives an image that was built away: as its files in a directory or a tar, or as an archive of the image.
 *
 * Touches the world through the client and the user's files. A file or a directory appears when it is whole.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GantryError, systemCodeOf } from "../../base/errors.js";
import type { EngineClient } from "../../client/engine-client.js";

/** `to` is absolute; undefined is standard output, which no directory goes to. */
export type ImageOutput =
  | { readonly kind: "directory"; readonly to: string }
  /** A tar of the image's files. */
  | { readonly kind: "files"; readonly to?: string }
  /** A tar that engines load: Docker's and an OCI layout in one. */
  | { readonly kind: "archive"; readonly to?: string };

export interface ExportCall {
  readonly client: EngineClient;
  readonly signal: AbortSignal;
  readonly stdout: Writable;
}

/** `names` are the image's names, its id where it has none. */
export async function exportImage(names: readonly string[], output: ImageOutput, call: ExportCall): Promise<void> {
  if (output.kind === "archive") {
    return toFile(await call.client.upkeep.saveImages(names, { signal: call.signal }), output.to, call);
  }
  const [name = ""] = names;
  await using files = await openFiles(name, call);
  if (output.kind === "files") await toFile(files.tar, output.to, call);
  else await unpack(files.tar, output.to, call.signal);
}

/** The files of an image are those of a container that was never started. */
async function openFiles(
  name: string,
  { client, signal }: ExportCall,
): Promise<AsyncDisposable & { readonly tar: AsyncIterable<Uint8Array> }> {
  const body = { Image: name, Cmd: ["-"], Entrypoint: [], HostConfig: { NetworkMode: "none" } };
  const { Id: id } = await client.containers.create(undefined, body);
  const dispose = () => client.containers.remove(id, { force: true, volumes: true });
  try {
    return { tar: await client.upkeep.exportContainer(id, { signal }), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function toFile(tar: AsyncIterable<Uint8Array>, to: string | undefined, { stdout, signal }: ExportCall) {
  if (to === undefined) return pipeline(tar, stdout, { signal, end: false });
  const fresh = `${to}.${randomUUID()}`;
  await mkdir(dirname(to), { recursive: true });
  try {
    await pipeline(tar, createWriteStream(fresh, { flags: "wx" }), { signal });
    await rename(fresh, to);
  } finally {
    await rm(fresh, { force: true });
  }
}

/** Everything belongs to who builds, as files that are taken out of an image do. */
async function unpack(tar: AsyncIterable<Uint8Array>, to: string, signal: AbortSignal): Promise<void> {
  await mkdir(to, { recursive: true });
  const args = ["-x", "-C", to, "-f", "-", "--no-same-owner", "--exclude=./dev/*", "--exclude=dev/*"];
  const child = spawn("tar", args, { signal, stdio: ["pipe", "ignore", "pipe"] });
  const said = textOf(child.stderr);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => {
      if (systemCodeOf(error) !== "ENOENT") return reject(error);
      reject(new GantryError("helper-missing", "tar is needed to write a directory and is not installed"));
    });
    child.once("close", resolve);
  });
  // A tar that ends early is told by its exit code.
  const [code] = await Promise.all([
    ended,
    pipeline(tar, child.stdin, { signal }).catch(() => signal.throwIfAborted()),
  ]);
  if (code !== 0)
    throw new GantryError("bad-parameter", `Cannot write the image's files to ${to}: ${(await said).trim()}`);
}

async function textOf(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream) text = (text + String(chunk)).slice(-2000);
  return text;
}
