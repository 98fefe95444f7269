/** Finds host ports that two services, or one service twice, publish. Pure. */
import type { DraftService } from "../normalize/service/service.js";
import type { Place, Report } from "../report.js";

/** Only fixed ports can clash; a range or an unpublished port finds a free one. */
export function checkPublishedPorts(
  services: ReadonlyMap<string, DraftService>,
  at: (path: string, otherwise: Place) => Place,
  report: Report,
): void {
  const taken = new Map<string, Taken>();
  for (const { service, place } of services.values()) {
    service.ports.forEach((port, index) => {
      if (!port.published || !/^\d+$/.test(port.published) || port.published === "0") return;
      const key = `${port.published}/${port.protocol}`;
      const others = taken.get(key) ?? { byAddress: new Map(), families: new Map() };
      taken.set(key, others);
      const rival = rivalOf(port.host_ip, others);
      if (rival !== undefined) {
        const who = rival === service.name ? `twice by "${service.name}"` : `by "${rival}" too`;
        const where = at(`${place.path}.ports[${index}]`, place);
        const hint = "Publish one of them on another host port";
        const message = `Host port ${key} is published ${who}`;
        // Two services may take turns; one service cannot have a port twice.
        if (rival === service.name) report.error(where, "duplicate-port", message, { hint });
        else report.warn(where, "duplicate-port", message, { hint });
      }
      take(service.name, port.host_ip, others);
    });
  }
}

/** Who has a port: the first service by address, and the first by family, whatever its address. */
interface Taken {
  readonly byAddress: Map<string, string>;
  readonly families: Map<Family, string>;
}
type Family = 4 | 6;

/** A port on every address clashes with any of its families; one on an address with that one and with every address. */
function rivalOf(address: string | undefined, { byAddress, families }: Taken): string | undefined {
  if (isEverywhere(address))
    return familiesOf(address)
      .map((family) => families.get(family))
      .find((one) => one);
  const everywhere = ["", address.includes(":") ? "::" : "0.0.0.0"];
  return [address, ...everywhere].map((one) => byAddress.get(one)).find((one) => one);
}

function take(service: string, address: string | undefined, { byAddress, families }: Taken): void {
  if (!byAddress.has(address ?? "")) byAddress.set(address ?? "", service);
  for (const family of familiesOf(address)) if (!families.has(family)) families.set(family, service);
}

function isEverywhere(address: string | undefined): address is undefined | "0.0.0.0" | "::" {
  return address === undefined || address === "" || address === "0.0.0.0" || address === "::";
}

function familiesOf(address: string | undefined): Family[] {
  if (address === undefined || address === "") return [4, 6];
  return address.includes(":") ? [6] : [4];
}
