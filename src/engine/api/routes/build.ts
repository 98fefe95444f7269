/** Routes of the builder: the classic `POST /build`, what its cache holds, and what Gantry's own client adds. */
import { randomUUID } from "node:crypto";
import { GantryError } from "../../../base/errors.js";
import type { BuildCacheItem, BuildInputs } from "../../../wire/build.js";
import { decodeFilters } from "../../../wire/filters.js";
import type { ProgressMessage } from "../../../wire/image.js";
import { BuildError } from "../../builder/build-error.js";
import type { BuildMessage } from "../../builder/build-request.js";
import type { CachePrune, CacheUsage } from "../../builder/cache-upkeep.js";
import { readBuildRequest } from "../build-query.js";
import { json, type Reply } from "../http/reply.js";
import { type ApiRequest, flag, integer, jsonBody, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { Fields } from "../http/shape.js";
import { progressReply } from "../progress.js";
import type { ApiRooms } from "../rooms.js";

/** Long enough for a client to begin the build that it has announced. */
const inputsLifeMs = 60_000;
/** Secrets are 500 kB at most each; this many announced builds are more than anybody begins in a minute. */
const maxAnnounced = 1000;

const inputsShape: Fields<BuildInputs> = {
  context: "text",
  dockerfileText: "text",
  secrets: { "*": "text" },
  ssh: { "*": "text" },
  contexts: { "*": "text" },
  allow: ["text"],
  noCacheFilter: ["text"],
  ...{ checkOnly: "flag", steps: "flag", cacheFrom: ["text"], cacheTo: ["text"] },
};

/** See Docker Engine API, "ImageBuild", "BuildPrune". */
export function buildRoutes(rooms: ApiRooms): Route[] {
  const announced = new Map<string, BuildInputs>();
  return [
    { method: "POST", pattern: "/build", handle: (request) => build(rooms, request, announced) },
    { method: "POST", pattern: "/build/prune", handle: (request) => prune(rooms, request) },
    {
      method: "POST",
      pattern: "/gantry/build/inputs",
      handle: async (request) => {
        const inputs = await jsonBody<BuildInputs>(request, inputsShape);
        if (announced.size >= maxAnnounced) throw new GantryError("bad-parameter", "Too many builds are announced");
        const id = randomUUID();
        announced.set(id, inputs);
        setTimeout(() => announced.delete(id), inputsLifeMs).unref();
        return json({ Id: id }, 201);
      },
    },
  ];
}

/** The items of `GET /system/df`. */
export async function buildCacheItems({ builder }: ApiRooms): Promise<BuildCacheItem[]> {
  return (await builder.usage()).map(cacheItem);
}

function build(rooms: ApiRooms, request: ApiRequest, announced: Map<string, BuildInputs>): Promise<Reply> {
  const id = text(request, "gantryinputs");
  const inputs = id === undefined ? undefined : announced.get(id);
  if (id !== undefined) {
    if (!inputs) throw new GantryError("bad-parameter", "These inputs were not announced, or are used already");
    announced.delete(id);
  }
  const asked = readBuildRequest(request, inputs);
  const isQuiet = flag(request, "q");
  return progressReply(async (onProgress) => {
    const tell = (message: BuildMessage) => {
      if (!isQuiet) onProgress(lineOf(message));
    };
    try {
      const { image } = await rooms.builder.build(asked, tell, request.signal);
      if (!image) return [];
      const aux = { aux: { ID: image.id } };
      return isQuiet ? [aux, { stream: `${image.id}\n` }] : [aux];
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
      return [failedLine(error)];
    } finally {
      request.body.resume();
    }
  });
}

function lineOf(message: BuildMessage): ProgressMessage {
  switch (message.kind) {
    case "text":
    case "words":
      return { stream: message.text };
    case "step":
      return { build: message.event };
    case "pull":
      return message.message;
  }
}

/** `code` becomes the docker CLI's exit status. */
function failedLine({ message, step, code, hint }: BuildError): ProgressMessage & { step: BuildError["step"] } {
  const detail = step.exitCode === undefined ? { message } : { code: step.exitCode, message };
  return { errorDetail: detail, error: message, errorCode: code, ...(hint === undefined ? {} : { hint }), step };
}

async function prune({ builder, events }: ApiRooms, request: ApiRequest): Promise<Reply> {
  const known = ["id", "until", "unused-for", "type", "inuse", "shared", "private", "parent", "description", "label"];
  const filters = decodeFilters(text(request, "filters"), known);
  for (const name of ["parent", "description", "shared", "private", "inuse"]) {
    if (filters[name]) throw new GantryError("not-supported", `The filter ${name} of a build cache is not supported`);
  }
  // Caches have no labels, so none has those: a system-wide prune sends the filter to every kind.
  if (filters.label) return json({ CachesDeleted: null, SpaceReclaimed: 0 });
  const keepBytes =
    integer(request, "reserved-space") ?? integer(request, "keep-storage") ?? integer(request, "max-used-space");
  const [since] = filters.until ?? filters["unused-for"] ?? [];
  const options: CachePrune = {
    all: flag(request, "all"),
    ...(keepBytes === undefined ? {} : { keepBytes }),
    ...(since === undefined ? {} : { usedBefore: new Date(Date.now() - durationMs(since)) }),
    ...(filters.id ? { ids: filters.id } : {}),
    ...(filters.type ? { types: filters.type } : {}),
  };
  const { deleted, reclaimedBytes } = await builder.prune(options);
  const Attributes = { reclaimed: String(reclaimedBytes) };
  events.publish({ Type: "builder", Action: "prune", Actor: { ID: "", Attributes } });
  return json({ CachesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimedBytes });
}

/** `24h`, `30m`, `90s`. */
function durationMs(value: string): number {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(value);
  if (!match || value === "") throw new GantryError("bad-parameter", `invalid duration for until: ${value}`);
  const [hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (((hours ?? 0) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000;
}

function cacheItem({
  id,
  type,
  description,
  sizeBytes,
  inUse,
  createdAt,
  lastUsedAt,
  uses,
}: CacheUsage): BuildCacheItem {
  const times = { CreatedAt: createdAt, LastUsedAt: lastUsedAt, UsageCount: uses };
  return { ID: id, Type: type, Description: description, InUse: inUse, Shared: inUse, Size: sizeBytes, ...times };
}
