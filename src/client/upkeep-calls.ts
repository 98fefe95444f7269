/**
 * Calls that move archives in and out of an engine, and those that tell and take back what is used.
 *
 * @see Docker Engine API, "ContainerArchive", "ContainerStats", "ImageGet", "SystemDataUsage" and the prunes
 */
import { isRecord } from "../base/json.js";
import type { ContainerSummary, Resources, RestartPolicy } from "../wire/container.js";
import type { Filters } from "../wire/filters.js";
import type { ImageDeleteItem, ImageHistoryItem, ImageSummary, ProgressMessage } from "../wire/image.js";
import type { ContainerStats } from "../wire/stats.js";
import type { VolumeInspect } from "../wire/volume.js";
import type { CallOptions } from "./engine-client.js";
import { filterQuery } from "./filter-query.js";
import { platformJson, progress, splitTag } from "./http-images.js";
import { segment, type Transport } from "./transport.js";

/** `linkTarget` is absolute in the container, "" for what is no link. */
export interface PathStat {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly linkTarget: string;
}

export interface DiskUsage {
  readonly LayersSize: number;
  readonly Images: ImageSummary[];
  readonly Containers: ContainerSummary[];
  readonly Volumes: Array<VolumeInspect & { UsageData?: { Size: number; RefCount: number } }>;
  /** Left out by engines that build nothing. */
  readonly BuildCache?: ReadonlyArray<BuildCacheItem> | null;
}

/** One entry of the builder's cache. */
export interface BuildCacheItem {
  readonly ID: string;
  readonly Type: string;
  readonly Description?: string;
  readonly Size: number;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly CreatedAt?: string;
  readonly LastUsedAt?: string | null;
  readonly UsageCount?: number;
}

/** What a prune removed; `reclaimedBytes` is 0 where an engine does not count. */
export interface Pruned {
  readonly removed: string[];
  readonly reclaimedBytes: number;
}

/** `platform` as `linux/arm64`: engines since API 1.48 take one of an image's several. */
type PlatformCall = CallOptions & { readonly platform?: string };

type Chunks = AsyncIterable<Uint8Array>;

export interface UpkeepCalls {
  /** Undefined when there is nothing at that path. */
  statPath(id: string, path: string, call?: CallOptions): Promise<PathStat | undefined>;
  readArchive(id: string, path: string, call?: CallOptions): Promise<Chunks>;
  writeArchive(id: string, target: { path: string; tar: Chunks }, call?: CallOptions): Promise<void>;
  exportContainer(id: string, call?: CallOptions): Promise<Chunks>;
  /** `Kind` 0 modified, 1 added, 2 deleted. */
  changes(id: string, call?: CallOptions): Promise<Array<{ Path: string; Kind: number }>>;
  /** The new image's id. */
  commit(
    id: string,
    options: { reference?: string; author?: string; comment?: string; changes?: readonly string[]; pause: boolean },
    call?: CallOptions,
  ): Promise<string>;
  stats(id: string, options: { stream: boolean }, call?: CallOptions): AsyncIterable<ContainerStats>;
  update(id: string, body: Resources & { RestartPolicy?: RestartPolicy }, call?: CallOptions): Promise<void>;
  imageHistory(name: string, call?: PlatformCall): Promise<ImageHistoryItem[]>;
  saveImages(names: readonly string[], call?: PlatformCall): Promise<Chunks>;
  loadImages(tar: Chunks, call?: PlatformCall): AsyncIterable<ProgressMessage>;
  /** `auths` (`X-Registry-Config`): an engine of our own asks the registries that the image came from. */
  pushImage(
    name: string,
    options: { auth?: string; auths?: string; platform?: string },
    call?: CallOptions,
  ): AsyncIterable<ProgressMessage>;
  diskUsage(call?: CallOptions): Promise<DiskUsage>;
  prune(what: "containers" | "images" | "networks" | "volumes", filters: Filters, call?: CallOptions): Promise<Pruned>;
}

const goDirectory = 2 ** 31;

