/**
 * The Docker Engine API as calls, over `transport.ts`, for whichever engine answers.
 */
import type { NetworkInspect } from "../wire/network.js";
import { apiVersion as newestVersion } from "../wire/system.js";
import type { VolumeInspect, VolumeListReply } from "../wire/volume.js";
import type { EngineClient } from "./engine-client.js";
import { filterQuery } from "./filter-query.js";
import { containerCalls, execCalls } from "./http-containers.js";
import { imageCalls } from "./http-images.js";
import { systemCalls } from "./http-system.js";
import { type Endpoint, segment, Transport } from "./transport.js";
import { upkeepCalls } from "./upkeep-calls.js";

/** A client that speaks `apiVersion` (as `1.41`) to `endpoint`. Connects at the first call. */
export function createHttpClient(endpoint: Endpoint, apiVersion: string = newestVersion): EngineClient {
  const transport = new Transport(endpoint, apiVersion);
  return {
    containers: containerCalls(transport),
    execs: execCalls(transport),
    images: imageCalls(transport),
    networks: networkCalls(transport),
    volumes: volumeCalls(transport),
    system: systemCalls(transport),
    upkeep: upkeepCalls(transport),
    close: () => transport.close(),
  };
}

/** A client that speaks the newest version both sides know. Throws "engine-unavailable". */
export async function connectHttpClient(endpoint: Endpoint, signal?: AbortSignal): Promise<EngineClient> {
  const probe = new Transport(endpoint, undefined);
  try {
    const { apiVersion } = await systemCalls(probe).ping(signal ? { signal } : {});
    return createHttpClient(endpoint, older(apiVersion, newestVersion));
  } finally {
    probe.close();
  }
}

/** The older of two API versions such as `1.41`. */
export function older(a: string, b: string): string {
  const minor = (version: string) => Number(version.split(".")[1] ?? 0);
  return minor(a) < minor(b) ? a : b;
}

function networkCalls(transport: Transport): EngineClient["networks"] {
  return {
    list: (filters, call) =>
      transport.json<NetworkInspect[]>({ method: "GET", path: "/networks", query: filterQuery(filters), ...call }),
    inspect: (id, call) => transport.json({ method: "GET", path: `/networks/${segment(id)}`, ...call }),
    create: (body, call) => transport.json({ method: "POST", path: "/networks/create", body, ...call }),
    remove: async (id, call) => {
      await transport.done({ method: "DELETE", path: `/networks/${segment(id)}`, ...call });
    },
    connect: async (id, body, call) => {
      await transport.done({ method: "POST", path: `/networks/${segment(id)}/connect`, body, ...call });
    },
    disconnect: async (id, body, call) => {
      await transport.done({ method: "POST", path: `/networks/${segment(id)}/disconnect`, body, ...call });
    },
  };
}

function volumeCalls(transport: Transport): EngineClient["volumes"] {
  return {
    list: async (filters, call) => {
      const query = filterQuery(filters);
      const reply = await transport.json<VolumeListReply>({ method: "GET", path: "/volumes", query, ...call });
      return reply.Volumes ?? [];
    },
    inspect: (name, call) =>
      transport.json<VolumeInspect>({ method: "GET", path: `/volumes/${segment(name)}`, ...call }),
    create: (body, call) => transport.json({ method: "POST", path: "/volumes/create", body, ...call }),
    remove: async (name, options, call) => {
      const query = { force: options?.force };
      await transport.done({ method: "DELETE", path: `/volumes/${segment(name)}`, query, ...call });
    },
  };
}
