import { expect, it } from "vitest";
import { bridgeName, parseNetworkRecord, recordOf } from "./network-record.js";

const made = { id: "ab".repeat(32), createdAt: new Date(0), pools: [{ Subnet: "10.90.0.0/20", Gateway: "10.90.0.1" }] };
const record = recordOf({ Name: "front", Labels: { tier: "web" } }, made);

it("reads back what it wrote", () => {
  expect(parseNetworkRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
});

it("takes records of earlier versions, whose IPv6 pools nothing came of", () => {
  const { enableIPv4, ...earlier } = { ...record, enableIPv6: true, pools: [...record.pools, { Subnet: "fd00::/64" }] };
  expect(enableIPv4).toBe(true);
  expect(parseNetworkRecord(earlier)).toEqual(record);
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
