/** The host ports of sandboxes: taken for a container, taken again after a restart, asked about. */
import { messageOf } from "../../../base/errors.js";
import type { PortMap } from "../../../wire/container.js";
import type { EndpointSettings } from "../../../wire/network.js";
import type { TakenPort } from "../../../wire/system.js";
import { networkOptions } from "../driver-options.js";
import { addressText, gatewayEndpoint } from "../endpoint-registry.js";
import type { NetworkRecord } from "../network-record.js";
import type { Sandbox, SandboxRequest } from "../networks.js";
import {
  type HeldPort,
  type HoldOptions,
  holdPorts,
  mayStandBeside,
  type PortRequest,
  type PortTargets,
  portRequests,
  refusedPorts,
} from "./published-ports.js";

/**
 * The ports a sandbox had when the last engine died; one that somebody took meanwhile is reported and skipped.
 */
export function holdAgain(sandbox: Sandbox, owner: HoldOptions, log: (text: string) => void): HeldPort[] {
  return portRequests(sandbox.ports).flatMap((request) => {
    try {
      return holdPorts([request], owner);
    } catch (error) {
      log(messageOf(error));
      return [];
    }
  });
}

/** Which of the fixed host ports could not be taken now, and which container has them. Takes none. */
export function takenPorts(ports: PortMap, holders: Iterable<readonly [string, readonly HeldPort[]]>): TakenPort[] {
  const owners = [...holders];
  const others = owners.flatMap(([, held]) => held);
  return refusedPorts(portRequests(ports), others).map(({ protocol, hostAddress, hostPorts }) => {
    const wish = { protocol, hostAddress: hostAddress || "0.0.0.0", port: hostPorts.from };
    const publishes = (port: HeldPort) =>
      port.protocol === protocol && port.hostPort === wish.port && !mayStandBeside(port, wish);
    const Container = owners.find(([, held]) => held.some(publishes))?.[0];
    const port = { HostIp: hostAddress, HostPort: String(hostPorts.from), Type: protocol };
    return Container === undefined ? port : { ...port, Container };
  });
}

/** A sandbox with the ports that it holds. */
export interface PortHolder {
  readonly sandbox: Sandbox;
  readonly held: readonly HeldPort[];
}

/** Which ports a sandbox publishes, and where they lead. */
export class SandboxPorts {
  readonly #record: (nameOrId: string) => NetworkRecord;
  readonly #live: ReadonlyMap<string, PortHolder>;

  /** `record` throws for a network that is gone; `live` is what there is now, by container. */
  constructor(record: (nameOrId: string) => NetworkRecord, live: ReadonlyMap<string, PortHolder>) {
    this.#record = record;
    this.#live = live;
  }

  /** Those that a new sandbox takes: none while it stands by. Throws as `holdPorts`. */
  hold(request: SandboxRequest, endpoints: Sandbox["endpoints"]): HeldPort[] {
    if (request.standby) return [];
    const sandbox = { containerId: request.containerId, name: request.name, endpoints };
    return holdPorts(this.requests(request.ports, sandbox), this.owner(sandbox));
  }

  /** Docker ignores port mappings of a container that only has internal networks; so do we. */
  requests(ports: PortMap, { endpoints }: Pick<Sandbox, "endpoints">): PortRequest[] {
    const gateway = this.#gateway(endpoints);
    if (!gateway) return [];
    const { options } = this.#record(gateway.NetworkID ?? "");
    const address = options[networkOptions.hostBinding];
    return portRequests(ports, address === "0.0.0.0" ? "" : address);
  }

  owner({ containerId, name, endpoints }: Pick<Sandbox, "containerId" | "name" | "endpoints">): HoldOptions {
    const id = this.#gateway(endpoints)?.EndpointID;
    const targets = () => {
      const live = this.#live.get(containerId);
      return live ? this.targets(live.sandbox) : {};
    };
    const others = [...this.#live.values()].flatMap(({ held }) => held);
    return { endpoint: id === undefined ? name : `${name} (${id})`, now: this.targets({ endpoints }), targets, others };
  }

  /** Where published ports lead: the container's address of each family on the bridge that is its way out. */
  targets({ endpoints }: Pick<Sandbox, "endpoints">): PortTargets {
    const bridged = this.#bridged(endpoints);
    const [v4, v6] = ([4, 6] as const).map((family) => addressText(gatewayEndpoint(bridged, family), family));
    return { ...(v4 === undefined ? {} : { 4: v4 }), ...(v6 === undefined ? {} : { 6: v6 }) };
  }

  /** Undefined for a network whose record is gone. */
  driverOf({ NetworkID = "" }: EndpointSettings): NetworkRecord["driver"] | undefined {
    try {
      return this.#record(NetworkID).driver;
    } catch {
      return undefined;
    }
  }

  #gateway(endpoints: Sandbox["endpoints"]): EndpointSettings | undefined {
    const bridged = this.#bridged(endpoints);
    return gatewayEndpoint(bridged, 4) ?? gatewayEndpoint(bridged, 6);
  }

  #bridged(endpoints: Sandbox["endpoints"]): Record<string, EndpointSettings> {
    return Object.fromEntries(Object.entries(endpoints).filter(([, one]) => this.driverOf(one) === "bridge"));
  }
}
