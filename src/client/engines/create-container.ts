/**
 * The create call, on engines that cannot take all of a container at once too.
 *
 * An engine with an older API gets one network with the call and is connected to the others after it; files whose
 * content travels with the call are copied in on every engine but ours, into the container's own layer, as docker
 * compose does. What an engine would drop in silence is refused before the call.
 */
import { GantryError } from "../../base/errors.js";
import type { ContainerCreateBody, ContainerCreateReply } from "../../wire/container.js";
import type { EndpointSettings } from "../../wire/network.js";
import type { CallOptions } from "../engine-client.js";
import { segment, type Transport } from "../transport.js";
import { containerFeatures, missingFeatures, takesManyNetworks } from "./engine-features.js";
import { type EngineIdentity, isBefore, printIdentity } from "./engine-identity.js";
import { filesTar } from "./files-tar.js";

/** The container with all its networks and files, or nothing. Throws "not-supported" with the features by name. */
export async function createContainer(
  transport: Transport,
  engine: EngineIdentity,
  { name, body, call }: { name: string | undefined; body: ContainerCreateBody; call?: CallOptions | undefined },
): Promise<ContainerCreateReply> {
  const create = (whole: ContainerCreateBody) =>
    transport.json<ContainerCreateReply>({
      ...{ method: "POST", path: "/containers/create", query: { name }, body: whole, ...call },
    });
  if (engine.kind === "gantry") return create(body);
  const missing = missingFeatures(containerFeatures, body, engine);
  if (missing.length > 0) throw unsupported(missing, engine);
  const { first, rest, files } = inSteps(body, engine);
  const reply = await create(first);
  try {
    for (const [network, endpoint] of rest) {
      const path = `/networks/${segment(network)}/connect`;
      await transport.done({ method: "POST", path, body: { Container: reply.Id, EndpointConfig: endpoint }, ...call });
    }
    if (files) {
      const path = `/containers/${reply.Id}/archive`;
      await transport.done({ method: "PUT", path, query: { path: "/" }, stream: once(files), ...call });
    }
    return reply;
  } catch (error) {
    const path = `/containers/${reply.Id}`;
    await transport.done({ method: "DELETE", path, query: { force: true, v: true } }).catch(() => {});
    throw error;
  }
}

/** The error that names what `engine` lacks. */
export function unsupported(features: readonly string[], engine: EngineIdentity): GantryError {
  return new GantryError(
    "not-supported",
    `${printIdentity(engine)} cannot do this: ${features.join("; ")}; nothing was changed`,
    {
      hint: "Take it out of the Compose file, or use an engine that can, as with --engine embedded",
    },
  );
}

interface Steps {
  readonly first: ContainerCreateBody;
  readonly rest: ReadonlyArray<readonly [network: string, EndpointSettings]>;
  readonly files: Uint8Array | undefined;
}

function inSteps(body: ContainerCreateBody, engine: EngineIdentity): Steps {
  const { GantryFiles, ...host } = body.HostConfig ?? {};
  const files = GantryFiles && GantryFiles.length > 0 ? filesTar(GantryFiles) : undefined;
  const places = Object.entries(body.NetworkingConfig?.EndpointsConfig ?? {}).map(
    ([network, endpoint]) => [engine.kind === "podman" ? podmanName(network) : network, endpoint ?? {}] as const,
  );
  const isWhole = places.length < 2 || takesManyNetworks(engine);
  const main = places.find(([network]) => network === host.NetworkMode) ?? places[0];
  const taken = isWhole ? places : main ? [main] : [];
  // Before it became the endpoint's, the address was the container's.
  const address = isBefore(engine.apiVersion, "1.44") ? main?.[1].MacAddress : undefined;
  return {
    first: {
      ...body,
      ...(address ? { MacAddress: address } : {}),
      HostConfig: host,
      ...(places.length > 0 ? { NetworkingConfig: { EndpointsConfig: Object.fromEntries(taken) } } : {}),
    },
    rest: places.filter((place) => !taken.includes(place)),
    files,
  };
}

/** Podman knows the default bridge by the mode `bridge`, but its network by another name. */
function podmanName(network: string): string {
  return network === "bridge" ? "podman" : network;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
