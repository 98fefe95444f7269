/** Finds host ports that two services, or one service twice, publish. Pure. */
import type { DraftService } from "../normalize/service/service.js";
import type { PortSpec } from "../project.js";
import type { Place, Report } from "../report.js";

interface Publication {
  readonly service: string;
  readonly port: PortSpec;
}

/** Only fixed ports can clash; a range or an unpublished port finds a free one. */
export function checkPublishedPorts(
  services: ReadonlyMap<string, DraftService>,
  at: (path: string, otherwise: Place) => Place,
  report: Report,
): void {
  const taken = new Map<string, Publication[]>();
  for (const { service, place } of services.values()) {
    service.ports.forEach((port, index) => {
      if (!port.published || !/^\d+$/.test(port.published) || port.published === "0") return;
      const key = `${port.published}/${port.protocol}`;
      const rivals = taken.get(key) ?? [];
      const rival = rivals.find((other) => addressesClash(other.port.host_ip, port.host_ip));
      if (rival) {
        const who = rival.service === service.name ? `twice by "${service.name}"` : `by "${rival.service}" too`;
        const where = at(`${place.path}.ports[${index}]`, place);
        const hint = "Publish one of them on another host port";
        report.error(where, "duplicate-port", `Host port ${key} is published ${who}`, { hint });
      }
      taken.set(key, [...rivals, { service: service.name, port }]);
    });
  }
}

function addressesClash(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  const everywhere = (ip: string | undefined) => ip === undefined || ip === "0.0.0.0" || ip === "::";
  if (a === undefined || b === undefined) return true;
  return (everywhere(a) || everywhere(b)) && a.includes(":") === b.includes(":");
}
