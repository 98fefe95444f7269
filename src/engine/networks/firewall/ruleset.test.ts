import { expect, it } from "vitest";
import { type BridgeRules, bridgesChange, type PublishedPort, portsChange, wholeTable } from "./ruleset.js";

const front: BridgeRules = {
  ...{ bridge: "gn-front", internal: false, icc: true, masquerade: true },
  subnets: { 4: ["10.90.0.0/20"], 6: [] },
  open: { 4: false, 6: false },
};
const inner: BridgeRules = {
  ...front,
  ...{ bridge: "gn-inner", subnets: { 4: ["10.90.16.0/20"], 6: [] }, internal: true },
};
const dual: BridgeRules = { ...front, bridge: "gn-dual", subnets: { 4: ["10.90.32.0/20"], 6: ["fd00:90::/64"] } };
const web: PublishedPort = {
  ...{ protocol: "tcp", hostAddress: "0.0.0.0", hostPort: 8080 },
  ...{ address: "10.90.0.2", port: 80 },
};
const local: PublishedPort = { ...web, hostAddress: "127.0.0.1", hostPort: 5432, port: 5432 };
const lines = (text: string) => text.trimEnd().split("\n");

it("replaces the table and all of its content in one text", () => {
  expect(lines(wholeTable(4, "gantry_a", { bridges: [front], ports: [web], closed: [] })).slice(0, 3)).toEqual([
    "table ip gantry_a",
    "delete table ip gantry_a",
    "table ip gantry_a {",
  ]);
  expect(wholeTable(4, "gantry_a", { bridges: [front], ports: [web], closed: [] })).toContain(
    'iifname != "lo" ip daddr 127.0.0.0/8 drop',
  );
});

it("lets a bridge talk within itself and out, and lets in only replies and what was published", () => {
  expect(lines(bridgesChange(4, "gantry_a", { bridges: [front], closed: [] }))).toEqual([
    "flush set ip gantry_a bridges",
    "flush set ip gantry_a closed",
    "flush chain ip gantry_a forward",
    "flush chain ip gantry_a postrouting",
    'add element ip gantry_a bridges { "gn-front" }',
    'add rule ip gantry_a forward iifname "gn-front" oifname "gn-front" accept',
    "add rule ip gantry_a forward oifname @bridges ct state established,related accept",
    "add rule ip gantry_a forward oifname @bridges ct status dnat accept",
    "add rule ip gantry_a forward oifname @bridges drop",
    'add rule ip gantry_a postrouting ip saddr 10.90.0.0/20 oifname "gn-front" ct status dnat masquerade',
    'add rule ip gantry_a postrouting ip saddr 10.90.0.0/20 oifname != "gn-front" masquerade',
    "add rule ip gantry_a postrouting oifname @bridges ip saddr 127.0.0.0/8 masquerade",
  ]);
});

it("closes an internal network both ways, before anything is accepted, and masquerades nothing of it", () => {
  const text = bridgesChange(4, "gantry_a", { bridges: [front, inner], closed: [] });
  const drop = text.indexOf('forward iifname "gn-inner" oifname != "gn-inner" drop');
  expect(drop).toBeGreaterThan(0);
  expect(drop).toBeLessThan(text.indexOf("established"));
  expect(text).not.toContain('ip saddr 10.90.16.0/20 oifname != "gn-inner" masquerade');
});

it("accepts nothing within a bridge whose containers shall not talk to each other", () => {
  expect(bridgesChange(4, "gantry_a", { bridges: [{ ...front, icc: false }], closed: [] })).not.toContain(
    'oifname "gn-front" accept',
  );
});

it("keeps exact host addresses and wildcards in maps of their own", () => {
  expect(lines(portsChange("gantry_a", { add: [web, local] }))).toEqual([
    "add element ip gantry_a ports_any { tcp . 8080 : 10.90.0.2 . 80 }",
    "add element ip gantry_a ports_exact { 127.0.0.1 . tcp . 5432 : 10.90.0.2 . 5432 }",
  ]);
});

it("flips a port by taking the old target out and putting the new one in, in one text", () => {
  expect(lines(portsChange("gantry_a", { remove: [web], add: [{ ...web, address: "10.90.0.3" }] }))).toEqual([
    "delete element ip gantry_a ports_any { tcp . 8080 : 10.90.0.2 . 80 }",
    "add element ip gantry_a ports_any { tcp . 8080 : 10.90.0.3 . 80 }",
  ]);
});

it("has a table for IPv6 with the bridges that have it, and leaves ::1 to the engine's relay", () => {
  const v6: PublishedPort = { ...web, hostAddress: "::", address: "fd00:90::2" };
  const text = wholeTable(6, "gantry_a", { bridges: [front, dual], ports: [web, v6], closed: [] });
  expect(text).toContain('add element ip6 gantry_a bridges { "gn-dual" }');
  expect(text).toContain("add element ip6 gantry_a ports_any { tcp . 8080 : fd00:90::2 . 80 }");
  expect(text).toContain('ip6 saddr fd00:90::/64 oifname != "gn-dual" masquerade');
  expect(text).toContain("ip6 daddr != ::1 fib daddr type local jump publish");
  expect(text).not.toMatch(/127\.0\.0|10\.90|gn-front/);
});

it("forwards nothing between the interfaces of a host that forwarded nothing before", () => {
  const text = bridgesChange(4, "gantry_a", { bridges: [front], closed: ["eth0", "wlan0"] });
  expect(lines(text)).toContain('add element ip gantry_a closed { "eth0", "wlan0" }');
  expect(text.indexOf("iifname @closed oifname @closed drop")).toBeLessThan(text.indexOf('iifname "gn-front"'));
});

it("lets anybody in where the gateway mode protects nothing, but not from other networks", () => {
  const open = { ...front, open: { 4: true, 6: false } };
  expect(bridgesChange(4, "gantry_a", { bridges: [open], closed: [] })).toContain(
    'forward oifname "gn-front" iifname != @bridges accept',
  );
});
