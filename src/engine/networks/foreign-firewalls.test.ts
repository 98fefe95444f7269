import { expect, it } from "vitest";
import { chainsToOpen, foreignChanges, type NftChain, wantedRules } from "./foreign-firewalls.js";

const chain = (path: string, hook?: string, policy?: string): NftChain => {
  const [family = "", table = "", name = ""] = path.split(" ");
  return { family, table, name, hook, policy };
};
const forward = chain("ip filter FORWARD", "forward", "drop");
const dockerUser = chain("ip filter DOCKER-USER");
const names = (chains: readonly NftChain[]) => chains.map(({ family, table, name }) => `${family} ${table} ${name}`);

it("opens nothing where nothing drops", () => {
  expect(chainsToOpen([chain("ip filter FORWARD", "forward", "accept")], "gantry_a")).toEqual([]);
});

it("uses DOCKER-USER where it is, instead of the chain that Docker makes drop", () => {
  expect(names(chainsToOpen([forward, dockerUser], "gantry_a"))).toEqual(["ip filter DOCKER-USER"]);
});

it("opens every other dropping chain, of ufw or of the user, on INPUT too", () => {
  const inet = chain("inet firewall fwd", "forward", "drop");
  const input = chain("ip filter INPUT", "input", "drop");
  expect(names(chainsToOpen([forward, inet, input, dockerUser], "gantry_a"))).toEqual([
    "ip filter DOCKER-USER",
    "inet firewall fwd",
    "ip filter INPUT",
  ]);
  expect(names(chainsToOpen([forward], "gantry_a"))).toEqual(["ip filter FORWARD"]);
});

it("leaves IPv6, bridge tables and engines' tables alone", () => {
  const others = ["ip6 filter FORWARD", "bridge filter FORWARD", "ip gantry_b forward"];
  expect(
    chainsToOpen(
      others.map((path) => chain(path, "forward", "drop")),
      "gantry_a",
    ),
  ).toEqual([]);
});

it("adds what is missing, deletes what is nobody's any more, and touches nothing else", () => {
  const present = [
    { chain: forward, key: "from gn-a", handle: 7 },
    { chain: forward, key: "from gn-gone", handle: 8 },
  ];
  expect(foreignChanges(present, wantedRules([forward], ["gn-a"]), "gantry_a")).toBe(
    "delete rule ip filter FORWARD handle 8\n" +
      'insert rule ip filter FORWARD oifname "gn-a" counter accept comment "gantry_a to gn-a"\n',
  );
  const both = ["from gn-a", "to gn-a"].map((key, handle) => ({ chain: forward, key, handle }));
  expect(foreignChanges(both, wantedRules([forward], ["gn-a"]), "gantry_a")).toBe("");
});

it("lets replies in, and only these, where INPUT drops", () => {
  const [rule] = wantedRules([chain("ip filter INPUT", "input", "drop")], ["gn-a"]);
  expect(rule?.text).toBe('iifname "gn-a" ct state established,related counter accept');
});
