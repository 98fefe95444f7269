/**
 * The text of our nftables tables, one for each address family. Pure: `nft -f` takes what is returned, each text being
 * one transaction.
 *
 * What a table does, in the order in which a packet meets it:
 * - `guard` (IPv4): nothing from a wire may be addressed to 127/8. Bridges have `route_localnet` on, for clients on the
 *   host's loopback, and without this rule containers would reach the host's loopback services, and neighbours the
 *   ports published on 127.0.0.1. Right replies pass: on the wire they go to the bridge's address, and become 127/8
 *   later.
 * - `publish`, from `prerouting` and `output`: exact host address first, then any. Plain maps rather than interval
 *   maps, whose result depends on the order of insertion. Not for `::1`, which the kernel routes nowhere else: the
 *   engine relays it.
 * - `forward`: nothing between interfaces of a host that forwarded nothing before (`forwarding.ts`); within a bridge
 *   yes (unless `enable_icc` is off), between bridges no, out yes unless internal, in only what was published or
 *   belongs to a connection.
 * - `postrouting`: masquerade for what leaves a bridge's subnet, for loopback clients, and for hairpins (a container
 *   that reaches its own network through a published port), whose replies would else not come back this way.
 */
import type { Family } from "../addresses/ip.js";

/** One bridge network. */
export interface BridgeRules {
  readonly bridge: string;
  /** As `10.90.0.0/20` and `fd00::/64`; none where the network lacks the family. */
  readonly subnets: Readonly<Record<Family, readonly string[]>>;
  readonly internal: boolean;
  /** Containers of the network may talk to each other (`com.docker.network.bridge.enable_icc`). */
  readonly icc: boolean;
  /** `com.docker.network.bridge.enable_ip_masquerade`. */
  readonly masquerade: boolean;
  /** Ports that are not published may be reached too (`gateway_mode_ipv4` and `…6`: `nat-unprotected`). */
  readonly open: Readonly<Record<Family, boolean>>;
}

