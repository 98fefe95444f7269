/**
 * Brings steps of other machines into the cache, and sends this build's: by an image of a registry or of a directory.
 *
 * Touches the world through the rooms. An image that is fetched for its steps keeps no name here; its layers stay as
 * long as the cache has the steps.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { GantryError, isGantryError, messageOf, systemCodeOf } from "../../../base/errors.js";
import type { BuildCachePlace } from "../../../dockerfile/caches/build-cache.js";
import { parseReference } from "../../../oci/reference.js";
import type { ImageParts } from "../../images/images.js";
import type { BuildRequest, Tell } from "../build-request.js";
import { reachFor } from "../build-session.js";
import { unpackInto } from "../context/open-context.js";
import { mustReach } from "../context/reach.js";
import type { BuildRooms } from "../rooms.js";
import { decodeSteps, encodeSteps, type UsedStep } from "./cache-records.js";

export interface TransferCall {
  readonly request: BuildRequest;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

/** A source that cannot be had is told and left out: the build makes the steps itself. */
export async function importCaches(rooms: BuildRooms, call: TransferCall): Promise<void> {
  for (const place of call.request.cacheFrom) {
    const say = (text: string) => call.tell({ kind: "text", text: `${text}\n` });
    try {
      const count = await importCache(rooms, place, call);
      say(`Build cache of ${nameOf(place)}: ${count === 0 ? "no steps" : `${count} steps`}`);
    } catch (error) {
      call.signal.throwIfAborted();
      say(`[Warning] build cache of ${nameOf(place)}: ${messageOf(error)}`);
    }
  }
}

async function importCache(rooms: BuildRooms, place: BuildCachePlace, call: TransferCall): Promise<number> {
  const { images, cache } = rooms;
  const { forBuilds } = images;
  const { id, forget } = await fetchImage(rooms, place, call);
  const { layers } = await forBuilds.takeApart(id);
  const steps = decodeSteps(await forBuilds.readConfig(id), layers);
  for (const step of steps) if (!cache.has(step.key)) cache.keep(step);
  await forget();
  return steps.length;
}

/** `forget` takes the image away again, unless it was here before. */
async function fetchImage(rooms: BuildRooms, place: BuildCachePlace, { request, tell, signal }: TransferCall) {
  const { images, containers } = rooms;
  const remove = (name: string) => async () => {
    const users = containers.usedImages();
    await images
      .remove(name, { force: false, usedBy: (one) => (users.has(one) ? ["a container"] : []) })
      .catch(() => {}); // somebody has given it another name, or uses it
  };
  if (place.kind === "local") {
    const { path, reference } = place;
    const id = await images.forBuilds.loadLayout({ path, ...(reference ? { reference } : {}) }, signal);
    return { id, forget: remove(id) };
  }
  if (place.kind === "inline")
    throw new GantryError("bad-parameter", "The image itself is not there before it is built");
  const here = known(rooms, place.reference);
  if (here !== undefined && !request.pull) return { id: here, forget: async () => {} };
  mustReach(reachFor(rooms, request), place.reference);
  const auth = request.authFor(parseReference(place.reference).domain);
  const onProgress = (message: object) => tell({ kind: "pull", message });
  const pulled = await images.pull(place.reference, { signal, onProgress, ...(auth ? { auth } : {}) });
  return { id: pulled.id, forget: here === undefined ? remove(place.reference) : async () => {} };
}

function known({ images }: BuildRooms, reference: string): string | undefined {
  try {
    return images.resolve(reference).id;
  } catch (error) {
    if (isGantryError(error, "image-not-found")) return undefined;
    throw error;
  }
}

/** What a build leaves for others. `inImage` are the steps that are in the image, `all` those of every stage. */
export interface LeftSteps {
  readonly made: ImageParts;
  readonly inImage: readonly UsedStep[];
  readonly all: readonly UsedStep[];
}

/** The image with its own steps in it, when it is to carry them. */
export function withInlineSteps({ made, inImage }: LeftSteps, places: readonly BuildCachePlace[]): ImageParts {
  if (!places.some(({ kind }) => kind === "inline")) return made;
  return { ...made, extra: encodeSteps(inImage, made.layers) };
}

