/** IPv6 and both families side by side, on the kernel: addresses, the way out, published ports, names. */
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { inNetns } from "../kernel/network/namespaces.js";
import { boundSocket } from "../kernel/network/sockets.js";
import { anOutside, aRequest, ask, knock, never, openTestNetworks, run, serveText } from "./networks.fixture.js";

const settingsOf = (sandbox: { endpoints: Readonly<Record<string, object>> }, network = "front") =>
  (sandbox.endpoints[network] ?? {}) as Record<string, string | number>;
const v6 = (sandbox: Parameters<typeof settingsOf>[0]) => String(settingsOf(sandbox).GlobalIPv6Address);

it("gives a dual-stack network a /64 of its own and its containers addresses of both families", async () => {
  await using test = await openTestNetworks();
  const { IPAM, EnableIPv4, EnableIPv6 } = await test.store.create({ Name: "front", EnableIPv6: true });
  expect({ EnableIPv4, EnableIPv6 }).toEqual({ EnableIPv4: true, EnableIPv6: true });
  expect(IPAM.Config.map(({ Subnet }) => Subnet)).toEqual([
    expect.stringMatching(/\/20$/),
    expect.stringMatching(/^fd[0-9a-f:]+::\/64$/),
  ]);
  const a = await test.store.attach(aRequest("front"), never);
  const b = await test.store.attach(aRequest("front"), never);
  expect(settingsOf(a)).toMatchObject({ GlobalIPv6PrefixLen: 64, IPv6Gateway: IPAM.Config[1]?.Gateway });
  await using _server = serveText(b.netnsPath ?? "", 80, "b", "::");
  expect(await ask(v6(b), 80, a.netnsPath)).toBe(`b ${v6(a)}`);
  expect(test.store.get("front").Containers[a.containerId]?.IPv6Address).toBe(`${v6(a)}/64`);
});

it("lets containers out by IPv6 under the host's address, and nobody in who was not invited", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside("198.18.78", "2001:db8:78:");
  await test.store.create({ Name: "front", EnableIPv6: true });
  await test.store.create({ Name: "inner", EnableIPv6: true, Internal: true });
  const web = await test.store.attach(aRequest("front"), never);
  const inner = await test.store.attach(aRequest("inner"), never);
  await using _far = serveText(outside.path, 8080, "outside", "::");
  await using _server = serveText(web.netnsPath ?? "", 80, "web", "::");
  expect(await ask(outside.address6, 8080, web.netnsPath)).toBe(`outside ${outside.hostAddress6}`);
  expect(await knock(outside.address6, 8080, inner.netnsPath)).toBe("unreachable");
  await run(["nsenter", `--net=${outside.path}`, "ip", "-6", "route", "add", "default", "via", outside.hostAddress6]);
  expect(await knock(v6(web), 80, outside.path)).toBe("unreachable");
});

it("publishes ports on IPv6 with the client's address kept, to neighbours, the host, peers and itself", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside("198.18.79", "2001:db8:79:");
  await test.store.create({ Name: "front", EnableIPv6: true });
  const web = await test.store.attach(aRequest("front", { ports: { "80/tcp": [{ HostPort: "" }] } }), never);
  const peer = await test.store.attach(aRequest("front"), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web", "::");
  const port = Number(web.ports["80/tcp"]?.[0]?.HostPort);
  const gateway = String(settingsOf(web).IPv6Gateway);
  expect({
    neighbour: await ask(outside.hostAddress6, port, outside.path),
    ownAddress: await ask(outside.hostAddress6, port),
    loopback: await ask("::1", port),
    peer: await ask(outside.hostAddress6, port, peer.netnsPath),
    itself: await ask(outside.hostAddress6, port, web.netnsPath),
  }).toEqual({
    neighbour: `web ${outside.address6}`,
    ownAddress: `web ${outside.hostAddress6}`,
    loopback: `web ${gateway}`, // relayed: the kernel routes ::1 nowhere else
    peer: `web ${gateway}`,
    itself: `web ${gateway}`,
  });
  await test.store.detach(web.containerId);
  expect(await knock(outside.hostAddress6, port, outside.path)).toBe("unreachable");
});

