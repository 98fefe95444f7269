/** Routes of containers: lifecycle and looking at them. Their streams are in `container-streams.ts`. */
import type { ContainerCreateBody } from "../../../wire/container.js";
import { decodeFilters } from "../../../wire/filters.js";
import { containerCreateShape } from "../body-shapes.js";
import { withSizes } from "../container-sizes.js";
import { empty, json, type Reply } from "../http/reply.js";
import { type ApiRequest, flag, integer, jsonBody, param, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ApiRooms } from "../rooms.js";

/** What a list of containers may be narrowed by. */
export const listFilters = [
  "ancestor",
  "before",
  "exited",
  "expose",
  "health",
  "id",
  "is-task",
  "isolation",
  "label",
  "name",
  "network",
  "publish",
  "since",
  "status",
  "volume",
];

/** See Docker Engine API, "Containers". */
export function containerRoutes(rooms: ApiRooms): Route[] {
  const { containers } = rooms;
  /** 304 says that it was so already. */
  const changed = (did: boolean) => empty(did ? 204 : 304);
  const on = (method: string, pattern: string, handle: (id: string, request: ApiRequest) => Promise<Reply>): Route => ({
    method,
    pattern,
    handle: (request) => handle(param(request, "id"), request),
  });
  const post = (action: string, handle: (id: string, request: ApiRequest) => Promise<Reply>) =>
    on("POST", `/containers/{id}/${action}`, handle);
  return [
    { method: "GET", pattern: "/containers/json", handle: (request) => list(rooms, request) },
    {
      method: "POST",
      pattern: "/containers/create",
      handle: async (request) => {
        const body = await jsonBody<ContainerCreateBody>(request, containerCreateShape);
        return json(await containers.create(text(request, "name"), body), 201);
      },
    },
    { method: "GET", pattern: "/containers/{id}/json", handle: (request) => inspect(rooms, request) },
    on("GET", "/containers/{id}/top", async (id, request) =>
      json(await containers.top(id, text(request, "ps_args") ?? "-ef")),
    ),
    post("start", async (id) => changed(await containers.start(id))),
    post("stop", async (id, request) => changed(await containers.stop(id, stopOptions(request)))),
    post("restart", async (id, request) => {
      await containers.restart(id, stopOptions(request));
      return empty();
    }),
    post("kill", async (id, request) => {
      await containers.kill(id, text(request, "signal") ?? "SIGKILL");
      return empty();
    }),
    post("pause", async (id) => {
      await containers.pause(id);
      return empty();
    }),
    post("unpause", async (id) => {
      await containers.unpause(id);
      return empty();
    }),
    post("rename", async (id, request) => {
      await containers.rename(id, text(request, "name") ?? "");
      return empty();
    }),
    post("resize", async (id, request) => {
      containers.resize(id, { height: integer(request, "h") ?? 0, width: integer(request, "w") ?? 0 });
      return empty(200);
    }),
    on("DELETE", "/containers/{id}", async (id, request) => {
      await containers.remove(id, { force: flag(request, "force"), volumes: flag(request, "v") });
      return empty();
    }),
  ];
}

async function list(rooms: ApiRooms, request: ApiRequest): Promise<Reply> {
  const limit = integer(request, "limit");
  const filters = decodeFilters(text(request, "filters"), listFilters);
  const bounded = limit !== undefined && limit > 0;
  const all = flag(request, "all") || bounded || filters.status !== undefined;
  const listed = rooms.containers.list({ all, filters, ...(bounded ? { limit } : {}) });
  return json(flag(request, "size") ? await withSizes(rooms, listed, request.signal) : listed);
}

async function inspect(rooms: ApiRooms, request: ApiRequest): Promise<Reply> {
  const inspected = rooms.containers.inspect(param(request, "id"));
  if (!flag(request, "size")) return json(inspected);
  const [sized] = await withSizes(rooms, [{ ...inspected, ImageID: inspected.Image }], request.signal);
  return json({ ...inspected, SizeRw: sized?.SizeRw, SizeRootFs: sized?.SizeRootFs });
}

function stopOptions(request: ApiRequest): { timeoutS?: number; signal?: string } {
  const timeoutS = integer(request, "t");
  const signal = text(request, "signal");
  return { ...(timeoutS === undefined ? {} : { timeoutS }), ...(signal === undefined ? {} : { signal }) };
}