/** Throws what the registry or the disk says, unless the place says that it does not matter. */
export async function exportCaches(rooms: BuildRooms, left: LeftSteps, call: TransferCall): Promise<void> {
  for (const place of call.request.cacheTo) {
    if (place.kind === "inline") continue;
    try {
      await exportCache(rooms, left, { ...call, place });
      call.tell({ kind: "text", text: `Build cache sent to ${nameOf(place)}\n` });
    } catch (error) {
      call.signal.throwIfAborted();
      if (!place.ignoreError) throw error;
      call.tell({ kind: "text", text: `[Warning] build cache of ${nameOf(place)}: ${messageOf(error)}\n` });
    }
  }
}

async function exportCache(
  rooms: BuildRooms,
  left: LeftSteps,
  { place, ...call }: TransferCall & { place: Exclude<BuildCachePlace, { kind: "inline" }> },
): Promise<void> {
  const { images } = rooms;
  if (place.kind === "registry") mustReach(reachFor(rooms, call.request), place.reference);
  const parts = await cacheImage(rooms, left, place.max ? left.all : left.inImage);
  const id = await images.forBuilds.putTogether(parts);
  if (place.kind === "local") return writeLayout(rooms, { id, path: place.path, signal: call.signal });
  const before = known(rooms, place.reference);
  await images.tag(id, place.reference);
  try {
    const auth = call.request.authFor(parseReference(place.reference).domain);
    const onProgress = (message: object) => call.tell({ kind: "pull", message });
    await images.push(place.reference, { signal: call.signal, onProgress, ...(auth ? { auth } : {}) });
  } finally {
    if (before === undefined) await images.remove(place.reference, { force: false, usedBy: () => [] });
    else await images.tag(before, place.reference);
  }
}

/** Nothing but layers and what is known of them. Layers of other stages are put one upon the other: nobody runs it. */
async function cacheImage(
  { snapshots }: BuildRooms,
  { made }: LeftSteps,
  used: readonly UsedStep[],
): Promise<ImageParts> {
  const own = new Set(used.flatMap(({ step }) => step.layer?.diffId ?? []));
  const inMade = made.layers.filter(({ diffId }) => own.has(diffId));
  const others = used.flatMap(({ step }) => step.layer ?? []);
  const distinct = [...new Map([...inMade, ...others].map((layer) => [layer.diffId, layer])).values()];
  const layers: ImageParts["layers"][number][] = [];
  for (const layer of distinct) layers.push(await snapshots.above(layer, layers.at(-1)?.chainId));
  const { os, architecture } = made;
  return { os, architecture, created: made.created, config: {}, history: [], layers, extra: encodeSteps(used, layers) };
}

/** Whole when it is there; one that was there before is replaced. */
async function writeLayout(
  { images }: BuildRooms,
  { id, path, signal }: { id: string; path: string; signal: AbortSignal },
): Promise<void> {
  if (!(await mayReplace(path))) {
    throw new GantryError("bad-parameter", `cache_to: ${path} holds something else than a build cache`);
  }
  const earlier = `${path}.${randomUUID()}`;
  const fresh = `${path}.${randomUUID()}`;
  await mkdir(dirname(path), { recursive: true });
  await mkdir(fresh);
  try {
    await unpackInto(Readable.from(await images.save([id])), fresh, signal);
    // The earlier one is whole until this one is: a crash in between leaves both.
    const isThere = await stat(path).catch(() => undefined);
    if (isThere) await rename(path, earlier);
    await rename(fresh, path);
    await rm(earlier, { recursive: true, force: true });
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await images.remove(id, { force: false, usedBy: () => [] }).catch(() => {}); // it may be an image that has a name
  }
}

/** What an image layout consists of: `save` writes them, `ingest` is what BuildKit leaves beside. */
const layoutNames = ["oci-layout", "index.json", "manifest.json", "repositories", "blobs", "ingest"];

/** Whether nothing is there, or a layout with nothing beside it: any other directory is its user's. */
async function mayReplace(path: string): Promise<boolean> {
  const there = await readdir(path).catch((error: unknown) => {
    if (systemCodeOf(error) === "ENOENT") return [];
    throw error;
  });
  if (there.length === 0) return true;
  if (there.some((name) => !layoutNames.includes(name))) return false;
  const mark = await readFile(join(path, "oci-layout"), "utf8").catch(() => "");
  return mark.includes('"imageLayoutVersion"');
}

function nameOf(place: BuildCachePlace): string {
  if (place.kind === "inline") return "the image";
  return place.kind === "registry" ? place.reference : place.path;
}
