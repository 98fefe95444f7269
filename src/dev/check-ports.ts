/** Which fixed host ports of a project somebody else has. Pure. */
import type { Project } from "../compose/project.js";

/** A listening socket of the host; `address` is IPv4 text. */
export interface Listener {
  readonly address: string;
  readonly port: number;
}

/** A port that cannot be published as long as its listener is there. */
export interface BusyPort extends Listener {
  readonly service: string;
}

const anyAddress = "0.0.0.0";

/** TCP only. `own` are ports that the project's containers have, which are no obstacle. */
export function busyPorts(project: Project, listeners: readonly Listener[], own: ReadonlySet<number>): BusyPort[] {
  return [...project.services.values()].flatMap(({ name: service, ports }) =>
    ports.flatMap(({ published = "", host_ip: address = anyAddress, protocol }) => {
      const port = /^\d+$/.test(published) ? Number(published) : 0;
      if (protocol !== "tcp" || port === 0 || own.has(port)) return [];
      const isBusy = listeners.some((one) => one.port === port && overlap(one.address, address));
      return isBusy ? [{ service, address, port }] : [];
    }),
  );
}

function overlap(a: string, b: string): boolean {
  return a === b || a === anyAddress || b === anyAddress;
}
