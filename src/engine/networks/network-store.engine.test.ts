import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { expect, it, vi } from "vitest";
import { inNetns } from "../kernel/network/namespaces.js";
import { boundSocket } from "../kernel/network/sockets.js";
import { instanceNames } from "./network-store.js";
import { anOutside, aRequest, ask, knock, never, openTestNetworks, run, serveText } from "./networks.fixture.js";

const address = (sandbox: { endpoints: Readonly<Record<string, { IPAddress?: string }>> }, network = "front") =>
  sandbox.endpoints[network]?.IPAddress ?? "";

it("lets two containers of a network reach each other, and the outside through the host's address", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside();
  await test.store.create({ Name: "front" });
  const a = await test.store.attach(aRequest("front"), never);
  const b = await test.store.attach(aRequest("front"), never);
  await using _server = serveText(b.netnsPath ?? "", 80, "b");
  expect(await ask(address(b), 80, a.netnsPath)).toBe(`b ${address(a)}`);
  await run(["nsenter", `--net=${a.netnsPath}`, "busybox", "ping", "-c1", "-W1", address(b)]);
  await using _far = serveText(outside.path, 8080, "outside");
  expect(await ask(outside.address, 8080, a.netnsPath)).toBe(`outside ${outside.hostAddress}`);
});

it("publishes a port on every address of the host, to loopback clients, neighbours and containers", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside();
  await test.store.create({ Name: "front" });
  await test.store.create({ Name: "back" });
  const ports = { "80/tcp": [{ HostPort: "" }] };
  const web = await test.store.attach(aRequest("front", { ports }), never);
  const peer = await test.store.attach(aRequest("front"), never);
  const stranger = await test.store.attach(aRequest("back"), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web");
  const port = Number(web.ports["80/tcp"]?.[0]?.HostPort);
  expect(web.ports).toEqual({
    "80/tcp": [
      { HostIp: "0.0.0.0", HostPort: String(port) },
      { HostIp: "::", HostPort: String(port) },
    ],
  });
  const gateway = web.endpoints.front?.Gateway ?? "";
  expect({
    loopback: await ask("127.0.0.1", port),
    ipv6: await ask("::1", port),
    ownAddress: await ask(outside.hostAddress, port),
    neighbour: await ask(outside.hostAddress, port, outside.path),
    peer: await ask(outside.hostAddress, port, peer.netnsPath),
    itself: await ask(outside.hostAddress, port, web.netnsPath),
    stranger: await ask(outside.hostAddress, port, stranger.netnsPath),
  }).toEqual({
    loopback: `web ${gateway}`,
    ipv6: `web ${gateway}`,
    ownAddress: `web ${outside.hostAddress}`,
    neighbour: `web ${outside.address}`,
    peer: `web ${gateway}`,
    itself: `web ${gateway}`,
    stranger: `web ${gateway}`,
  });
});