it("publishes on one IPv6 address alone, and relays to a container without IPv6", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside("198.18.80", "2001:db8:80:");
  await test.store.create({ Name: "front" });
  const HostIp = `[${outside.hostAddress6}]`;
  const ports = { "80/tcp": [{ HostIp, HostPort: "" }], "81/tcp": [{ HostIp: "[::1]", HostPort: "" }] };
  const web = await test.store.attach(aRequest("front", { ports }), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web");
  await using _local = serveText(web.netnsPath ?? "", 81, "local");
  const [port, local] = ["80/tcp", "81/tcp"].map((key) => Number(web.ports[key]?.[0]?.HostPort));
  expect(web.ports["80/tcp"]).toEqual([{ HostIp: outside.hostAddress6, HostPort: String(port) }]);
  const gateway = settingsOf(web).Gateway;
  expect(await ask(outside.hostAddress6, port ?? 0, outside.path)).toBe(`web ${gateway}`);
  expect(await knock(outside.hostAddress, port ?? 0, outside.path)).toBe("unreachable");
  expect(await ask("::1", local ?? 0)).toBe(`local ${gateway}`);
  expect(await knock(outside.hostAddress6, local ?? 0, outside.path)).toBe("unreachable");
});

it("relays from ::1 to a program that listens on IPv4 alone", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front", EnableIPv6: true });
  const web = await test.store.attach(aRequest("front", { ports: { "80/tcp": [{ HostPort: "" }] } }), never);
  const port = Number(web.ports["80/tcp"]?.[0]?.HostPort);
  expect(await ask("::1", port)).toBe("ECONNRESET");
  await using _server = serveText(web.netnsPath ?? "", 80, "web", "0.0.0.0");
  expect(await ask("::1", port)).toBe(`web ${settingsOf(web).Gateway}`);
});

it("runs a network with IPv6 alone, and relays IPv4 clients to its containers", async () => {
  await using test = await openTestNetworks();
  const { IPAM } = await test.store.create({ Name: "six", EnableIPv4: false, EnableIPv6: true });
  expect(IPAM.Config).toHaveLength(1);
  const web = await test.store.attach(aRequest("six", { ports: { "80/tcp": [{ HostPort: "" }] } }), never);
  expect(settingsOf(web, "six")).toMatchObject({ IPAddress: "", Gateway: "", GlobalIPv6PrefixLen: 64 });
  await using _server = serveText(web.netnsPath ?? "", 80, "web", "::");
  const port = Number(web.ports["80/tcp"]?.[0]?.HostPort);
  const gateway = settingsOf(web, "six").IPv6Gateway;
  expect(await ask("127.0.0.1", port)).toBe(`web ${gateway}`);
  expect(await ask("::1", port)).toBe(`web ${gateway}`);
});

it("publishes UDP on IPv6: translated for neighbours, relayed from ::1 and to containers without IPv6", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside("198.18.81", "2001:db8:81:");
  await test.store.create({ Name: "dual", EnableIPv6: true });
  await test.store.create({ Name: "four" });
  const ports = { "53/udp": [{ HostPort: "" }] };
  const dual = await test.store.attach(aRequest("dual", { ports }), never);
  const four = await test.store.attach(aRequest("four", { ports }), never);
  using _dual = answerUdp(dual.netnsPath ?? "", "::");
  using _four = answerUdp(four.netnsPath ?? "", "0.0.0.0");
  const [toDual, toFour] = [dual, four].map(({ ports }) => Number(ports["53/udp"]?.[0]?.HostPort)) as [number, number];
  const gateway = (one: typeof dual, name: string) => settingsOf(one, name);
  expect(await askUdp(outside.path, outside.hostAddress6, toDual)).toBe(outside.address6);
  expect(await askUdp(outside.path, outside.hostAddress6, toFour)).toBe(gateway(four, "four").Gateway);
  expect(await askUdp("/proc/self/ns/net", "::1", toDual)).toBe(gateway(dual, "dual").IPv6Gateway);
});

