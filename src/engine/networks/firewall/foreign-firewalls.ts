/**
 * Lets our bridges through the firewalls of others: Docker's, ufw's, or any other that drops what it does not know.
 *
 * A packet passes every base chain of a hook, and one drop ends it, so accepting it in our own table is not enough. In
 * Docker's case the rules go to `DOCKER-USER`, which it leaves to its users; else to the top of the chain that drops.
 * What our bridges may and may not do is still decided by our own table (`ruleset.ts`), which sees the packets as well.
 * Each rule carries a comment that says whose it is, by which it is found and deleted again.
 *
 * The first half is pure (chains in, commands out); `syncForeignFirewalls` carries it out.
 */
import { isRecord } from "../../../base/json.js";
import type { Nftables } from "../../kernel/network/nftables.js";
import type { Family } from "../addresses/ip.js";

/** A chain as `nft -j list chains` has it; base chains have a hook. */
export interface NftChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook: string | undefined;
  readonly policy: string | undefined;
}

/** A rule of ours in a chain of others. `key` says what it does and for which bridge. */
export interface ForeignRule {
  readonly chain: NftChain;
  readonly key: string;
  readonly text: string;
}
export interface PresentRule {
  readonly chain: NftChain;
  readonly key: string;
  readonly handle: number;
}

const dockerUser = "DOCKER-USER";
/** What iptables-nft and nft users write; `bridge` and `netdev` tables do not see routed packets. */
const families = ["ip", "ip6", "inet"];

/** The chains that would drop our packets, or where Docker wants exceptions. `owner` is our table's name. */
export function chainsToOpen(chains: readonly NftChain[], owner: string): NftChain[] {
  const foreign = chains.filter(({ family, table }) => families.includes(family) && !table.startsWith("gantry_"));
  const users = foreign.filter(
    ({ family, table, name }) => family !== "inet" && table === "filter" && name === dockerUser,
  );
  const dropping = foreign.filter(
    ({ hook, policy, table }) => (hook === "forward" || hook === "input") && policy === "drop" && table !== owner,
  );
  const isDockers = (chain: NftChain) =>
    chain.hook === "forward" && chain.table === "filter" && users.some(({ family }) => family === chain.family);
  return [...users, ...dropping.filter((chain) => !isDockers(chain))];
}

/** Names of bridges: of all, and of those with IPv6. */
export interface OwnBridges {
  readonly all: readonly string[];
  readonly ipv6: readonly string[];
}

/** What each of those chains must accept. */
export function wantedRules(chains: readonly NftChain[], bridges: OwnBridges): ForeignRule[] {
  return chains.flatMap((chain) =>
    (chain.family === "ip6" ? bridges.ipv6 : bridges.all).flatMap((bridge) => {
      const established = "ct state established,related counter accept";
      // To the host itself only replies to its own connections, as to published ports from its loopback.
      if (chain.hook === "input")
        return [{ chain, key: `reply ${bridge}`, text: `iifname "${bridge}" ${established}` }];
      return [
        { chain, key: `from ${bridge}`, text: `iifname "${bridge}" counter accept` },
        { chain, key: `to ${bridge}`, text: `oifname "${bridge}" counter accept` },
      ];
    }),
  );
}

/** The commands that lead from `present` to `wanted`; "" when nothing differs. */
export function foreignChanges(present: readonly PresentRule[], wanted: readonly ForeignRule[], owner: string): string {
  const place = ({ family, table, name }: NftChain) => `${family} ${table} ${name}`;
  const idOf = ({ chain, key }: PresentRule | ForeignRule) => `${place(chain)} ${key}`;
  const wantedIds = new Set(wanted.map(idOf));
  const presentIds = new Set(present.map(idOf));
  const lines = [
    ...present
      .filter((rule) => !wantedIds.has(idOf(rule)))
      .map(({ chain, handle }) => `delete rule ${place(chain)} handle ${handle}`),
    ...wanted
      .filter((rule) => !presentIds.has(idOf(rule)))
      .map(({ chain, key, text }) => `insert rule ${place(chain)} ${text} comment "${owner} ${key}"`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * Makes others' chains accept `bridges` and forget bridges of ours that are gone.
 *
 * @returns the families in which our own table is there, and whether firewalld runs
 * @throws {GantryError} "network-failed"
 */
export function syncForeignFirewalls(
  nft: Nftables,
  owner: string,
  bridges: OwnBridges,
): { ownTables: Family[]; firewalld: boolean } {
  const chains = chainsIn(nft.list("list chains"));
  const open = bridges.all.length > 0 ? chainsToOpen(chains, owner) : [];
  // Rules of ours may stand in chains that drop no longer, so every place where they can have been put is looked at.
  const places = chains.filter(
    ({ family, table, name, hook }) =>
      families.includes(family) &&
      !table.startsWith("gantry_") &&
      (name === dockerUser || /^(forward|input)$/.test(hook ?? "")),
  );
  const present = places.flatMap((chain) => presentRules(nft, chain, owner));
  const commands = foreignChanges(present, wantedRules(open, bridges), owner);
  if (commands !== "") nft.run(commands);
  const has = (name: string, owned: string) => chains.some(({ family, table }) => family === name && table === owned);
  return {
    ownTables: [...(has("ip", owner) ? [4 as const] : []), ...(has("ip6", owner) ? [6 as const] : [])],
    firewalld: ["inet", "ip"].some((family) => has(family, "firewalld")),
  };
}

function presentRules(nft: Nftables, chain: NftChain, owner: string): PresentRule[] {
  const listed = nft.list(`list chain ${chain.family} ${chain.table} ${chain.name}`);
  return objectsIn(listed, "rule").flatMap(({ comment, handle }) => {
    const isOurs = typeof comment === "string" && comment.startsWith(`${owner} `) && typeof handle === "number";
    return isOurs ? [{ chain, key: comment.slice(owner.length + 1), handle }] : [];
  });
}

function chainsIn(listed: unknown): NftChain[] {
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  return objectsIn(listed, "chain").map(({ family, table, name, hook, policy }) => ({
    family: text(family) ?? "",
    table: text(table) ?? "",
    name: text(name) ?? "",
    hook: text(hook),
    policy: text(policy),
  }));
}

/** Members of one kind in libnftables' JSON: `{ nftables: [{ chain: {…} }, …] }`. */
function objectsIn(listed: unknown, kind: string): Array<Record<string, unknown>> {
  const members = isRecord(listed) && Array.isArray(listed.nftables) ? listed.nftables : [];
  return members.flatMap((member: unknown) => {
    const object = isRecord(member) ? member[kind] : undefined;
    return isRecord(object) ? [object] : [];
  });
}