it("gives one of two simultaneous creations the name, and different ranges to different names", async () => {
  await using test = await openTestNetworks();
  const made = await Promise.allSettled(["twin", "twin", "other"].map((Name) => test.store.create({ Name })));
  expect(made.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  const subnets = ["twin", "other"].map((name) => test.store.get(name).IPAM.Config[0]?.Subnet);
  expect(new Set(subnets).size).toBe(2);
  await expect(test.store.create({ Name: "twin" })).rejects.toThrow("network with name twin already exists");
  await expect(test.store.remove("bridge")).rejects.toThrow("bridge is a pre-defined network and cannot be removed");
  expect(() => test.store.get("nonet")).toThrow("network nonet not found");
});

it("keeps networks apart, and unpublished ports away from neighbours that route to them", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside();
  await test.store.create({ Name: "front" });
  await test.store.create({ Name: "inner", Internal: true });
  const web = await test.store.attach(aRequest("front"), never);
  const inner = await test.store.attach(aRequest("inner"), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web");
  await using _far = serveText(outside.path, 8080, "outside");
  const route = ["route", "add", "default", "via", outside.hostAddress];
  execFileSync("nsenter", [`--net=${outside.path}`, "ip", ...route]);
  expect(await knock(address(web), 80, outside.path)).toBe("unreachable");
  expect(await knock(address(web), 80, inner.netnsPath)).toBe("unreachable");
  expect(await knock(outside.address, 8080, inner.netnsPath)).toBe("unreachable");
});

it("keeps the host's loopback services, and ports published on 127.0.0.1, from containers and neighbours", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside();
  await test.store.create({ Name: "front" });
  const ports = { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] };
  const web = await test.store.attach(aRequest("front", { ports }), never);
  const peer = await test.store.attach(aRequest("front"), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web");
  await using local = serveText("/proc/self/ns/net", 0, "host", "127.0.0.1");
  const service = Number((local.address() as { port: number }).port);
  const port = Number(web.ports["80/tcp"]?.[0]?.HostPort);
  expect(await ask("127.0.0.1", port)).toMatch(/^web/);
  expect(await ask("127.0.0.1", service)).toMatch(/^host/);
  // The attack: send packets for 127.0.0.1 over the wire instead of to one's own loopback.
  for (const [path, gateway] of [
    [peer.netnsPath, peer.endpoints.front?.Gateway],
    [outside.path, outside.hostAddress],
  ]) {
    const script = `echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet; ip addr del 127.0.0.1/8 dev lo
      ip rule add pref 1 lookup 100; ip route add 127.0.0.0/8 via ${gateway} dev eth0 table 100
      ip rule add pref 10 lookup local; ip rule del pref 0`;
    execFileSync("nsenter", [`--net=${path}`, "sh", "-ec", script]);
    expect(await knock("127.0.0.1", port, path)).toBe("unreachable");
    expect(await knock("127.0.0.1", service, path)).toBe("unreachable");
  }
  expect(await knock(outside.hostAddress, port, outside.path)).toBe("unreachable");
});

it("refuses a port in use in Docker's words, before anything is made", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  const first = await test.store.attach(aRequest("front", { ports: { "80/tcp": [{ HostPort: "0" }] } }), never);
  const port = first.ports["80/tcp"]?.[0]?.HostPort ?? "";
  const before = test.remains();
  const second = aRequest("front", { name: "second", ports: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: port }] } });
  await expect(test.store.attach(second, never)).rejects.toMatchObject({
    code: "port-in-use",
    message: expect.stringMatching(
      new RegExp(
        `^driver failed programming external connectivity on endpoint second \\([0-9a-f]{64}\\): ` +
          `Bind for 127\\.0\\.0\\.1:${port} failed: port is already allocated$`,
      ),
    ),
  });
  expect(test.remains()).toEqual(before);
});

it("leaves nothing after detach and remove", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  const ports = { "80/tcp": [{ HostPort: "" }], "53/udp": [{ HostPort: "" }] };
  const web = await test.store.attach(aRequest("front", { ports }), never);
  expect(test.remains()).toMatchObject({ netns: [web.containerId], links: [expect.any(String), expect.any(String)] });
  await test.store.detach(web.containerId);
  await test.store.detach(web.containerId);
  const left = { netns: [], links: [expect.stringMatching(/^gn-/)] };
  await vi.waitFor(() => expect(test.remains()).toMatchObject(left), 10_000);
  await test.store.remove("front");
  expect(test.remains()).toEqual({ links: [], tables: [], netns: [] });
  expect(test.events.map(({ Action }) => Action)).toEqual(["create", "destroy"]);
});

it("takes ports, relays, DNS and names again after the engine died, and sweeps what is nobody's", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  const ports = { "80/tcp": [{ HostPort: "" }] };
  const web = await test.store.attach(aRequest("front", { name: "web", ports }), never);
  const gone = await test.store.attach(aRequest("front", { name: "gone", ports }), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web");
  const port = Number(web.ports["80/tcp"]?.[0]?.HostPort);
  await test.store.close(); // as far as the kernel can tell, this is what kill -9 does
  expect(await ask("127.0.0.1", port)).toMatch(/^web/);
  const again = await test.reopen();
  await again.restore([{ ...web, name: "renamed" }]);
  expect(await ask("127.0.0.1", port)).toMatch(/^web/);
  expect(await ask("::1", port)).toMatch(/^web/);
  expect(again.get("front").Containers).toMatchObject({ [web.containerId]: { Name: "renamed" } });
  await expect(again.attach(aRequest("front", { ports: web.ports }), never)).rejects.toMatchObject({
    code: "port-in-use",
  });
  expect(test.remains().netns).toEqual([web.containerId]);
  expect(test.remains().links).toHaveLength(2);
  expect(test.remains().tables.length).toBeGreaterThan(0);
  const fresh = await again.attach(aRequest("front", { ports: gone.ports }), never);
  expect(fresh.endpoints.front?.IPAddress).toBe(gone.endpoints.front?.IPAddress);
});

