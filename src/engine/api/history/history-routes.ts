/** Gantry's own routes of projects' histories, of the trash, and of tidying up. */
import { GantryError } from "../../../base/errors.js";
import { parseDraft, parseEnd } from "../../../history/parse-generation.js";
import type { GcBody, TrashBody } from "../../../wire/history.js";
import { empty, json, type Reply } from "../http/reply.js";
import { type ApiRequest, jsonBody, param } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ApiRooms } from "../rooms.js";
import { collect } from "./gc.js";

const ofProject = "/gantry/projects/{name}/history";

/** See `wire/history.ts` for the bodies. */
export function historyRoutes(rooms: ApiRooms): Route[] {
  const { history, trash } = rooms;
  return [
    {
      method: "GET",
      pattern: ofProject,
      handle: async (request) => json(await history.list(param(request, "name"))),
    },
    {
      method: "POST",
      pattern: ofProject,
      handle: async (request) => {
        const draft = parseDraft(await jsonBody<Record<string, unknown>>(request, {}));
        return json({ number: await history.begin({ ...draft, project: param(request, "name") }) }, 201);
      },
    },
    {
      method: "GET",
      pattern: `${ofProject}/{number}`,
      handle: async (request) => json(await history.get(param(request, "name"), numberOf(request))),
    },
    {
      method: "POST",
      pattern: `${ofProject}/{number}/end`,
      handle: async (request) => {
        const end = parseEnd(await jsonBody<Record<string, unknown>>(request, {}));
        await history.end(param(request, "name"), numberOf(request), end);
        return empty();
      },
    },
    { method: "GET", pattern: "/gantry/trash", handle: () => json(trash.list()) },
    { method: "POST", pattern: "/gantry/trash/{id}/restore", handle: (request) => restore(rooms, request) },
    { method: "POST", pattern: "/gantry/volumes/{name}/trash", handle: (request) => throwAway(rooms, request) },
    {
      method: "POST",
      pattern: "/gantry/gc",
      handle: async (request) => {
        const shape = { DryRun: "flag", All: "flag", Keep: "integer" } as const;
        return json(await collect(rooms, await jsonBody<GcBody>(request, shape)));
      },
    },
  ];
}

async function throwAway({ trash, containers, events }: ApiRooms, request: ApiRequest): Promise<Reply> {
  const name = param(request, "name");
  const shape = { Project: "text", Generation: "integer" } as const;
  const { Project = "", Generation = 0 } = await jsonBody<TrashBody>(request, shape);
  const usedBy = () => containers.usersOf({ volume: name }).map((user) => containers.inspect(user).Id);
  const reply = await trash.put(name, { usedBy, project: Project, generation: Generation });
  events.publish({ Type: "volume", Action: "destroy", Actor: { ID: name, Attributes: { driver: "local" } } });
  return json(reply);
}

async function restore({ trash, events }: ApiRooms, request: ApiRequest): Promise<Reply> {
  const volume = await trash.restore(param(request, "id"));
  events.publish({ Type: "volume", Action: "create", Actor: { ID: volume.name, Attributes: { driver: "local" } } });
  return json(volume);
}

function numberOf(request: ApiRequest): number {
  const text = param(request, "number");
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new GantryError("bad-parameter", `"${text}" is not the number of a generation`);
}
