/** The host ports of sandboxes: taken for a container, taken again after a restart, asked about. */
import { messageOf } from "../../../base/errors.js";
import type { PortMap } from "../../../wire/container.js";
import type { TakenPort } from "../../../wire/system.js";
import type { Sandbox } from "../networks.js";
import {
  type HeldPort,
  type HoldOptions,
  holdPorts,
  mayStandBeside,
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
