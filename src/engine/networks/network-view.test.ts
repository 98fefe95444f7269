import { expect, it } from "vitest";
import { recordOf } from "./network-record.js";
import { inspectNetwork, matchesNetwork } from "./network-view.js";

const pools = [
  { Subnet: "10.90.0.0/20", Gateway: "10.90.0.1" },
  { Subnet: "fd00:90::/64", Gateway: "fd00:90::1" },
];
const made = { id: "ab".repeat(32), createdAt: new Date(0), pools };
const record = recordOf({ Name: "front", Labels: { tier: "web" }, EnableIPv6: true }, made);

it("shows the pools, and each container's addresses with their prefixes", () => {
  const settings = {
    ...{ EndpointID: "e1", MacAddress: "02:42:0a:5a:00:02", IPAddress: "10.90.0.2", IPPrefixLen: 20 },
    ...{ GlobalIPv6Address: "fd00:90::2", GlobalIPv6PrefixLen: 64 },
  };
  const shown = inspectNetwork(record, new Map([["c1", { name: "web", settings }]]));
  expect(shown).toMatchObject({ EnableIPv4: true, EnableIPv6: true, IPAM: { Config: pools } });
  expect(shown.Containers.c1).toEqual({
    ...{ Name: "web", EndpointID: "e1", MacAddress: "02:42:0a:5a:00:02" },
    ...{ IPv4Address: "10.90.0.2/20", IPv6Address: "fd00:90::2/64" },
  });
});

it("filters by name, label, driver, type and use", () => {
  const matches = (filters: Record<string, string[]>, isUsed = false) => matchesNetwork(record, filters, isUsed);
  expect(matches({ name: ["fro"] })).toBe(true);
  expect(matches({ name: ["^front$"] })).toBe(true);
  expect(matches({ name: ["^fro"] })).toBe(true);
  expect(matches({ name: ["^fro$"] })).toBe(false);
  expect(matches({ name: ["ont$"] })).toBe(true);
  expect(matches({ name: ["f[ro]+nt"] })).toBe(true);
  expect(matches({ name: ["("] })).toBe(false);
  expect(() => matches({ type: ["nope"] })).toThrow("invalid filter: 'type'='nope'");
  expect(() => matches({ dangling: ["maybe"] })).toThrow("invalid value for filter 'dangling'");
  expect(matches({ label: ["tier=web"], driver: ["bridge"] })).toBe(true);
  expect(matches({ label: ["tier=db"] })).toBe(false);
  expect(matches({ type: ["builtin"] })).toBe(false);
  expect(matches({ scope: ["swarm"] })).toBe(false);
  expect(matches({ dangling: ["true"] }, true)).toBe(false);
});