it("keeps what was about to be removed when the engine died, and removes it with the next one", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  await test.store.create({ Name: "other" });
  const web = await test.store.attach(aRequest("front"), never);
  const links = test.remains().links;
  await test.store.close();
  const doomed = String(0x68000000 | Number.parseInt(instanceNames(test.options.instanceId).hash.slice(0, 6), 16));
  for (const link of links) execFileSync("ip", ["link", "set", link, "group", doomed]);
  const again = await test.reopen();
  await again.restore([web]);
  await again.remove("other");
  expect(test.remains().links).toHaveLength(2);
  await again.detach(web.containerId);
  await again.remove("front");
  await vi.waitFor(() => expect(test.remains()).toEqual({ links: [], tables: [], netns: [] }), 10_000);
});

it("connects and disconnects a running container, its published ports following", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  await test.store.create({ Name: "aside" });
  const web = await test.store.attach(aRequest("front", { ports: { "80/tcp": [{ HostPort: "" }] } }), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web");
  const port = Number(web.ports["80/tcp"]?.[0]?.HostPort);
  const both = await test.store.connect(web.containerId, { network: "aside", settings: {} });
  expect(Object.keys(both.endpoints)).toEqual(["front", "aside"]);
  expect(await ask("127.0.0.1", port)).toBe(`web ${both.endpoints.aside?.Gateway}`);
  const one = await test.store.disconnect(web.containerId, "aside");
  expect(Object.keys(one.endpoints)).toEqual(["front"]);
  expect(await ask("127.0.0.1", port)).toBe(`web ${one.endpoints.front?.Gateway}`);
  expect(await run(["nsenter", `--net=${web.netnsPath}`, "ip", "-br", "link"])).not.toContain("eth1");
});

it("makes its table again when somebody flushes the ruleset's part", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  const web = await test.store.attach(aRequest("front", { ports: { "80/tcp": [{ HostPort: "" }] } }), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web");
  // Rules among those of somebody else's firewall bear the name too.
  const table = () => test.remains().tables.find((line) => line.startsWith("table ip "));
  execFileSync("nft", ["delete", "table", "ip", table()?.split(" ")[2] ?? ""]);
  await vi.waitFor(() => expect(table()).toBeDefined(), 10_000);
  expect(await ask("127.0.0.1", Number(web.ports["80/tcp"]?.[0]?.HostPort))).toMatch(/^web/);
});

it("lets its bridges through a firewall that drops and came later, and takes the rules away again", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside();
  const foreign = `other_${test.options.instanceId}`;
  const chain = (hook: string) =>
    `add chain ip ${foreign} ${hook} { type filter hook ${hook} priority 5; policy drop; }`;
  const { table } = instanceNames(test.options.instanceId);
  const ruleset = () => execFileSync("nft", ["list", "ruleset"], { encoding: "utf8" });
  const ours = () =>
    ruleset()
      .split("\n")
      .filter((line) => line.includes(`comment "${table} `));
  await test.store.create({ Name: "front" });
  const web = await test.store.attach(aRequest("front", { ports: { "80/tcp": [{ HostPort: "" }] } }), never);
  const peer = await test.store.attach(aRequest("front"), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web");
  await using _far = serveText(outside.path, 8080, "outside");
  execFileSync("nft", [`add table ip ${foreign}; ${chain("forward")}; add rule ip ${foreign} forward counter`]);
  try {
    await vi.waitFor(() => expect(ours()).toHaveLength(2), 10_000);
    expect(await ask(address(web), 80, peer.netnsPath)).toMatch(/^web/);
    expect(await ask(outside.address, 8080, peer.netnsPath)).toMatch(/^outside/);
    expect(await ask(outside.hostAddress, Number(web.ports["80/tcp"]?.[0]?.HostPort), outside.path)).toMatch(/^web/);
    await test.store.detach(web.containerId);
    await test.store.detach(peer.containerId);
    await test.store.remove("front");
    expect(ours()).toEqual([]);
  } finally {
    execFileSync("nft", ["delete", "table", "ip", foreign]);
  }
});

