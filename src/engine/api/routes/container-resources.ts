/** Routes of what containers use and may use: stats and update. */
import { sleep } from "../../../base/clock.js";
import { isGantryError } from "../../../base/errors.js";
import type { ContainerStats } from "../../../wire/stats.js";
import type { UpdateBody } from "../../containers/containers.js";
import { updateShape } from "../body-shapes.js";
import { json, type Reply } from "../http/reply.js";
import { type ApiRequest, flag, jsonBody, param } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ApiRooms } from "../rooms.js";

/** Docker's own interval; its clients call a container silent after two seconds. */
const intervalMs = 1000;

/** See Docker Engine API, "ContainerStats", "ContainerUpdate". */
export function containerResourceRoutes(rooms: ApiRooms): Route[] {
  return [
    { method: "GET", pattern: "/containers/{id}/stats", handle: (request) => stats(rooms, request) },
    {
      method: "POST",
      pattern: "/containers/{id}/update",
      handle: async (request) => {
        const body = await jsonBody<UpdateBody>(request, updateShape);
        const warnings = await rooms.containers.update(param(request, "id"), body);
        return json({ Warnings: warnings.length > 0 ? warnings : null });
      },
    },
  ];
}

async function stats({ containers }: ApiRooms, request: ApiRequest): Promise<Reply> {
  const { Id } = containers.inspect(param(request, "id")); // a missing one is told by status, before the stream begins
  const next = containers.watchStats(Id);
  const first = await next();
  const isRunning = first.memory_stats.usage !== undefined;
  if (flag(request, "stream", true)) {
    const chunks = follow(first, next, request.signal);
    return { kind: "stream", contentType: "application/json", chunks, lasting: true };
  }
  if (flag(request, "one-shot") || !isRunning) return json(first);
  await sleep(intervalMs, request.signal).catch(() => {}); // who has gone gets nothing anyway
  return json(await next());
}

/** Reads only while the client is there; ends with the container. */
async function* follow(
  first: ContainerStats,
  next: () => Promise<ContainerStats>,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  let current = first;
  try {
    for (;;) {
      yield `${JSON.stringify(current)}\n`;
      await sleep(intervalMs, signal);
      current = await next();
    }
  } catch (error) {
    if (!signal.aborted && !isGantryError(error, "container-not-found")) throw error;
  }
}
