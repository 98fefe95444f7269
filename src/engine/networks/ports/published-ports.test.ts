import { expect, it } from "vitest";
import { portRequests, publishedPorts } from "./published-ports.js";

it("reads ports, ranges, addresses and free choice", () => {
  const requests = portRequests({
    "80/tcp": [{ HostPort: "8080" }, { HostIp: "[::1]", HostPort: "8000-8010" }],
    "53/udp": [{ HostIp: "127.0.0.1", HostPort: "" }],
    "9": [{}],
    "443/tcp": null,
    "9/sctp": [{ HostPort: "9" }],
  });
  const text = requests.map(
    ({ protocol, containerPort, hostAddress, hostPorts: { from, to } }) =>
      `${hostAddress || "*"} ${from}-${to} -> ${containerPort}/${protocol}`,
  );
  expect(text.sort()).toEqual([
    "* 0-0 -> 9/tcp",
    "* 8080-8080 -> 80/tcp",
    "* 9-9 -> 9/sctp",
    "127.0.0.1 0-0 -> 53/udp",
    "::1 8000-8010 -> 80/tcp",
  ]);
});

it.each([
  [{ "0/tcp": [{}] }, /invalid containerPort/],
  [{ "80/icmp": [{}] }, /invalid proto/],
  [{ "80/tcp": [{ HostPort: "70000" }] }, /invalid hostPort/],
  [{ "80/tcp": [{ HostPort: "9-8" }] }, /invalid hostPort/],
  [{ "80/tcp": [{ HostIp: "localhost" }] }, /invalid IP address/],
])("refuses %j", (ports, reason) => {
  expect(() => portRequests(ports)).toThrow(reason);
});

it("leads to the container's address of the same family, and leaves out what has to be relayed", () => {
  const held = ["0.0.0.0", "::", "fd00::1"].map((hostAddress) => ({
    ...{ key: "80/tcp", protocol: "tcp" as const, containerPort: 80, hostAddress, hostPort: 8080, fd: -1 },
    close() {},
    handOver: (): never => expect.unreachable(),
  }));
  const led = (targets: Parameters<typeof publishedPorts>[1]) =>
    publishedPorts(held, targets).map(({ hostAddress, address }) => `${hostAddress} -> ${address}`);
  expect(led({ 4: "10.90.0.2" })).toEqual(["0.0.0.0 -> 10.90.0.2"]);
  expect(led({ 4: "10.90.0.2", 6: "fd00:90::2" })).toEqual([
    "0.0.0.0 -> 10.90.0.2",
    ":: -> fd00:90::2",
    "fd00::1 -> fd00:90::2",
  ]);
});
