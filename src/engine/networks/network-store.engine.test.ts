import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { anOutside, aRequest, ask, never, openTestNetworks, run, serveText } from "./networks.fixture.js";

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

it("publishes a port on every address of the host, to clients on loopback, neighbours and other containers", async () => {
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
  expect(await ask(address(web), 80, outside.path)).toBe("unreachable");
  expect(await ask(address(web), 80, inner.netnsPath)).toBe("unreachable");
  expect(await ask(outside.address, 8080, inner.netnsPath)).toBe("unreachable");
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
    expect(await ask("127.0.0.1", port, path)).toBe("unreachable");
    expect(await ask("127.0.0.1", service, path)).toBe("unreachable");
  }
  expect(await ask(outside.hostAddress, port, outside.path)).toBe("unreachable");
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
  expect(test.remains()).toMatchObject({ netns: [], links: [expect.stringMatching(/^gn-/)] });
  await test.store.remove("front");
  expect(test.remains()).toEqual({ links: [], tables: [], netns: [] });
  expect(test.events.map(({ Action }) => Action)).toEqual(["create", "connect", "disconnect", "destroy"]);
});
