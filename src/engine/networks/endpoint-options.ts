/** Options of an endpoint (`DriverOpts`): the interface's name and settings. Pure. */
import { GantryError } from "../../base/errors.js";
import type { EndpointSettings } from "../../wire/network.js";
import { interfaceNamePattern } from "./driver-options.js";

const ifname = "com.docker.network.endpoint.ifname";
const sysctls = "com.docker.network.endpoint.sysctls";

export interface EndpointOptions {
  /** The interface's name in the container; undefined: the next free `eth0`. */
  readonly name: string | undefined;
  /** Words of the path under /proc/sys, with the placeholder `IFNAME` for the interface. */
  readonly sysctls: ReadonlyArray<{ readonly path: readonly string[]; readonly value: string }>;
}

/** Those of other vendors mean nothing, as with Docker. Throws "bad-parameter", "not-supported". */
export function endpointOptions({ DriverOpts }: EndpointSettings): EndpointOptions {
  const options = DriverOpts ?? {};
  const unknown = Object.keys(options).find(
    (key) => key.startsWith("com.docker.network.") && key !== ifname && key !== sysctls,
  );
  if (unknown !== undefined) throw new GantryError("not-supported", `endpoint option ${unknown} is not supported`);
  const name = options[ifname];
  if (
    name !== undefined &&
    (!interfaceNamePattern.test(name) || name === "lo" || name === "all" || name === "default")
  ) {
    throw new GantryError("bad-parameter", `invalid interface name: ${name}`);
  }
  return { name, sysctls: (options[sysctls] ?? "").split(",").filter(Boolean).map(interfaceSysctl) };
}

/** `net.ipv4.conf.IFNAME.log_martians=1`. */
function interfaceSysctl(text: string): { path: string[]; value: string } {
  const [, key = "", value = ""] = /^([^=]+)=(.*)$/.exec(text.trim()) ?? [];
  const path = key.split(".");
  const isValid =
    path.length === 5 &&
    path[0] === "net" &&
    /^(ipv4|ipv6|mpls)$/.test(path[1] ?? "") &&
    path[3] === "IFNAME" &&
    path.every((word) => /^\w+$/.test(word)) &&
    value !== "";
  if (isValid) return { path, value };
  throw new GantryError("bad-parameter", `invalid sysctl for an interface: ${text}`, {
    hint: "Write it as net.ipv4.conf.IFNAME.log_martians=1, with the word IFNAME.",
  });
}
