/** Puts a container on a network and takes it off: live while it runs, in its record for the next start. */
import { GantryError } from "../../../base/errors.js";
import type { EndpointSettings } from "../../../wire/network.js";
import type { Container } from "../lifecycle/container.js";
import { announceNetwork, announceNetworks } from "../lifecycle/notices.js";
import { withState } from "../record/container-record.js";
import { hasProcess } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";
import { checkEndpoint } from "./check-networking.js";
import { amendNetworkFiles } from "./etc-network.js";
import { hasNetworks } from "./network-request.js";

/** Throws "network-not-found", "network-in-use" when it is on it already. */
export function connectContainer(
  rooms: Rooms,
  container: Container,
  { network, settings }: { network: string; settings: EndpointSettings },
): Promise<void> {
  return container.lock.run(async () => {
    const { record } = container;
    const found = rooms.networks.get(network);
    checkConnectable(record.hostConfig.NetworkMode ?? "bridge", found.Name);
    checkEndpoint(found.Name, settings);
    if (endpointKey(rooms, container, found.Id) !== undefined) {
      throw new GantryError(
        "network-in-use",
        `endpoint with name ${record.name} already exists in network ${found.Name}`,
      );
    }
    const before = record.state.sandbox;
    const sandbox = hasProcess(container.status)
      ? await rooms.networks.connect(container.id, { network: found.Id, settings })
      : undefined;
    const endpoints = { ...record.endpoints, [found.Name]: settings };
    const next = { ...record, endpoints };
    await rooms.index.save(container, sandbox ? withState(next, { sandbox }) : next);
    if (before && sandbox) await amendNetworkFiles(rooms, record, { before, after: sandbox });
    const fresh = sandbox && {
      ...sandbox,
      endpoints: without(sandbox.endpoints, Object.keys(before?.endpoints ?? {})),
    };
    announceNetworks(rooms, record, { action: "connect", sandbox: fresh });
  });
}

/** Throws when the container is not on it. `force` passes over a network that is gone. */
export function disconnectContainer(
  rooms: Rooms,
  container: Container,
  { network, force }: { network: string; force: boolean },
): Promise<void> {
  return container.lock.run(async () => {
    const { record } = container;
    if (network === "host" && record.hostConfig.NetworkMode === "host") throw onHostNetwork();
    const found = force ? networkOrNone(rooms, network) : rooms.networks.get(network);
    const key = endpointKey(rooms, container, found?.Id) ?? (network in record.endpoints ? network : undefined);
    if (key === undefined) {
      throw new GantryError("internal", `container ${container.id} is not connected to network ${network}`);
    }
    const before = record.state.sandbox;
    const sandbox =
      hasProcess(container.status) && found ? await rooms.networks.disconnect(container.id, found.Id) : undefined;
    const next = { ...record, endpoints: without(record.endpoints, [key]) };
    await rooms.index.save(container, sandbox ? withState(next, { sandbox }) : next);
    if (before && sandbox) await amendNetworkFiles(rooms, record, { before, after: sandbox });
    const gone = sandbox &&
      before && { ...before, endpoints: without(before.endpoints, Object.keys(sandbox.endpoints)) };
    if (gone) announceNetworks(rooms, record, { action: "disconnect", sandbox: gone });
    else if (found) announceNetwork(rooms, record.id, { action: "disconnect", network: found });
  });
}

/** Docker's refusals, in its order. Throws "bad-parameter". */
function checkConnectable(mode: string, network: string): void {
  if (network === "host") throw onHostNetwork();
  if (network === "none" || mode === "none") {
    const reason = "container cannot be connected to multiple networks with one of the networks in private (none) mode";
    throw new GantryError("bad-parameter", reason);
  }
  if (hasNetworks(mode)) return;
  const reason = "container sharing network namespace with another container or host cannot be connected to any other";
  throw new GantryError("bad-parameter", `${reason} network`);
}

function onHostNetwork(): GantryError {
  const reason = "container cannot be disconnected from host network or connected to host network";
  return new GantryError("bad-parameter", reason);
}

/** The key under which the record has a network: its name, or the id or prefix that a request used. */
function endpointKey(rooms: Rooms, { record }: Container, networkId: string | undefined): string | undefined {
  if (networkId === undefined) return undefined;
  return Object.keys(record.endpoints).find((key) => networkOrNone(rooms, key)?.Id === networkId);
}

function networkOrNone({ networks }: Rooms, network: string) {
  try {
    return networks.get(network);
  } catch {
    return undefined;
  }
}

function without<T>(members: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(members).filter(([key]) => !keys.includes(key)));
}
