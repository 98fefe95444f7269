/**
 * Which of a giver's ports serve which request of the container that takes its place.
 *
 * Pure. A request for one number goes first, for no other port will do; then each container's port keeps the numbers it
 * has; at last a range and a free choice take what is over, so that a number that people know stays in use.
 */
import type { HeldPort, PortRequest } from "./published-ports.js";

/** What of a held port decides. */
export type KnownPort = Pick<HeldPort, "protocol" | "containerPort" | "hostAddress" | "hostPort">;

export interface PortMatch<P extends KnownPort> {
  readonly request: PortRequest;
  /** One for each address family, all of the same number. */
  readonly ports: readonly P[];
}

/** Each port goes to one request at the most. Requests that nothing fits are left out. */
export function matchPorts<P extends KnownPort>(
  requests: readonly PortRequest[],
  ports: readonly P[],
): readonly PortMatch<P>[] {
  const rest = new Set(ports);
  const matches = new Map<PortRequest, readonly P[]>();
  const take = (request: PortRequest, mayServe: (port: P) => boolean) => {
    const fitting = matches.has(request) ? [] : [...rest].filter((port) => fits(port, request) && mayServe(port));
    const same = fitting.filter(({ hostPort }) => hostPort === fitting[0]?.hostPort);
    for (const port of same) rest.delete(port);
    if (same.length > 0) matches.set(request, same);
  };
  for (const request of requests) if (isFixed(request)) take(request, () => true);
  for (const request of requests) take(request, ({ containerPort }) => containerPort === request.containerPort);
  for (const request of requests) take(request, () => true);
  return [...matches].map(([request, taken]) => ({ request, ports: taken }));
}

function isFixed({ hostPorts: { from, to } }: PortRequest): boolean {
  return from !== 0 && from === to;
}

function fits(port: KnownPort, { protocol, hostAddress, hostPorts: { from, to } }: PortRequest): boolean {
  const isThere = hostAddress === "" ? ["0.0.0.0", "::"].includes(port.hostAddress) : port.hostAddress === hostAddress;
  const isInRange = from === 0 || (port.hostPort >= from && port.hostPort <= to);
  return port.protocol === protocol && isThere && isInRange;
}
