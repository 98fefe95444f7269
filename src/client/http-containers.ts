/** The container and exec calls of the Engine API. */
import { once } from "node:events";
import { GantryError } from "../base/errors.js";
import type { ConnectionsReply, ContainerInspect, ContainerSummary, WaitReply } from "../wire/container.js";
import type { LogFile } from "../wire/log-line.js";
import type { CallOptions, EngineClient, LogQuery } from "./engine-client.js";
import { createContainer } from "./engines/create-container.js";
import type { EngineIdentity } from "./engines/engine-identity.js";
import { inspectionFromPodman, summaryFromPodman } from "./engines/podman-shapes.js";
import { filterQuery } from "./filter-query.js";
import { readFrames } from "./frames.js";
import { segment, type Transport } from "./transport.js";
import { unbroken } from "./unbroken.js";

const alreadySo = [304];

/** Calls on containers. */
export function containerCalls(transport: Transport, engine: EngineIdentity): EngineClient["containers"] {
  const isPodman = engine.kind === "podman";
  const at = (id: string, action: string) => `/containers/${segment(id)}/${action}`;
  const post = (id: string, action: string, query: Record<string, string | number | undefined>, call?: CallOptions) =>
    transport.done({ method: "POST", path: at(id, action), query, accept: alreadySo, ...call });
  return {
    list: async ({ all, limit, size, filters }, call) => {
      const query = { all, limit, size, ...filterQuery(filters) };
      const found = await transport.json<ContainerSummary[]>({
        ...{ method: "GET", path: "/containers/json", query, ...call },
      });
      return isPodman ? found.map(summaryFromPodman) : found;
    },
    inspect: async (id, { size, ...call } = {}) => {
      const request = { method: "GET", path: at(id, "json"), query: { size }, ...call } as const;
      const found = await transport.json<ContainerInspect>(request);
      return isPodman ? inspectionFromPodman(found) : found;
    },
    create: (name, body, call) => createContainer(transport, engine, { name, body, call }),
    start: (id, call) => post(id, "start", {}, call),
    stop: (id, options, call) => post(id, "stop", { t: options?.timeoutS, signal: options?.signal }, call),
    restart: async (id, options, call) => {
      await post(id, "restart", { t: options?.timeoutS, signal: options?.signal }, call);
    },
    kill: async (id, signal, call) => {
      await post(id, "kill", { signal }, call);
    },
    pause: async (id, call) => {
      await post(id, "pause", {}, call);
    },
    unpause: async (id, call) => {
      await post(id, "unpause", {}, call);
    },
    rename: async (id, name, call) => {
      await post(id, "rename", { name }, call);
    },
    takeOver: (id, from, call) => {
      const path = `/gantry/containers/${segment(id)}/take-over`;
      return transport.done({ method: "POST", path, query: { from }, accept: alreadySo, ...call });
    },
    connections: async function* (id, call) {
      const path = `/gantry/containers/${segment(id)}/connections`;
      for await (const { Connections } of transport.lines<ConnectionsReply>({ method: "GET", path, ...call })) {
        yield Connections;
      }
    },
    remove: async (id, options, call) => {
      const query = { force: options?.force, v: options?.volumes, link: options?.link };
      await transport.done({ method: "DELETE", path: `/containers/${segment(id)}`, query, ...call });
    },
    wait: (id, condition, call) => {
      const path = at(id, "wait");
      if (isPodman && condition === "removed") return waitForPodmanRemoval(transport, path, call);
      return wait(transport, { path, condition }, call);
    },
    logs: (id, query, call) => logs(transport, { path: at(id, "logs"), query }, call),
    ...logFileCalls(transport, engine),
    attach: async (id, { tty, ...asked }, call) => {
      const query = { stream: true, ...asked };
      return { stream: await transport.upgrade({ method: "POST", path: at(id, "attach"), query, ...call }), tty };
    },
    resize: async (id, { height, width }, call) => {
      await post(id, "resize", { h: height, w: width }, call);
    },
    top: (id, psArgs, call) =>
      transport.json({ method: "GET", path: at(id, "top"), query: { ps_args: psArgs }, ...call }),
  };
}

