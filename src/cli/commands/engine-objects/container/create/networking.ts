/** The flags about networks, as what the create call takes. Pure. */
import { GantryError } from "../../../../../base/errors.js";
import type { ContainerCreateBody } from "../../../../../wire/container.js";
import type { EndpointSettings } from "../../../../../wire/network.js";
import { parseInteger } from "../../../../options.js";
import type { CreateOptions } from "./create-options.js";
import { splitCsv, splitField } from "./csv.js";
import { copy, optional } from "./optional.js";

/** The first network; the engine's default one when none was named. Throws "bad-parameter". */
export function networkMode({ network: [first] = [] }: CreateOptions): string {
  return first === undefined ? "default" : parseNetwork(first).name;
}

/** The endpoints, where more was said than the name of one network. Throws "bad-parameter". */
export function networking(options: CreateOptions): Pick<ContainerCreateBody, "NetworkingConfig"> {
  const first = firstSettings(options);
  const [name, ...others] = (options.network ?? []).map(parseNetwork);
  if (others.length === 0 && Object.keys({ ...first, ...name?.settings }).length === 0) return {};
  const clash = name && Object.keys(first).find((key) => key in name.settings);
  if (clash !== undefined) {
    throw new GantryError("bad-parameter", `--network ${options.network?.[0]} and a flag of its own both set ${clash}`);
  }
  const endpoints: Array<[string, EndpointSettings]> = [
    [name?.name ?? "default", { ...first, ...name?.settings }],
    ...others.map(({ name: other, settings }): [string, EndpointSettings] => [other, settings]),
  ];
  return { NetworkingConfig: { EndpointsConfig: Object.fromEntries(endpoints) } };
}

/** What the flags beside `--network` say of the first one. */
function firstSettings(options: CreateOptions): EndpointSettings {
  const { ip, ip6, linkLocalIp, networkAlias, link, macAddress, network } = options;
  const isUserDefined = network?.[0] !== undefined && !["default", "bridge"].includes(networkMode(options));
  return optional<EndpointSettings>({
    Aliases: copy(networkAlias),
    // On the default network links are the container's own.
    Links: isUserDefined ? copy(link) : undefined,
    IPAMConfig: addresses({ ip, ip6, linkLocalIp }),
    MacAddress: macAddress,
  } as EndpointSettings);
}

function addresses({
  ip,
  ip6,
  linkLocalIp,
}: {
  ip?: string | undefined;
  ip6?: string | undefined;
  linkLocalIp?: readonly string[] | undefined;
}): EndpointSettings["IPAMConfig"] {
  const config = optional({ IPv4Address: ip, IPv6Address: ip6, LinkLocalIPs: copy(linkLocalIp) });
  return Object.keys(config).length > 0 ? (config as EndpointSettings["IPAMConfig"]) : undefined;
}

/** A name, or the long form `name=net,alias=a,ip=10.0.0.5`. */
export function parseNetwork(text: string): { name: string; settings: EndpointSettings } {
  if (!text.includes("=")) return { name: text, settings: {} };
  const found = new Map<string, string[]>();
  for (const [key, value = ""] of splitCsv(text).map(splitField)) {
    if (!longNames.includes(key)) throw new GantryError("bad-parameter", `--network: ${text}: ${key} is not known`);
    found.set(key, [...(found.get(key) ?? []), value]);
  }
  const name = found.get("name")?.[0];
  if (!name) throw new GantryError("bad-parameter", `--network: ${text}: a name is missing`);
  const one = (key: string) => found.get(key)?.[0];
  const priority = one("gw-priority");
  const options = found.get("driver-opt")?.map((word) => [word.split("=", 1)[0] ?? "", word.replace(/^[^=]*=?/, "")]);
  return {
    name,
    settings: optional<EndpointSettings>({
      Aliases: found.get("alias"),
      Links: found.get("link"),
      IPAMConfig: addresses({ ip: one("ip"), ip6: one("ip6"), linkLocalIp: found.get("link-local-ip") }),
      MacAddress: one("mac-address"),
      DriverOpts: options && Object.fromEntries(options),
      GwPriority: priority === undefined ? undefined : parseInteger(priority, "gw-priority"),
    } as EndpointSettings),
  };
}

const longNames = ["name", "alias", "link", "ip", "ip6", "link-local-ip", "mac-address", "driver-opt", "gw-priority"];
