/** What switching forwarding on does to a host, shown in a namespace that plays one. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createNetns, inNetns, removeNetns } from "../kernel/network/namespaces.js";
import { Rtnetlink } from "../kernel/network/rtnetlink.js";
import { readSysctl, writeSysctl } from "../kernel/network/sysctls.js";
import { Forwarding } from "./forwarding.js";

let directory: string;
let host: string;
const group = 0x67_00_00_01;
const ip = (...args: string[]) => execFileSync("nsenter", [`--net=${host}`, "ip", ...args]);
const forwarding = () => {
  const links = { host: inNetns(host, () => new Rtnetlink()), group, doomed: group + 1 };
  return new Forwarding(join(directory, "forwarding.json"), links);
};
const acceptRa = ["net", "ipv6", "conf", "up0", "accept_ra"];
const settings = () =>
  inNetns(host, () => ({
    ipv4: readSysctl(["net", "ipv4", "ip_forward"]),
    ipv6: readSysctl(["net", "ipv6", "conf", "all", "forwarding"]),
    acceptRa: readSysctl(acceptRa),
  }));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gantry-forwarding-"));
  host = join(directory, `host-${randomBytes(4).toString("hex")}`);
  createNetns(host);
  ip("link", "add", "up0", "type", "veth", "peer", "name", "up1");
  inNetns(host, () => {
    writeSysctl(["net", "ipv4", "ip_forward"], "0");
    writeSysctl(["net", "ipv6", "conf", "all", "forwarding"], "0");
    writeSysctl(acceptRa, "1");
  });
});
afterEach(() => {
  removeNetns(host);
  rmSync(directory, { recursive: true });
});

it("closes the host's own interfaces to each other, and keeps those listening that took advertisements", () => {
  const opened = forwarding();
  inNetns(host, () => {
    opened.open(4);
    opened.open(6);
  });
  expect(settings()).toEqual({ ipv4: "1", ipv6: "1", acceptRa: "2" });
  expect([...opened.closed(4)].sort()).toEqual(["up0", "up1"]);
  expect(opened.closed(6)).toEqual(opened.closed(4));
});

it("closes nothing on a host that forwards already", () => {
  inNetns(host, () => writeSysctl(["net", "ipv4", "ip_forward"], "1"));
  const opened = forwarding();
  inNetns(host, () => opened.open(4));
  expect(opened.closed(4)).toEqual([]);
  inNetns(host, () => opened.restore());
  expect(settings().ipv4).toBe("1");
});

it("is remembered by the next engine, and put back with the last bridge", () => {
  inNetns(host, () => {
    const first = forwarding();
    first.open(4);
    first.open(6);
  });
  const next = forwarding();
  expect([...next.closed(4)].sort()).toEqual(["up0", "up1"]);
  inNetns(host, () => next.restore());
  expect(settings()).toEqual({ ipv4: "0", ipv6: "0", acceptRa: "1" });
  expect(forwarding().closed(4)).toEqual([]);
});

it("stays on when interfaces of others have come that may rely on it", () => {
  const opened = forwarding();
  inNetns(host, () => opened.open(4));
  ip("link", "add", "docker0", "type", "bridge");
  inNetns(host, () => opened.restore());
  expect(settings().ipv4).toBe("1");
});