function logFileCalls(
  transport: Transport,
  engine: EngineIdentity,
): Pick<EngineClient["containers"], "logFiles" | "readLogFile"> {
  return {
    logFiles: async (id, call) => {
      if (engine.kind !== "gantry") throw noLogFiles();
      const path = `/gantry/containers/${segment(id)}/log`;
      return (await transport.json<{ Files: LogFile[] }>({ method: "GET", path, ...call })).Files;
    },
    readLogFile: async (id, { file, ...query }, call) => {
      if (engine.kind !== "gantry") throw noLogFiles();
      const path = `/gantry/containers/${segment(id)}/log/${segment(file)}`;
      const chunks: Buffer[] = [];
      const reply = await transport.open({ method: "GET", path, query, ...call });
      for await (const chunk of unbroken(reply)) chunks.push(chunk as Buffer); // as Node's streams give them
      return Buffer.concat(chunks);
    },
  };
}

function noLogFiles(): GantryError {
  return new GantryError("not-supported", "This engine gives a container's log from its end or from a time only");
}

interface Waiting {
  registered: Promise<void>;
  exited: Promise<WaitReply>;
}

/** Podman forgets the exit code with the container: one wait hears the code, a second one that it is gone. */
function waitForPodmanRemoval(transport: Transport, path: string, call?: CallOptions): Waiting {
  const exit = wait(transport, { path, condition: "next-exit" }, call);
  const removal = wait(transport, { path, condition: "removed" }, call);
  return {
    registered: Promise.all([exit.registered, removal.registered]).then(() => {}),
    exited: Promise.all([exit.exited, removal.exited]).then(([reply]) => reply),
  };
}

function wait(
  transport: Transport,
  { path, condition }: { path: string; condition: string },
  call?: CallOptions,
): Waiting {
  const reply = transport.open({ method: "POST", path, query: { condition }, ...call });
  const exited = reply.then(async (message) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(message, "end");
    return JSON.parse(Buffer.concat(chunks).toString()) as WaitReply;
  });
  const registered = reply.then(() => {});
  // A caller that awaits only one of the two must not bring the process down by the other's rejection.
  exited.catch(() => {});
  registered.catch(() => {});
  return { registered, exited };
}

async function* logs(
  transport: Transport,
  { path, query }: { path: string; query: LogQuery & { tty: boolean } },
  call?: CallOptions,
) {
  const { tty, stdout = true, stderr = true, ...rest } = query;
  const reply = await transport.open({ method: "GET", path, query: { ...rest, stdout, stderr }, ...call });
  yield* readFrames(reply, tty);
}

/** Calls on the processes that were started in containers. */
export function execCalls(transport: Transport): EngineClient["execs"] {
  return {
    create: async (containerId, body, call) => {
      const path = `/containers/${segment(containerId)}/exec`;
      return (await transport.json<{ Id: string }>({ method: "POST", path, body, ...call })).Id;
    },
    start: async (execId, { tty, size }, call) => {
      const body = { Detach: false, Tty: tty, ...(size ? { ConsoleSize: size } : {}) };
      return { stream: await transport.upgrade({ method: "POST", path: `/exec/${execId}/start`, body, ...call }), tty };
    },
    startDetached: async (execId, call) => {
      const body = { Detach: true, Tty: false };
      await transport.done({ method: "POST", path: `/exec/${execId}/start`, body, ...call });
    },
    resize: async (execId, { height, width }, call) => {
      const query = { h: height, w: width };
      await transport.done({ method: "POST", path: `/exec/${execId}/resize`, query, ...call });
    },
    inspect: (execId, call) => transport.json({ method: "GET", path: `/exec/${execId}/json`, ...call }),
  };
}
