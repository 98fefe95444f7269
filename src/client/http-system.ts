/** The system calls of the Engine API, and Gantry's own routes. */

import type { IncomingMessage } from "node:http";
import { GantryError } from "../base/errors.js";
import type { ContainerInspect } from "../wire/container.js";
import type { EngineEvent, PortCheckReply } from "../wire/system.js";
import type { CallOptions, EngineClient } from "./engine-client.js";
import { identify } from "./engines/engine-identity.js";
import { filterQuery } from "./filter-query.js";
import { jsonLines, segment, type Transport } from "./transport.js";

/** Calls on the engine itself. */
export function systemCalls(transport: Transport): EngineClient["system"] {
  return {
    ping: (call) => identify(transport, call),
    version: (call) => transport.json({ method: "GET", path: "/version", ...call }),
    auth: (body, call) => transport.json({ method: "POST", path: "/auth", body, ...call }),
    info: (call) => transport.json({ method: "GET", path: "/info", ...call }),
    events: (query, call) => events(transport, query, call),
    status: (call) => transport.json({ method: "GET", path: "/gantry/status", ...call }),
    shutdown: async (call) => {
      // Its answer lasts until the engine has let go of its state; how it ends is of no interest.
      const reply = await transport.open({ method: "POST", path: "/gantry/shutdown", ...call });
      const ended = new Promise<void>((resolve) => reply.once("close", resolve));
      reply.on("error", () => {}).resume();
      await ended;
    },
    inspections: async (filters, call) => {
      const query = filterQuery(filters);
      const found = await transport.json<ContainerInspect[] | { message: string }>({
        ...{ method: "GET", path: "/gantry/containers", query, accept: [404], ...call },
      });
      return Array.isArray(found) ? found : undefined;
    },
    takenPorts: async (Ports, call) => {
      const path = "/gantry/ports/check";
      return (await transport.json<PortCheckReply>({ method: "POST", path, body: { Ports }, ...call })).Taken;
    },
    lockProject: (project, options, call) => lockProject(transport, { project, ...options }, call),
  };
}

async function* events(
  transport: Transport,
  { since, until, filters, onSubscribed }: Parameters<EngineClient["system"]["events"]>[0],
  call?: CallOptions,
): AsyncGenerator<EngineEvent, void> {
  const query = { since, until, ...filterQuery(filters) };
  const reply = await transport.open({ method: "GET", path: "/events", query, ...call });
  onSubscribed?.();
  yield* jsonLines<EngineEvent>(reply);
}

/** The engine holds the lock while this reply stays open; its lines tell who has it. */
async function lockProject(
  transport: Transport,
  {
    project,
    wait,
    holder,
    onWaiting,
  }: { project: string; wait: boolean; holder: string } & {
    onWaiting?: (holder: string) => void;
  },
  call?: CallOptions,
): Promise<{ release(): Promise<void> }> {
  const reply = await transport.open({
    method: "POST",
    path: `/gantry/projects/${segment(project)}/lock`,
    query: { wait, holder },
    ...call,
  });
  const lines = jsonLines<{ state: "waiting" | "held"; holder: string }>(reply);
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    if (next.value.state === "held") return { release: () => close(reply) };
    onWaiting?.(next.value.holder);
  }
  throw new GantryError("engine-unavailable", `The engine ended while project ${project} was waiting for its lock`);
}

function close(reply: IncomingMessage): Promise<void> {
  if (reply.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    reply.once("close", () => resolve());
    reply.once("error", () => {}); // aborted by us
    reply.destroy();
  });
}
