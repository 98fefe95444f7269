/** Options of network drivers: their names, which of them are honoured, and what they may say. Pure. */
import { isIPv4 } from "node:net";
import { GantryError } from "../../base/errors.js";

/** By what they do; Docker's names. */
export const networkOptions = {
  defaultBridge: "com.docker.network.bridge.default_bridge",
  bridgeName: "com.docker.network.bridge.name",
  icc: "com.docker.network.bridge.enable_icc",
  masquerade: "com.docker.network.bridge.enable_ip_masquerade",
  hostBinding: "com.docker.network.bridge.host_binding_ipv4",
  gatewayMode: {
    4: "com.docker.network.bridge.gateway_mode_ipv4",
    6: "com.docker.network.bridge.gateway_mode_ipv6",
  },
  mtu: "com.docker.network.driver.mtu",
  interfacePrefix: "com.docker.network.container_iface_prefix",
  parent: "parent",
  macvlanMode: "macvlan_mode",
} as const;

export const macvlanModes = ["private", "vepa", "bridge", "passthru"] as const;

/** Interface names that are plain. Narrower than the kernel's rule: they stand in nftables rules and in paths. */
export const interfaceNamePattern = /^[a-zA-Z0-9][\w.-]{0,14}$/;

const isFlag = (value: string) => readFlag(value) !== undefined;
const isMtu = (value: string) => /^\d+$/.test(value) && Number(value) >= 68 && Number(value) <= 65535;
const isInterface = (value: string) => interfaceNamePattern.test(value);

/** What the value of an option must be. */
const checks: Readonly<Record<string, (value: string) => boolean>> = {
  [networkOptions.defaultBridge]: isFlag,
  [networkOptions.bridgeName]: isInterface,
  [networkOptions.icc]: isFlag,
  [networkOptions.masquerade]: isFlag,
  [networkOptions.hostBinding]: isIPv4,
  [networkOptions.gatewayMode[4]]: isGatewayMode,
  [networkOptions.gatewayMode[6]]: isGatewayMode,
  [networkOptions.mtu]: isMtu,
  [networkOptions.interfacePrefix]: (value) => /^[a-zA-Z0-9][\w.-]{0,11}$/.test(value),
};

/** Values that Docker has and this engine has not. */
const lacking: Readonly<Record<string, readonly string[]>> = {
  [networkOptions.defaultBridge]: ["true"],
  [networkOptions.gatewayMode[4]]: ["routed", "isolated"],
  [networkOptions.gatewayMode[6]]: ["routed", "isolated"],
};

/**
 * Checks a bridge's options. Those of other vendors are kept and mean nothing here, as with Docker.
 *
 * @throws {GantryError} "bad-parameter" for a wrong value, "not-supported" for an option of Docker's not honoured here
 */
export function checkBridgeOptions(options: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!name.startsWith("com.docker.network.")) continue;
    const isValid = checks[name];
    if (!isValid) throw new GantryError("not-supported", `network option ${name} is not supported`);
    if (!isValid(value)) throw new GantryError("bad-parameter", `invalid ${name}: ${value}`);
    if (lacking[name]?.includes(value)) {
      throw new GantryError("not-supported", `network option ${name}=${value} is not supported`);
    }
  }
}

/** @throws {GantryError} "bad-parameter" */
export function checkMacvlanOptions(options: Readonly<Record<string, string>>): void {
  const { parent, [networkOptions.macvlanMode]: mode = "bridge", [networkOptions.mtu]: mtu } = options;
  const allowed: readonly string[] = [networkOptions.parent, networkOptions.macvlanMode, networkOptions.mtu];
  const unknown = Object.keys(options).find((name) => !allowed.includes(name));
  if (unknown !== undefined) throw new GantryError("bad-parameter", `unknown macvlan option: ${unknown}`);
  if (parent === undefined) {
    throw new GantryError("bad-parameter", "macvlan needs the option parent", {
      hint: "Name the host's interface that containers share: -o parent=eth0",
    });
  }
  if (!interfaceNamePattern.test(parent) || parent === "lo") {
    throw new GantryError("bad-parameter", `invalid parent interface: ${parent}`);
  }
  if (!macvlanModes.some((one) => one === mode)) {
    throw new GantryError("bad-parameter", `requested macvlan mode '${mode}' is not valid`);
  }
  if (mtu !== undefined && !isMtu(mtu)) throw new GantryError("bad-parameter", `invalid ${networkOptions.mtu}: ${mtu}`);
}

/** Go's spellings of true and false; undefined for anything else. */
export function readFlag(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (["1", "t", "T", "true", "TRUE", "True"].includes(value)) return true;
  return ["0", "f", "F", "false", "FALSE", "False"].includes(value) ? false : undefined;
}

function isGatewayMode(value: string): boolean {
  return ["nat", "nat-unprotected", "routed", "isolated"].includes(value);
}