/** `hostAddress` 0.0.0.0 and :: mean any address of the host. The container's `address` is of the same family. */
export interface PublishedPort {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

/** What one family's table holds. `closed` are interfaces of the host between which nothing may be forwarded. */
export interface TableContent {
  readonly bridges: readonly BridgeRules[];
  readonly ports: readonly PublishedPort[];
  readonly closed: readonly string[];
}

const names = {
  4: { table: "ip", addressType: "ipv4_addr", any: "0.0.0.0" },
  6: { table: "ip6", addressType: "ipv6_addr", any: "::" },
} as const;

export function portFamily({ hostAddress }: Pick<PublishedPort, "hostAddress">): Family {
  return hostAddress.includes(":") ? 6 : 4;
}

/** `ip gantry_x`: how nft names a family's table. */
export function tableName(family: Family, table: string): string {
  return `${names[family].table} ${table}`;
}

/** Makes a table anew, with all of its content, in one transaction; connections that exist go on. */
export function wholeTable(family: Family, table: string, content: TableContent): string {
  const { addressType } = names[family];
  const own = tableName(family, table);
  const target = `${addressType} . inet_service`;
  const toPort = `dnat ${names[family].table} to`;
  const local = family === 4 ? "" : "ip6 daddr != ::1 ";
  return [
    `table ${own}`,
    `delete table ${own}`,
    `table ${own} {`,
    "  set bridges { type ifname; }",
    "  set closed { type ifname; }",
    `  map ports_exact { type ${addressType} . inet_proto . inet_service : ${target}; }`,
    `  map ports_any { type inet_proto . inet_service : ${target}; }`,
    ...(family === 4 ? guard : []),
    "  chain publish {",
    `    ${toPort} ${names[family].table} daddr . meta l4proto . th dport map @ports_exact`,
    `    ${toPort} meta l4proto . th dport map @ports_any`,
    "  }",
    "  chain prerouting {",
    "    type nat hook prerouting priority dstnat; policy accept;",
    "    fib daddr type local jump publish",
    "  }",
    "  chain output {",
    "    type nat hook output priority -100; policy accept;",
    `    ${local}fib daddr type local jump publish`,
    "  }",
    "  chain forward { type filter hook forward priority filter; policy accept; }",
    "  chain postrouting { type nat hook postrouting priority srcnat; policy accept; }",
    "}",
    ...bridgeLines(family, own, content),
    ...content.ports.filter((port) => portFamily(port) === family).map((port) => portLine("add", table, port)),
    "",
  ].join("\n");
}

const guard = [
  "  chain guard {",
  "    type filter hook prerouting priority raw; policy accept;",
  '    iifname != "lo" ip daddr 127.0.0.0/8 drop',
  "    iifname @bridges ip saddr 127.0.0.0/8 drop",
  "  }",
];

/** Replaces what a table says about bridges. */
export function bridgesChange(family: Family, table: string, content: Omit<TableContent, "ports">): string {
  const own = tableName(family, table);
  return [
    `flush set ${own} bridges`,
    `flush set ${own} closed`,
    `flush chain ${own} forward`,
    `flush chain ${own} postrouting`,
    ...bridgeLines(family, own, content),
    "",
  ].join("\n");
}

/** Takes ports away and adds ports at one moment: with one host port in both lists, it is flipped. */
export function portsChange(
  table: string,
  { remove = [], add = [] }: { remove?: readonly PublishedPort[]; add?: readonly PublishedPort[] },
): string {
  const lines = [
    ...remove.map((port) => portLine("delete", table, port)),
    ...add.map((port) => portLine("add", table, port)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function bridgeLines(family: Family, own: string, { bridges, closed }: Omit<TableContent, "ports">): string[] {
  const present = bridges.filter(({ subnets }) => subnets[family].length > 0);
  const forward = [
    ...(closed.length > 0 ? ["iifname @closed oifname @closed drop"] : []),
    ...present.flatMap((rules) => forwardRules(family, rules)),
    "oifname @bridges ct state established,related accept",
    "oifname @bridges ct status dnat accept",
    "oifname @bridges drop",
  ];
  const loopback = family === 4 ? ["oifname @bridges ip saddr 127.0.0.0/8 masquerade"] : [];
  const postrouting = [...present.flatMap((rules) => masqueradeRules(family, rules)), ...loopback];
  return [
    ...elements(
      own,
      "bridges",
      present.map(({ bridge }) => bridge),
    ),
    ...elements(own, "closed", closed),
    ...forward.map((rule) => `add rule ${own} forward ${rule}`),
    ...postrouting.map((rule) => `add rule ${own} postrouting ${rule}`),
  ];
}

function elements(own: string, set: string, interfaces: readonly string[]): string[] {
  const quoted = interfaces.map((name) => `"${name}"`).join(", ");
  return quoted === "" ? [] : [`add element ${own} ${set} { ${quoted} }`];
}

function forwardRules(family: Family, { bridge, internal, icc, open }: BridgeRules): string[] {
  const within = `iifname "${bridge}" oifname "${bridge}"`;
  return [
    ...(internal
      ? [`iifname "${bridge}" oifname != "${bridge}" drop`, `oifname "${bridge}" iifname != "${bridge}" drop`]
      : []),
    // With icc off these packets meet the rules at the end, which let in only what was published.
    ...(icc ? [`${within} accept`] : []),
    ...(open[family] ? [`oifname "${bridge}" iifname != @bridges accept`] : []),
  ];
}

function masqueradeRules(family: Family, { bridge, subnets, internal, masquerade }: BridgeRules): string[] {
  return subnets[family].flatMap((subnet) => {
    const from = `${names[family].table} saddr ${subnet}`;
    return [
      // By subnet, as where bridges call the firewall such a packet does not say through which interface it came.
      `${from} oifname "${bridge}" ct status dnat masquerade`,
      ...(masquerade && !internal ? [`${from} oifname != "${bridge}" masquerade`] : []),
    ];
  });
}

function portLine(verb: "add" | "delete", table: string, port: PublishedPort): string {
  const { protocol, hostAddress, hostPort } = port;
  const family = portFamily(port);
  const [map, key] =
    hostAddress === names[family].any
      ? ["ports_any", `${protocol} . ${hostPort}`]
      : ["ports_exact", `${hostAddress} . ${protocol} . ${hostPort}`];
  return `${verb} element ${tableName(family, table)} ${map} { ${key} : ${port.address} . ${port.port} }`;
}
