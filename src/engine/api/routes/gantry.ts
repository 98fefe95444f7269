/** Gantry's own routes: what Docker's API has no word for. */

import { GantryError } from "../../../base/errors.js";
import type { ConnectionsReply } from "../../../wire/container.js";
import { decodeFilters } from "../../../wire/filters.js";
import type { EngineStatus, PortCheckBody, PortCheckReply } from "../../../wire/system.js";
import { portCheckShape } from "../body-shapes.js";
import { empty, json, jsonStream, lasting, type Reply } from "../http/reply.js";
import { type ApiRequest, flag, jsonBody, param, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ProjectClaim } from "../project-locks.js";
import type { ApiRooms } from "../rooms.js";
import { listFilters } from "./containers.js";

/** Bounds a name that other people are shown. */
const maxHolderLength = 200;

/** Status, shutdown, many inspections at once, host ports, apply locks, and containers that take another's place. */
export function gantryRoutes(rooms: ApiRooms): Route[] {
  return [
    { method: "GET", pattern: "/gantry/status", handle: () => json(status(rooms)) },
    { method: "GET", pattern: "/gantry/containers", handle: (request) => inspectAll(rooms, request) },
    { method: "POST", pattern: "/gantry/shutdown", handle: () => shutDown(rooms) },
    { method: "POST", pattern: "/gantry/ports/check", handle: (request) => checkPorts(rooms, request) },
    { method: "POST", pattern: "/gantry/projects/{name}/lock", handle: (request) => lock(rooms, request) },
    { method: "POST", pattern: "/gantry/containers/{id}/take-over", handle: (request) => takeOver(rooms, request) },
    { method: "GET", pattern: "/gantry/containers/{id}/connections", handle: (request) => connections(rooms, request) },
    { method: "GET", pattern: "/gantry/containers/{id}/log", handle: (request) => logFiles(rooms, request) },
    { method: "GET", pattern: "/gantry/containers/{id}/log/{file}", handle: (request) => readLog(rooms, request) },
  ];
}

function status({ containers, facts, activity }: ApiRooms): EngineStatus {
  const all = containers.list({ all: true, filters: {} });
  return {
    pid: facts.pid,
    version: facts.version,
    apiVersion: facts.apiVersion,
    stateRoot: facts.stateRoot,
    socket: facts.socket,
    startedAt: facts.startedAt,
    containers: all.length,
    running: all.filter(({ State }) => State === "running" || State === "paused" || State === "restarting").length,
    runtime: facts.runtime,
    cgroupVersion: facts.cgroupVersion,
    storageDriver: facts.storageDriver,
    idleExitAt: activity.idleExitAt?.toISOString() ?? null,
  };
}

/** In the list's order: what a plan compares with, in one call. */
function inspectAll({ containers }: ApiRooms, request: ApiRequest): Reply {
  const filters = decodeFilters(text(request, "filters"), listFilters);
  return json(containers.list({ all: true, filters }).map(({ Id }) => containers.inspect(Id)));
}

/** The answer ends with the engine: who reads to its end knows that the state is free. */
function shutDown(rooms: ApiRooms): Reply {
  const said = async function* () {
    yield { state: "stopping" };
    rooms.shutDown();
    await new Promise(() => {});
  };
  return lasting(jsonStream(said()));
}

async function checkPorts({ networks }: ApiRooms, request: ApiRequest): Promise<Reply> {
  const { Ports } = await jsonBody<PortCheckBody>(request, portCheckShape);
  return json({ Taken: networks.takenPorts(Ports ?? {}) } satisfies PortCheckReply);
}

/** 304 says that it was so already. */
async function takeOver({ containers }: ApiRooms, request: ApiRequest): Promise<Reply> {
  return empty((await containers.takeOver(param(request, "id"), text(request, "from"))) ? 204 : 304);
}

function connections({ containers }: ApiRooms, request: ApiRequest): Reply {
  return lasting(jsonStream(connectionLines(containers.connections(param(request, "id"), request.signal))));
}

async function* connectionLines(counts: AsyncIterable<number>): AsyncGenerator<ConnectionsReply> {
  for await (const Connections of counts) yield { Connections };
}

async function logFiles({ containers }: ApiRooms, request: ApiRequest): Promise<Reply> {
  return json({ Files: await containers.logFiles(param(request, "id")) });
}

/** Bytes as they stand in the file. */
async function readLog({ containers }: ApiRooms, request: ApiRequest): Promise<Reply> {
  const stretch = { file: param(request, "file"), offset: count(request, "offset"), bytes: count(request, "bytes") };
  const bytes = await containers.readLogFile(param(request, "id"), stretch);
  const chunks = async function* () {
    yield bytes;
  };
  return { kind: "stream", contentType: "application/octet-stream", chunks: chunks() };
}

/** Throws "bad-parameter" for what is no whole number that a file could have. */
function count(request: ApiRequest, name: string): number {
  const value = Number(text(request, name) ?? "");
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new GantryError("bad-parameter", `Bad parameters: ${name} must be a whole number`);
}

/** Holds the lock while the client keeps the connection. */
function lock({ locks }: ApiRooms, request: ApiRequest): Reply {
  const holder = (text(request, "holder") ?? "another command").slice(0, maxHolderLength);
  const claim = locks.claim(param(request, "name"), { holder, wait: flag(request, "wait") });
  request.signal.addEventListener("abort", () => claim[Symbol.dispose](), { once: true });
  if (request.signal.aborted) claim[Symbol.dispose]();
  return lasting(jsonStream(lockLines(claim, { holder, signal: request.signal })));
}

async function* lockLines(claim: ProjectClaim, { holder, signal }: { holder: string; signal: AbortSignal }) {
  if (claim.heldBy !== undefined) yield { state: "waiting", holder: claim.heldBy };
  await claim.granted;
  yield { state: "held", holder };
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