it("publishes UDP to loopback clients and neighbours, even those that sent before or kept sending after", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside();
  await test.store.create({ Name: "front" });
  const request = { ports: { "7/udp": [{ HostPort: "" }] } };
  const first = await test.store.attach(aRequest("front", request), never);
  const ports = first.ports;
  const port = Number(ports["7/udp"]?.[0]?.HostPort);
  using local = udpClient("/proc/self/ns/net");
  using neighbour = udpClient(outside.path);
  {
    using _echo = udpEcho(first.netnsPath ?? "", "first");
    expect(await local.ask("127.0.0.1", port)).toBe(`first from 127.0.0.1:${port}`);
    expect(await neighbour.ask(outside.hostAddress, port)).toBe(`first from ${outside.hostAddress}:${port}`);
  }
  await test.store.attach(aRequest("front"), never); // takes the next address, so that the second differs
  await test.store.detach(first.containerId);
  expect(await local.ask("127.0.0.1", port)).toBe("timeout");
  const keeper = await test.store.attach(aRequest("front"), never);
  const second = await test.store.attach(aRequest("front", { ports }), never);
  expect(address(second)).not.toBe(address(first));
  expect(address(keeper)).toBe(address(first));
  using _echo = udpEcho(second.netnsPath ?? "", "second");
  expect(await local.ask("127.0.0.1", port)).toBe(`second from 127.0.0.1:${port}`);
  expect(await neighbour.ask(outside.hostAddress, port)).toBe(`second from ${outside.hostAddress}:${port}`);
});

it("leads a UDP client that keeps sending from one port to the container that takes over", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "front" });
  const old = await test.store.attach(aRequest("front", { ports: { "7/udp": [{ HostPort: "" }] } }), never);
  const port = Number(old.ports["7/udp"]?.[0]?.HostPort);
  const ports = { "7/udp": [{ HostPort: String(port) }] };
  const fresh = await test.store.attach(aRequest("front", { ports, standby: true }), never);
  using _old = udpEcho(old.netnsPath ?? "", "old");
  using _fresh = udpEcho(fresh.netnsPath ?? "", "new");
  using client = udpClient("/proc/self/ns/net");
  expect(await client.ask("127.0.0.1", port)).toBe(`old from 127.0.0.1:${port}`);
  test.store.takeOver(fresh.containerId, { ports, from: old.containerId });
  expect(await client.ask("127.0.0.1", port)).toBe(`new from 127.0.0.1:${port}`);
});

function udpSocket(netnsPath: string, port: number) {
  const fd = inNetns(netnsPath, () => boundSocket({ protocol: "udp", address: "0.0.0.0", port }));
  return createSocket("udp4").bind({ fd, exclusive: true });
}

function udpEcho(netnsPath: string, text: string): Disposable {
  const socket = udpSocket(netnsPath, 7);
  socket.on("message", (_question, from) => socket.send(text, from.port, from.address));
  return { [Symbol.dispose]: () => socket.close() };
}

/** A client that keeps its port. */
function udpClient(netnsPath: string): Disposable & { ask(host: string, port: number): Promise<string> } {
  const socket = udpSocket(netnsPath, 0);
  const ask = (host: string, port: number) =>
    new Promise<string>((resolve) => {
      socket.removeAllListeners("message");
      socket.once("message", (text, from) => resolve(`${text} from ${from.address}:${from.port}`));
      setTimeout(resolve, 700, "timeout");
      socket.send("hello", port, host);
    });
  return { ask, [Symbol.dispose]: () => socket.close() };
}