it("publishes several addresses of one port, and the first free one of a range", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside("198.18.85", "2001:db8:85:");
  await test.store.create({ Name: "front", EnableIPv6: true });
  const first = await test.store.attach(aRequest("front", { ports: { "80/tcp": [{ HostPort: "" }] } }), never);
  const taken = Number(first.ports["80/tcp"]?.[0]?.HostPort);
  const HostPort = `${taken}-${taken + 9}`;
  const addresses = [outside.hostAddress, outside.hostAddress6, "127.0.0.1"];
  const ports = { "80/tcp": addresses.map((HostIp) => ({ HostIp, HostPort })) };
  const web = await test.store.attach(aRequest("front", { ports }), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web", "::");
  const bound = web.ports["80/tcp"] ?? [];
  expect(bound.map(({ HostIp }) => HostIp)).toEqual(addresses);
  for (const { HostPort: port } of bound) expect(Number(port)).toBeGreaterThan(taken);
  expect(await ask(outside.hostAddress6, Number(bound[1]?.HostPort), outside.path)).toBe(`web ${outside.address6}`);
});

it("publishes SCTP where the kernel has it, and refuses it by name elsewhere", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  const attached = test.store.attach(aRequest("front", { ports: { "9/sctp": [{ HostPort: "" }] } }), never);
  const hasSctp = readFileSync("/proc/net/protocols", "utf8").includes("SCTP");
  if (!hasSctp) return expect(attached).rejects.toThrow("Cannot publish 9/sctp: this kernel does not support SCTP");
  expect((await attached).ports["9/sctp"]).toEqual([{ HostIp: "0.0.0.0", HostPort: expect.stringMatching(/^\d+$/) }]);
});

it("gives static addresses of both families, and refuses one that is taken", async () => {
  await using test = await openTestNetworks();
  const IPAM = { Config: [{ Subnet: "10.91.200.0/24" }, { Subnet: "fd00:91:200::/64", Gateway: "fd00:91:200::a" }] };
  await test.store.create({ Name: "front", EnableIPv6: true, IPAM });
  const settings = { IPAMConfig: { IPv4Address: "10.91.200.77", IPv6Address: "fd00:91:200::77" } };
  const web = await test.store.attach(aRequest("front", { settings }), never);
  expect(settingsOf(web)).toMatchObject({
    ...{ IPAddress: "10.91.200.77", GlobalIPv6Address: "fd00:91:200::77", IPv6Gateway: "fd00:91:200::a" },
  });
  const again = aRequest("front", { settings: { IPAMConfig: { IPv6Address: "fd00:91:200::77" } } });
  await expect(test.store.attach(again, never)).rejects.toThrow("Address already in use");
});

it("takes IPv6 ports and rules again after the engine died, and leaves nothing in the end", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside("198.18.82", "2001:db8:82:");
  await test.store.create({ Name: "front", EnableIPv6: true });
  const web = await test.store.attach(aRequest("front", { ports: { "80/tcp": [{ HostPort: "" }] } }), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web", "::");
  const port = Number(web.ports["80/tcp"]?.[0]?.HostPort);
  await test.store.close();
  const again = await test.reopen();
  await again.restore([web]);
  expect(await ask(outside.hostAddress6, port, outside.path)).toBe(`web ${outside.address6}`);
  expect(await ask("::1", port)).toMatch(/^web/);
  await again.detach(web.containerId);
  await again.remove("front");
  await again.restore([]);
  expect(test.remains()).toEqual({ links: [], tables: [], netns: [] });
  expect(test.logged).toEqual([]);
});

/** Answers each datagram to port 53 in a namespace with its sender's address. */
function answerUdp(netnsPath: string, address: string): Disposable {
  const fd = inNetns(netnsPath, () => boundSocket({ protocol: "udp", address, port: 53 }));
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4").bind({ fd, exclusive: true });
  socket.on("message", (_query, from) => socket.send(from.address, from.port, from.address));
  return { [Symbol.dispose]: () => void socket.close() };
}

/** Asks until there is an answer: a datagram may be lost. */
async function askUdp(netnsPath: string, host: string, port: number): Promise<string> {
  const address = host.includes(":") ? "::" : "0.0.0.0";
  const fd = inNetns(netnsPath, () => boundSocket({ protocol: "udp", address, port: 0 }));
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4").bind({ fd, exclusive: true });
  const repeat = setInterval(() => socket.send("?", port, host), 200);
  const deadline = setTimeout(() => socket.emit("message", Buffer.from("timeout")), 20_000);
  try {
    return await new Promise((resolve) => {
      socket.once("message", (answer) => resolve(answer.toString()));
      socket.send("?", port, host);
    });
  } finally {
    clearInterval(repeat);
    clearTimeout(deadline);
    socket.close();
  }
}
