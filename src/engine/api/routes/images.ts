/** Routes of images. */
import { GantryError } from "../../../base/errors.js";
import { isRecord } from "../../../base/json.js";
import { familiarName, parseReference } from "../../../oci/reference.js";
import { decodeFilters } from "../../../wire/filters.js";
import type { ImageSummary, ProgressMessage } from "../../../wire/image.js";
import type { RegistryAuth } from "../../images/images.js";
import { empty, json, type Reply } from "../http/reply.js";
import { type ApiRequest, flag, param, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import { progressReply } from "../progress.js";
import { prunes } from "../prune-filters.js";
import type { ApiRooms } from "../rooms.js";

const listFilters = ["before", "dangling", "label", "reference", "since", "until"];

/** See Docker Engine API, "Images". */
export function imageRoutes({ images, containers }: ApiRooms): Route[] {
  return [
    {
      method: "GET",
      pattern: "/images/json",
      handle: (request) => {
        const { until = [], ...filters } = decodeFilters(text(request, "filters"), listFilters);
        const takes = prunes({ until }, Date.now());
        const listed = images.list(filters).filter(({ Created }) => takes({ createdMs: Created * 1000, labels: {} }));
        return json(listed.map((image) => summaryFor(request.version, image)));
      },
    },
    {
      method: "POST",
      pattern: "/images/create",
      handle: (request) => (text(request, "fromSrc") ? importImage(images, request) : pull(images, request)),
    },
    {
      method: "GET",
      pattern: "/images/{name}/json",
      handle: (request) => json(images.inspect(param(request, "name"))),
    },
    {
      method: "POST",
      pattern: "/images/{name}/tag",
      handle: async (request) => {
        await images.tag(param(request, "name"), reference(text(request, "repo"), text(request, "tag")) ?? "");
        return empty(201);
      },
    },
    {
      method: "DELETE",
      pattern: "/images/{name}",
      handle: async (request) => {
        const usedBy = (imageId: string) => containers.usersOf({ imageId });
        const runningBy = (imageId: string) => runningFrom(containers, imageId);
        const options = { force: flag(request, "force"), usedBy, runningBy };
        return json(await images.remove(param(request, "name"), options));
      },
    },
  ];
}

/** Names of the running containers that stand on the image. */
function runningFrom(containers: ApiRooms["containers"], imageId: string): string[] {
  const running = containers.list({ all: false, filters: {} }).filter(({ ImageID }) => ImageID === imageId);
  return running.map(({ Names }) => (Names[0] ?? "").slice(1));
}

/** Older clients expect fields and values that newer versions of the API dropped. */
function summaryFor(version: number, image: ImageSummary): ImageSummary & { VirtualSize?: number } {
  const counted = version < 51 ? { ...image, Containers: -1 } : image;
  return version < 44 ? { ...counted, VirtualSize: image.Size } : counted;
}

function pull(images: ApiRooms["images"], request: ApiRequest): Promise<Reply> {
  const name = reference(text(request, "fromImage"), text(request, "tag"));
  if (!name) throw new GantryError("bad-parameter", "fromImage names no image");
  const platform = text(request, "platform");
  const auth = registryAuth(request.headers["x-registry-auth"]);
  const { signal } = request;
  const asked = { signal, ...(platform ? { platform } : {}), ...(auth ? { auth } : {}) };
  return progressReply(async (onProgress) => {
    if (isRepository(name)) return pullAllTags(images, name, { ...asked, onProgress });
    await images.pull(name, { ...asked, onProgress });
    return [];
  });
}

/** A name without tag and digest stands for all its tags. */
function isRepository(name: string): boolean {
  const { tag, digest } = parseReference(name);
  return tag === undefined && digest === undefined;
}

/** One after the other, as Docker does; how it went is told once, for all. */
async function pullAllTags(
  images: ApiRooms["images"],
  repository: string,
  options: Parameters<ApiRooms["images"]["pull"]>[1],
): Promise<ProgressMessage[]> {
  let hasNew = false;
  const onProgress = (message: ProgressMessage) => {
    if (!message.status?.startsWith("Status: ")) return options.onProgress(message);
    hasNew ||= message.status.startsWith("Status: Downloaded");
  };
  for (const name of await images.remoteTags(repository, options)) await images.pull(name, { ...options, onProgress });
  const what = hasNew ? "Downloaded newer image" : "Image is up to date";
  return [{ status: `Status: ${what} for ${familiarName(parseReference(repository))}` }];
}

function importImage(images: ApiRooms["images"], request: ApiRequest): Promise<Reply> {
  if (text(request, "fromSrc") !== "-") {
    throw new GantryError("not-supported", "Importing from an address is not supported", {
      hint: "Send the tarball as the request's body (fromSrc=-)",
    });
  }
  const named = reference(text(request, "repo"), text(request, "tag"));
  const message = text(request, "message");
  const platform = text(request, "platform");
  const { signal } = request;
  return progressReply(async (onProgress) => {
    const image = await images.importRootfs(request.body, {
      signal,
      onProgress,
      changes: request.query
        .getAll("changes")
        .flatMap((change) => change.split("\n"))
        .filter(Boolean),
      ...(named ? { reference: named } : {}),
      ...(message ? { message } : {}),
      ...(platform ? { platform } : {}),
    });
    return [{ status: image.id }];
  });
}

/** The name that the API splits in two; a digest comes in place of the tag. */
function reference(repository: string | undefined, tag: string | undefined): string | undefined {
  if (!repository || !tag) return repository;
  return tag.includes(":") ? `${repository}@${tag}` : `${repository}:${tag}`;
}

/** base64 or base64url JSON; what cannot be read means anonymous, as in Docker. */
export function registryAuth(header: string | readonly string[] | undefined): RegistryAuth | undefined {
  if (typeof header !== "string" || header === "") return undefined;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, "base64").toString());
    if (!isRecord(parsed)) return undefined;
    const fields = ["username", "password", "identitytoken", "registrytoken", "serveraddress"] as const;
    const known = fields.filter((name) => typeof parsed[name] === "string" && parsed[name] !== "");
    return known.length > 0 ? Object.fromEntries(known.map((name) => [name, parsed[name]])) : undefined;
  } catch {
    return undefined;
  }
}
