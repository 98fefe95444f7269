/** Routes by which images are made of containers, leave as archives, and come back. */

import { messageOf } from "../../../base/errors.js";
import { familiarReference, parseReference } from "../../../oci/reference.js";
import type { ContainerConfig } from "../../../wire/container.js";
import { commitShape } from "../body-shapes.js";
import { json, jsonStream, type Reply } from "../http/reply.js";
import { type ApiRequest, flag, jsonBody, param, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ApiRooms } from "../rooms.js";

/** See Docker Engine API, "ImageCommit", "ImageHistory", "ImageGet", "ImageLoad". */
export function imageArchiveRoutes(rooms: ApiRooms): Route[] {
  const { images } = rooms;
  return [
    { method: "POST", pattern: "/commit", handle: (request) => commit(rooms, request) },
    {
      method: "GET",
      pattern: "/images/{name}/history",
      handle: async (request) => json(await images.history(param(request, "name"))),
    },
    { method: "GET", pattern: "/images/get", handle: (request) => save(rooms, request.query.getAll("names")) },
    {
      method: "GET",
      pattern: "/images/{name}/get",
      handle: (request) => save(rooms, [param(request, "name")]),
    },
    { method: "POST", pattern: "/images/load", handle: (request) => jsonStream(load(rooms, request)) },
  ];
}

async function commit({ containers, images, events }: ApiRooms, request: ApiRequest): Promise<Reply> {
  const body = await jsonBody<ContainerConfig>(request, commitShape);
  const container = containers.inspect(text(request, "container") ?? "");
  const repository = text(request, "repo");
  const reference = repository && `${repository}:${text(request, "tag") ?? "latest"}`;
  const pauses = flag(request, "pause", true) && container.State.Running && !container.State.Paused;
  if (pauses) await containers.pause(container.Id);
  try {
    const image = await images.commit(container.Image, containers.files.diff(container.Id, request.signal), {
      config: { ...imageConfigOf(container.Config), ...body },
      changes: request.query.getAll("changes").flatMap((change) => change.split("\n")),
      author: text(request, "author") ?? "",
      comment: text(request, "comment") ?? "",
      createdBy: [container.Path, ...container.Args].join(" "),
      signal: request.signal,
      ...(reference ? { reference } : {}),
    });
    const { Image = "", Labels } = container.Config;
    const extras = { comment: text(request, "comment") ?? "", imageID: image.id, imageRef: familiarName(reference) };
    const Attributes = { ...Labels, image: Image, name: container.Name.slice(1), ...extras };
    events.publish({ Type: "container", Action: "commit", Actor: { ID: container.Id, Attributes } });
    return json({ Id: image.id }, 201);
  } finally {
    if (pauses) await containers.unpause(container.Id).catch(() => {}); // it may have been ended meanwhile
  }
}

/** Without the host and the folder that a short name stands for. */
function familiarName(reference: string | undefined): string {
  return reference ? familiarReference(parseReference(reference)) : "";
}

/** What of a container's configuration is an image's: not its host name, nor who is attached to it. */
function imageConfigOf(config: ContainerConfig): ContainerConfig {
  const { User, ExposedPorts, Env, Cmd, Entrypoint, Healthcheck, Volumes, WorkingDir, Labels } = config;
  const { OnBuild, StopSignal, Shell } = config;
  const kept = { User, ExposedPorts, Env, Cmd, Entrypoint, Healthcheck, Volumes, WorkingDir, Labels };
  const entries = Object.entries({ ...kept, OnBuild, StopSignal, Shell });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== null && value !== ""));
}

async function save({ images }: ApiRooms, names: readonly string[]): Promise<Reply> {
  return { kind: "stream", contentType: "application/x-tar", chunks: await images.save(names) };
}

/** A bad archive is told in the stream, as Docker does. */
async function* load({ images }: ApiRooms, request: ApiRequest): AsyncGenerator<object, void> {
  try {
    for (const { id, tags } of await images.load(request.body, request.signal)) {
      if (tags.length === 0) yield { stream: `Loaded image ID: ${id}\n` };
      for (const tag of tags) yield { stream: `Loaded image: ${tag}\n` };
    }
  } catch (error) {
    yield { errorDetail: { message: messageOf(error) }, error: messageOf(error) };
  } finally {
    request.body.resume();
  }
}
