/** A client that sends this user's credentials with every call that leads an engine to a registry. */
import type { EngineClient } from "../../client/engine-client.js";
import { parseReference } from "../../oci/reference.js";
import { registryAuth, registryConfig } from "./auth-header.js";
import type { CredentialStore } from "./credential-store.js";
import { registryKey } from "./docker-config.js";

/**
 * The same client: pulls, pushes and look-ups of digests carry `X-Registry-Auth` of the image's registry, unless the
 * caller gives one. Without credentials nothing is sent, and an engine may use its own. `openStore` is called when the
 * first of them is made.
 */
export function withCredentials(
  client: EngineClient,
  openStore: () => Promise<Pick<CredentialStore, "all" | "find">>,
): EngineClient {
  let store: ReturnType<typeof openStore> | undefined;
  const authOf = async (name: string) => {
    const key = registryKey(domainOf(name));
    store ??= openStore();
    const credentials = await (await store).find(key);
    return credentials ? { auth: registryAuth(key, credentials) } : {};
  };
  const allAuths = async () => {
    store ??= openStore();
    const auths = registryConfig(await (await store).all());
    return auths === undefined ? {} : { auths };
  };
  const { builds, images, upkeep } = client;
  return {
    ...client,
    builds: {
      ...builds,
      build: async function* (build, call) {
        yield* builds.build({ ...(await allAuths()), ...build }, call);
      },
    },
    images: {
      ...images,
      pull: async function* (name, options, call) {
        yield* images.pull(name, { ...(await authOf(name)), ...options }, call);
      },
      remoteDigest: async (name, call) => images.remoteDigest(name, { ...(await authOf(name)), ...call }),
    },
    upkeep: {
      ...upkeep,
      pushImage: async function* (name, options, call) {
        const auth = await authOf(name);
        yield* upkeep.pushImage(name, { ...auth, ...(await allAuths()), ...options }, call);
      },
    },
  };
}

/** A name that is none is the engine's to refuse. */
function domainOf(name: string): string {
  try {
    return parseReference(name).domain;
  } catch {
    return "docker.io";
  }
}
