/** The host ports of sandboxes: taken for a container, taken again after a restart, asked about. */
import { messageOf } from "../../../base/errors.js";
import type { PortMap } from "../../../wire/container.js";
import type { TakenPort } from "../../../wire/system.js";
import type { Sandbox } from "../networks.js";
import { type HeldPort, holdPorts, type PortTargets, portRequests, refusedPorts } from "./published-ports.js";

/** Whose ports they are. `targets` gives the container's addresses as they are when it is called. */
export interface PortOwner {
  /** How errors name the endpoint. */
  readonly endpoint: string;
  readonly now: PortTargets;
  readonly targets: () => PortTargets;
}

/**
 * The ports a sandbox had when the last engine died; one that somebody took meanwhile is reported and skipped.
 */
export function holdAgain(sandbox: Sandbox, owner: PortOwner, log: (text: string) => void): HeldPort[] {
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
  return refusedPorts(portRequests(ports)).map(({ protocol, hostAddress, hostPorts }) => {
    const publishes = (port: HeldPort) => port.protocol === protocol && port.hostPort === hostPorts.from;
    const Container = owners.find(([, held]) => held.some(publishes))?.[0];
    const port = { HostIp: hostAddress, HostPort: String(hostPorts.from), Type: protocol };
    return Container === undefined ? port : { ...port, Container };
  });
}
