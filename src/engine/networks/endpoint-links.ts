/** From a planned endpoint to the link that is made of it. Pure. */
import type { EndpointSettings } from "../../wire/network.js";
import { type Family, parseAddress } from "./addresses/ip.js";
import { macvlanModes, networkOptions } from "./driver-options.js";
import { gatewayEndpoint, gatewayText, type PlannedEndpoint } from "./endpoint-registry.js";
import { bridgeName, mtuOf, type NetworkRecord } from "./network-record.js";
import { type Gateways, interfaceNames, type SandboxLink, type Via } from "./sandbox-links.js";

const vethIdLength = 12;

/** Links of several endpoints, named in their order; `taken` are the namespace's names. Throws "bad-parameter". */
export function linksOf(
  endpoints: readonly PlannedEndpoint[],
  { taken, hairpin }: { taken: string[]; hairpin: boolean },
): SandboxLink[] {
  const wanted = endpoints.map(({ record, options }) => ({ name: options.name, prefix: interfacePrefix(record) }));
  const names = interfaceNames(wanted, taken);
  return endpoints.map(({ record, settings, addresses, mac, options }, at) => ({
    inside: names[at] ?? "",
    addresses,
    mac,
    mtu: mtuOf(record),
    sysctls: options.sysctls,
    wire: wireOf(record, settings, hairpin),
  }));
}

/** The near end of a veth pair. Derived from the endpoint, so that a restarted engine knows it. */
export function vethName({ EndpointID = "" }: EndpointSettings): string {
  return `gv-${EndpointID.slice(0, vethIdLength)}`;
}

/** The default routes that a container has with these endpoints. */
export function gatewaysOf(endpoints: Readonly<Record<string, EndpointSettings>>): Gateways {
  const via = (family: Family): Via | undefined => {
    const settings = gatewayEndpoint(endpoints, family);
    const gateway = settings && parseAddress(gatewayText(settings, family));
    return gateway && { gateway, mac: settings?.MacAddress ?? "" };
  };
  return { 4: via(4), 6: via(6) };
}

function interfacePrefix(record: NetworkRecord): string {
  return record.options[networkOptions.interfacePrefix] ?? "eth";
}

function wireOf(record: NetworkRecord, settings: EndpointSettings, hairpin: boolean): SandboxLink["wire"] {
  if (record.driver !== "macvlan") {
    return { kind: "bridge", outside: vethName(settings), bridge: bridgeName(record), hairpin };
  }
  const mode = macvlanModes.find((one) => one === record.options[networkOptions.macvlanMode]) ?? "bridge";
  return { kind: "macvlan", parent: record.options[networkOptions.parent] ?? "", mode };
}
