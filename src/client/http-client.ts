/**
 * The Docker Engine API as calls, over `transport.ts`, for whichever engine answers.
 */
import type { NetworkInspect } from "../wire/network.js";
import { gantryFeatures, apiVersion as newestVersion } from "../wire/system.js";
import type { VolumeInspect, VolumeListReply } from "../wire/volume.js";
import { buildCalls } from "./build-calls.js";
import type { Dialer } from "./dial/dialer.js";
import { type DirectEndpoint, directDialer } from "./dial/dialer.js";
import type { EngineClient } from "./engine-client.js";
import { unsupported } from "./engines/create-container.js";
import { missingFeatures, networkFeatures } from "./engines/engine-features.js";
import { type EngineIdentity, identify, older } from "./engines/engine-identity.js";
import { filterQuery } from "./filter-query.js";
import { historyCalls } from "./history-calls.js";
import { containerCalls, execCalls } from "./http-containers.js";
import { imageCalls } from "./http-images.js";
import { systemCalls } from "./http-system.js";
import { segment, Transport } from "./transport.js";
import { upkeepCalls } from "./upkeep-calls.js";

/** A client of an engine of our own that is known to be new enough. Connects at the first call. */
export function createHttpClient(endpoint: DirectEndpoint): EngineClient {
  const transport = new Transport(directDialer(endpoint));
  transport.speak(newestVersion);
  const identity = { kind: "gantry", version: "", apiVersion: newestVersion, features: gantryFeatures } as const;
  return clientOver(transport, identity);
}

/** A client that speaks the newest version both sides know: one call, which also tells what answers. */
export async function connectHttpClient(dialer: Dialer, signal?: AbortSignal): Promise<EngineClient> {
  const transport = new Transport(dialer);
  try {
    const identity = await identify(transport, signal ? { signal } : {});
    const apiVersion = older(identity.apiVersion, newestVersion);
    transport.speak(apiVersion);
    return clientOver(transport, { ...identity, apiVersion });
  } catch (error) {
    transport.close();
    throw error;
  }
}

function clientOver(transport: Transport, engine: EngineIdentity): EngineClient {
  return {
    engine,
    containers: containerCalls(transport, engine),
    execs: execCalls(transport),
    images: imageCalls(transport),
    networks: networkCalls(transport, engine),
    volumes: volumeCalls(transport),
    system: systemCalls(transport),
    builds: buildCalls(transport, engine),
    upkeep: upkeepCalls(transport),
    ...historyCalls(transport, engine),
    close: () => transport.close(),
  };
}

function networkCalls(transport: Transport, engine: EngineIdentity): EngineClient["networks"] {
  return {
    list: (filters, call) =>
      transport.json<NetworkInspect[]>({ method: "GET", path: "/networks", query: filterQuery(filters), ...call }),
    inspect: (id, { verbose, ...call } = {}) =>
      transport.json({ method: "GET", path: `/networks/${segment(id)}`, query: { verbose }, ...call }),
    create: async (body, call) => {
      const missing = missingFeatures(networkFeatures, body, engine);
      if (missing.length > 0) throw unsupported(missing, engine);
      return transport.json({ method: "POST", path: "/networks/create", body, ...call });
    },
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