export function upkeepCalls(transport: Transport): UpkeepCalls {
  const at = (id: string, action: string) => `/containers/${segment(id)}/${action}`;
  return {
    statPath: async (id, path, call) => {
      const request = { method: "HEAD", path: at(id, "archive"), query: { path }, accept: [404], ...call } as const;
      const reply = await transport.open(request);
      reply.resume();
      return reply.statusCode === 404 ? undefined : parseStat(reply.headers["x-docker-container-path-stat"]);
    },
    readArchive: (id, path, call) =>
      transport.open({ method: "GET", path: at(id, "archive"), query: { path }, ...call }),
    writeArchive: async (id, { path, tar }, call) => {
      const query = { path, noOverwriteDirNonDir: true };
      await transport.done({ method: "PUT", path: at(id, "archive"), query, stream: tar, ...call });
    },
    exportContainer: (id, call) => transport.open({ method: "GET", path: at(id, "export"), ...call }),
    changes: async (id, call) =>
      (await transport.json<Array<{ Path: string; Kind: number }> | null>({
        ...{ method: "GET", path: at(id, "changes"), ...call },
      })) ?? [],
    commit: async (id, { reference, author, comment, changes, pause }, call) => {
      const named = reference === undefined ? undefined : splitTag(reference);
      // `pause` is true when it is left out, and false only in so many words.
      const query = {
        ...{ container: id, repo: named?.fromImage, tag: named?.tag, author, comment, changes },
        pause: pause ? "1" : "0",
      };
      return (await transport.json<{ Id: string }>({ method: "POST", path: "/commit", query, body: {}, ...call })).Id;
    },
    stats: (id, { stream }, call) =>
      transport.lines({ method: "GET", path: at(id, "stats"), query: { stream: stream ? "1" : "0" }, ...call }),
    update: async (id, body, call) => {
      await transport.done({ method: "POST", path: at(id, "update"), body, ...call });
    },
    imageHistory: (name, { platform, ...call } = {}) => {
      const query = { platform: platformJson(platform) };
      return transport.json({ method: "GET", path: `/images/${segment(name)}/history`, query, ...call });
    },
    saveImages: (names, { platform, ...call } = {}) => {
      const query = { names, platform: platformJson(platform) };
      return transport.open({ method: "GET", path: "/images/get", query, ...call });
    },
    loadImages: (stream, { platform, ...call } = {}) => {
      const query = { platform: platformJson(platform) };
      return progress(transport, { method: "POST", path: "/images/load", query, stream, ...call }, "import-failed");
    },
    pushImage: (name, { auth, auths, platform }, call) => {
      const { fromImage, tag } = splitTag(name);
      // Engines of before 24 want the header even of who has nothing to say.
      const headers = { "X-Registry-Auth": auth ?? "e30=", ...(auths ? { "X-Registry-Config": auths } : {}) };
      const path = `/images/${segment(fromImage)}/push`;
      return progress(
        transport,
        { method: "POST", path, query: { tag, platform: platformJson(platform) }, headers, ...call },
        "registry-failed",
      );
    },
    diskUsage: (call) => transport.json({ method: "GET", path: "/system/df", ...call }),
    prune: async (what, filters, call) => {
      const query = filterQuery(filters);
      const reply = await transport.json<Record<string, unknown>>({
        ...{ method: "POST", path: `/${what}/prune`, query, ...call },
      });
      return parsePruned(reply);
    },
  };
}

function parseStat(header: string | string[] | undefined): PathStat | undefined {
  const stat: unknown = JSON.parse(Buffer.from(String(header ?? ""), "base64").toString() || "null");
  if (!isRecord(stat)) return undefined;
  const { name, mode, linkTarget } = stat;
  const isDirectory = typeof mode === "number" && Math.floor(mode / goDirectory) % 2 === 1;
  return { name: String(name ?? ""), isDirectory, linkTarget: typeof linkTarget === "string" ? linkTarget : "" };
}

/** The list is called `ContainersDeleted`, `ImagesDeleted`, …; images are objects. */
function parsePruned(reply: Record<string, unknown>): Pruned {
  const list = Object.entries(reply).find(([key]) => key.endsWith("Deleted"))?.[1];
  const items: unknown[] = Array.isArray(list) ? list : [];
  const removed = items.map((item) => (isRecord(item) ? printDeleted(item) : String(item)));
  return { removed, reclaimedBytes: typeof reply.SpaceReclaimed === "number" ? reply.SpaceReclaimed : 0 };
}

function printDeleted(item: ImageDeleteItem): string {
  return item.Untagged === undefined ? `deleted: ${item.Deleted ?? ""}` : `untagged: ${item.Untagged}`;
}
