/** A client that leads no engine to a registry: for commands that are run with `GANTRY_OFFLINE`. */
import { GantryError } from "../../base/errors.js";
import type { EngineClient } from "../../client/engine-client.js";

/**
 * The same client; pulls, pushes, logins and look-ups of digests throw "offline" before anything is sent, and builds
 * tell the engine, which may be online, to ask nobody.
 */
export function offlineClient(client: EngineClient): EngineClient {
  const { builds, images, system, upkeep } = client;
  return {
    ...client,
    builds: { ...builds, build: (build, call) => builds.build({ ...build, isOffline: true }, call) },
    system: { ...system, auth: async ({ serveraddress }) => refuse(serveraddress ?? "a registry") },
    images: {
      ...images,
      // biome-ignore lint/correctness/useYield: it ends before it has anything to tell.
      pull: async function* (name) {
        refuse(name);
      },
      remoteDigest: async (name) => refuse(name),
    },
    upkeep: {
      ...upkeep,
      // biome-ignore lint/correctness/useYield: it ends before it has anything to tell.
      pushImage: async function* (name) {
        refuse(name);
      },
    },
  };
}

function refuse(name: string): never {
  throw new GantryError("offline", `Gantry is offline: no registry is asked about ${name}`, {
    hint: "Unset GANTRY_OFFLINE",
  });
}
