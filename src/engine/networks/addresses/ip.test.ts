import { expect, it } from "vitest";
import { formatAddress, formatSubnet, overlaps, parseAddress, parseSubnet, type Subnet } from "./ip.js";

const short = (text: string) => {
  const address = parseAddress(text);
  return address && formatAddress(address);
};

it.each([
  ["10.0.0.255", "10.0.0.255"],
  ["FD00:0:0:0:0:0:0:1", "fd00::1"],
  ["::", "::"],
  ["::1", "::1"],
  ["2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"],
  ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ["1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"],
  ["::ffff:192.0.2.1", "::ffff:c000:201"],
])("reads %s, and writes it as %s", (text, written) => {
  expect(short(text)).toBe(written);
});

it.each(["", "10.0.0", "10.0.0.256", "010.0.0.1", "fe80::1%eth0", "1::2::3", "fd00:::1"])("refuses %j", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

it("cuts a subnet's address off at its prefix", () => {
  expect(formatSubnet(parseSubnet("10.1.2.3/20") as Subnet)).toBe("10.1.0.0/20");
  expect(formatSubnet(parseSubnet("fd00:1:2:3:4::5/64") as Subnet)).toBe("fd00:1:2:3::/64");
  expect([parseSubnet("10.0.0.0/33"), parseSubnet("fd00::/129"), parseSubnet("fd00::")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it("sees overlaps within a family only", () => {
  const [a, b, c] = ["::/0", "fd00::/64", "0.0.0.0/0"].map((text) => parseSubnet(text) as Subnet) as [
    Subnet,
    Subnet,
    Subnet,
  ];
  expect([overlaps(a, b), overlaps(a, c)]).toEqual([true, false]);
});
