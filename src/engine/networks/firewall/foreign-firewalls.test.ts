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

it("opens the chains of IPv6 alike", () => {
  const six = [chain("ip6 filter FORWARD", "forward", "drop"), chain("ip6 filter DOCKER-USER")];
  expect(names(chainsToOpen([forward, dockerUser, ...six], "gantry_a"))).toEqual([
    "ip filter DOCKER-USER",
    "ip6 filter DOCKER-USER",
  ]);
  expect(names(chainsToOpen([forward, dockerUser, ...six.slice(0, 1)], "gantry_a"))).toEqual([
    "ip filter DOCKER-USER",
    "ip6 filter FORWARD",
  ]);
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

it("leaves bridge tables and engines' tables alone", () => {
  const others = ["bridge filter FORWARD", "ip gantry_b forward"];
  expect(
    chainsToOpen(
      others.map((path) => chain(path, "forward", "drop")),
      "gantry_a",
    ),
  ).toEqual([]);
});

const bridges = { all: ["gn-a"], ipv6: [] };

it("asks nothing of the chains of IPv6 for bridges that do not have it", () => {
  const six = chain("ip6 filter FORWARD", "forward", "drop");
  expect(wantedRules([six], bridges)).toEqual([]);
  expect(wantedRules([six], { all: ["gn-a", "gn-b"], ipv6: ["gn-b"] }).map(({ key }) => key)).toEqual([
    "from gn-b",
    "to gn-b",
  ]);
});

it("adds what is missing, deletes what is nobody's any more, and touches nothing else", () => {
  const present = [
    { chain: forward, key: "from gn-a", handle: 7 },
    { chain: forward, key: "from gn-gone", handle: 8 },
  ];
  expect(foreignChanges(present, wantedRules([forward], bridges), "gantry_a")).toBe(
    "delete rule ip filter FORWARD handle 8\n" +
      'insert rule ip filter FORWARD oifname "gn-a" counter accept comment "gantry_a to gn-a"\n',
  );
  const both = ["from gn-a", "to gn-a"].map((key, handle) => ({ chain: forward, key, handle }));
  expect(foreignChanges(both, wantedRules([forward], bridges), "gantry_a")).toBe("");
});

it("lets replies in, and only these, where INPUT drops", () => {
  const [rule] = wantedRules([chain("ip filter INPUT", "input", "drop")], bridges);
  expect(rule?.text).toBe('iifname "gn-a" ct state established,related counter accept');
});
