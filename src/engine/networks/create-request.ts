/** What a request for a network may say, as far as it does not depend on other networks. Pure. */
import { GantryError } from "../../base/errors.js";
import type { NetworkCreateBody } from "../../wire/network.js";
import type { Family } from "./addresses/ip.js";
import { unusedPools } from "./addresses/ipam.js";
import { checkBridgeOptions, checkMacvlanOptions } from "./driver-options.js";

export const networkNamePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** Drivers that Docker has and this engine has not. */
const lackingDrivers = ["ipvlan", "overlay"];

/** Throws "bad-parameter", "network-forbidden", "network-not-found" (an unknown driver), "not-supported". */
export function checkCreateBody(body: NetworkCreateBody): void {
  if (!networkNamePattern.test(body.Name ?? "")) {
    throw new GantryError("bad-parameter", `invalid network name: ${body.Name}`);
  }
  if (["bridge", "host", "none", "default"].includes(body.Name)) {
    const message = `operation is not permitted on predefined ${body.Name} network`;
    throw new GantryError("network-forbidden", message);
  }
  checkKind(body);
  const ipamDriver = body.IPAM?.Driver || "default";
  if (ipamDriver !== "default") throw new GantryError("not-supported", `IPAM driver ${ipamDriver} is not supported`);
  const families = familiesOf(body);
  if (families.length === 0) throw new GantryError("bad-parameter", "IPv4 or IPv6 must be enabled");
  unusedPools(body.IPAM, families); // refuses what has no family
  checkDriver(body);
}

/** What the user should know of a network that was made all the same; "" for nothing. */
export function createWarning(body: NetworkCreateBody): string {
  const unused = unusedPools(body.IPAM, familiesOf(body));
  return unused.length === 0 ? "" : `${unused.join(", ")} is not used: its address family is not enabled`;
}

/** Go's reading of the two flags: IPv4 unless switched off, IPv6 if switched on. */
export function familiesOf({ EnableIPv4, EnableIPv6 }: NetworkCreateBody): Family[] {
  return [...((EnableIPv4 ?? true) ? [4 as const] : []), ...(EnableIPv6 ? [6 as const] : [])];
}

function checkKind({ Scope, Ingress, ConfigOnly, ConfigFrom }: NetworkCreateBody): void {
  if (Scope && Scope !== "local") throw new GantryError("not-supported", `network scope ${Scope} is not supported`);
  if (Ingress) throw new GantryError("not-supported", "Ingress network is not supported: there is no swarm");
  if (ConfigOnly) throw new GantryError("not-supported", "ConfigOnly networks are not supported");
  if (ConfigFrom?.Network) throw new GantryError("not-supported", "ConfigFrom networks are not supported");
}

function checkDriver({ Driver, Options, IPAM }: NetworkCreateBody): void {
  const driver = Driver || "bridge";
  if (driver === "host" || driver === "null") {
    throw new GantryError("network-forbidden", `only one instance of "${driver}" network is allowed`);
  }
  if (lackingDrivers.includes(driver)) {
    throw new GantryError("not-supported", `network driver ${driver} is not supported: use bridge or macvlan`);
  }
  if (driver === "macvlan") checkMacvlanOptions(Options ?? {});
  else checkBridge({ Driver: driver, Options: Options ?? null, IPAM: IPAM ?? null });
}

function checkBridge({ Driver: driver, Options, IPAM }: Partial<NetworkCreateBody>): void {
  if (driver !== "bridge" && driver !== "default") {
    const message = `could not find plugin ${driver} in v1 plugin registry: plugin not found`;
    throw new GantryError("network-not-found", message);
  }
  checkBridgeOptions(Options ?? {});
  const versions = (IPAM?.Config ?? []).map(({ Subnet }) => (Subnet?.includes(":") ? 6 : 4));
  if (new Set(versions).size < versions.length) {
    throw new GantryError("network-forbidden", "bridge driver doesn't support multiple subnets", {
      hint: "One IPv4 and one IPv6 subnet are possible.",
    });
  }
}
