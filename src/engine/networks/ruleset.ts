/**
 * The text of our nftables table. Pure: `nft -f` takes what is returned, each text being one transaction.
 *
 * What the table does, in the order in which a packet meets it:
 * - `guard`: nothing from a wire may be addressed to 127/8. Bridges have `route_localnet` on, for clients on the
 *   host's loopback, and without this rule containers would reach the host's loopback services, and neighbours the
 *   ports published on 127.0.0.1. Right replies pass: on the wire they go to the bridge's address, and become 127/8
 *   later.
 * - `publish`, from `prerouting` and `output`: exact host address first, then any. Plain maps rather than interval
 *   maps, whose result depends on the order of insertion.
 * - `forward`: within a bridge yes (unless `enable_icc` is off), between bridges no, out yes unless internal, in only
 *   what was published or belongs to a connection.
 * - `postrouting`: masquerade for what leaves a bridge's subnet, for loopback clients, and for hairpins (a container
 *   that reaches its own network through a published port), whose replies would else not come back this way.
 */

/** One bridge network. `subnet` as `10.90.0.0/20`. */
export interface BridgeRules {
  readonly bridge: string;
  readonly subnet: string;
  readonly internal: boolean;
  /** Containers of the network may talk to each other (`com.docker.network.bridge.enable_icc`). */
  readonly icc: boolean;
  /** `com.docker.network.bridge.enable_ip_masquerade`. */
  readonly masquerade: boolean;
}

/** `hostAddress` 0.0.0.0 means any address of the host. */
export interface PublishedPort {
  readonly protocol: "tcp" | "udp";
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

const anyAddress = "0.0.0.0";

/** Makes the table anew, with all of its content, in one transaction; connections that exist go on. */
export function wholeTable(table: string, bridges: readonly BridgeRules[], ports: readonly PublishedPort[]): string {
  return [
    `table ip ${table}`,
    `delete table ip ${table}`,
    `table ip ${table} {`,
    "  set bridges { type ifname; }",
    "  map ports_exact { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }",
    "  map ports_any { type inet_proto . inet_service : ipv4_addr . inet_service; }",
    "  chain guard {",
    "    type filter hook prerouting priority raw; policy accept;",
    '    iifname != "lo" ip daddr 127.0.0.0/8 drop',
    "    iifname @bridges ip saddr 127.0.0.0/8 drop",
    "  }",
    "  chain publish {",
    "    dnat ip to ip daddr . meta l4proto . th dport map @ports_exact",
    "    dnat ip to meta l4proto . th dport map @ports_any",
    "  }",
    "  chain prerouting {",
    "    type nat hook prerouting priority dstnat; policy accept;",
    "    fib daddr type local jump publish",
    "  }",
    "  chain output {",
    "    type nat hook output priority -100; policy accept;",
    "    fib daddr type local jump publish",
    "  }",
    "  chain forward { type filter hook forward priority filter; policy accept; }",
    "  chain postrouting { type nat hook postrouting priority srcnat; policy accept; }",
    "}",
    ...bridgeLines(table, bridges),
    ...ports.map((port) => portLine("add", table, port)),
    "",
  ].join("\n");
}

/** Replaces what the table says about bridges. */
export function bridgesChange(table: string, bridges: readonly BridgeRules[]): string {
  return [
    `flush set ip ${table} bridges`,
    `flush chain ip ${table} forward`,
    `flush chain ip ${table} postrouting`,
    ...bridgeLines(table, bridges),
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

function bridgeLines(table: string, bridges: readonly BridgeRules[]): string[] {
  const names = bridges.map(({ bridge }) => `"${bridge}"`);
  const forward = [
    ...bridges.flatMap(forwardRules),
    "oifname @bridges ct state established,related accept",
    "oifname @bridges ct status dnat accept",
    "oifname @bridges drop",
  ];
  const postrouting = [...bridges.flatMap(masqueradeRules), "oifname @bridges ip saddr 127.0.0.0/8 masquerade"];
  return [
    ...(names.length > 0 ? [`add element ip ${table} bridges { ${names.join(", ")} }`] : []),
    ...forward.map((rule) => `add rule ip ${table} forward ${rule}`),
    ...postrouting.map((rule) => `add rule ip ${table} postrouting ${rule}`),
  ];
}

function forwardRules({ bridge, internal, icc }: BridgeRules): string[] {
  const within = `iifname "${bridge}" oifname "${bridge}"`;
  return [
    ...(internal
      ? [`iifname "${bridge}" oifname != "${bridge}" drop`, `oifname "${bridge}" iifname != "${bridge}" drop`]
      : []),
    // With icc off these packets meet the rules at the end, which let in only what was published.
    ...(icc ? [`${within} accept`] : []),
  ];
}

function masqueradeRules({ bridge, subnet, internal, masquerade }: BridgeRules): string[] {
  return [
    // By subnet, as where bridges call the firewall such a packet does not say through which interface it came.
    `ip saddr ${subnet} oifname "${bridge}" ct status dnat masquerade`,
    ...(masquerade && !internal ? [`ip saddr ${subnet} oifname != "${bridge}" masquerade`] : []),
  ];
}

function portLine(verb: "add" | "delete", table: string, port: PublishedPort): string {
  const { protocol, hostAddress, hostPort } = port;
  const [map, key] =
    hostAddress === anyAddress
      ? ["ports_any", `${protocol} . ${hostPort}`]
      : ["ports_exact", `${hostAddress} . ${protocol} . ${hostPort}`];
  return `${verb} element ip ${table} ${map} { ${key} : ${port.address} . ${port.port} }`;
}
