/**
 * The ports of a container that takes another one's place: the very sockets of that one where they fit, else new ones.
 *
 * Touches the world, by synchronous calls only. A socket that changes hands is never closed in between, so nobody else
 * can take its port, and who connects to it meanwhile is served.
 */
import { matchPorts } from "./match-ports.js";
import { type HeldPort, type HoldOptions, holdPorts, type PortRequest } from "./published-ports.js";

export interface PortClaim {
  /** All that the requests ask for. */
  readonly held: readonly HeldPort[];
  /** Puts everything back; what the giver has then. */
  undo(): readonly HeldPort[];
}

/**
 * `given` are the giver's ports, none of which it has afterwards. Throws as `holdPorts`; then it has them still, in the
 * values that `onFailure` is given.
 */
export function claimPorts(
  requests: readonly PortRequest[],
  given: { readonly ports: readonly HeldPort[]; readonly owner: HoldOptions },
  { owner, onFailure }: { owner: HoldOptions; onFailure: (ports: readonly HeldPort[]) => void },
): PortClaim {
  const matches = matchPorts(requests, given.ports);
  const passed = matches.flatMap(({ ports }) => ports);
  const left = given.ports.filter((port) => !passed.includes(port));
  const missing = requests.filter((request) => !matches.some((match) => match.request === request));
  const taken = matches.flatMap(({ request, ports }) => ports.map((port) => handOver(port, request, owner)));
  // One that is given up may be in the way of a new one: 127.0.0.1:80 of 0.0.0.0:80.
  for (const port of left) port.close();
  const others = [...owner.others].filter((port) => !left.includes(port));
  const giveBack = () => [
    ...taken.map((port, at) => handOver(port, passed[at] ?? port, given.owner)),
    ...left.flatMap((port) => holdOnce(port, { ...given.owner, others })),
  ];
  try {
    const fresh = holdPorts(missing, { ...owner, others });
    return {
      held: [...taken, ...fresh],
      undo() {
        for (const port of fresh) port.close();
        return giveBack();
      },
    };
  } catch (error) {
    onFailure(giveBack());
    throw error;
  }
}

function handOver(
  port: HeldPort,
  { key, containerPort }: { key: string; containerPort: number },
  owner: HoldOptions,
): HeldPort {
  return port.handOver(key, { containerPort, ...owner });
}

/** A port that was closed a moment ago; none if somebody was quicker. */
function holdOnce({ key, protocol, containerPort, hostAddress, hostPort }: HeldPort, owner: HoldOptions): HeldPort[] {
  try {
    return holdPorts(
      [{ key, protocol, containerPort, hostAddress, hostPorts: { from: hostPort, to: hostPort } }],
      owner,
    );
  } catch {
    return [];
  }
}
