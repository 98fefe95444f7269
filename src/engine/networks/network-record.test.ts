import { expect, it } from "vitest";
import { bridgeName, checkCreateBody, matchesNetwork, parseNetworkRecord, recordOf } from "./network-record.js";

const made = { id: "ab".repeat(32), createdAt: new Date(0), pools: [{ Subnet: "10.90.0.0/20", Gateway: "10.90.0.1" }] };
const record = recordOf({ Name: "front", Labels: { tier: "web" } }, made);

it("reads back what it wrote", () => {
  expect(parseNetworkRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
});

it.each([
  [{ ...record, id: "../../etc" }, /id/],
  [{ ...record, name: 'a"b' }, /name/],
  [{ ...record, driver: "overlay" }, /driver/],
  [{ ...record, pools: [{ Subnet: "nowhere" }] }, /subnet/],
  [{ ...record, labels: { a: 1 } }, /labels/],
  [[], /object/],
])("refuses a damaged record", (value, reason) => {
  expect(() => parseNetworkRecord(value)).toThrow(reason);
});

it("names bridges within fifteen characters, by the random id, unless the user names them", () => {
  expect(bridgeName(record)).toMatch(/^gn-[0-9a-f]{12}$/);
  expect(bridgeName({ ...record, options: { "com.docker.network.bridge.name": "br-mine" } })).toBe("br-mine");
});

it.each([
  [{ Name: "" }, /network name/],
  [{ Name: "a b" }, /network name/],
  [{ Name: "a", Driver: "overlay" }, /driver overlay/],
  [{ Name: "a", IPAM: { Driver: "dhcp" } }, /IPAM driver/],
  [{ Name: "a", Options: { "com.docker.network.driver.mtu": "nine" } }, /mtu/],
  [{ Name: "a", Options: { "com.docker.network.bridge.name": 'x" accept; "' } }, /bridge.name/],
  [{ Name: "a", Options: { "com.docker.network.bridge.name": "e*" } }, /bridge.name/],
])("refuses to create %j", (body, reason) => {
  expect(() => checkCreateBody(body)).toThrow(reason);
});

it("filters by name, label, driver, type and use", () => {
  const matches = (filters: Record<string, string[]>, isUsed = false) => matchesNetwork(record, filters, isUsed);
  expect(matches({ name: ["fro"] })).toBe(true);
  expect(matches({ name: ["^front$"] })).toBe(true);
  expect(matches({ name: ["^fro$"] })).toBe(false);
  expect(matches({ label: ["tier=web"], driver: ["bridge"] })).toBe(true);
  expect(matches({ label: ["tier=db"] })).toBe(false);
  expect(matches({ type: ["builtin"] })).toBe(false);
  expect(matches({ dangling: ["true"] }, true)).toBe(false);
});
