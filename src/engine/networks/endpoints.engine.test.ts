/** What an endpoint may ask for, on the kernel: names, settings and addresses of interfaces, and which way is out. */
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { inNetns } from "../kernel/network/namespaces.js";
import { readSysctl } from "../kernel/network/sysctls.js";
import { anOutside, aRequest, ask, knock, never, openTestNetworks, run, serveText } from "./networks.fixture.js";

interface Interface {
  ifname: string;
  address: string;
  mtu: number;
  addr_info: Array<{ local: string; prefixlen: number }>;
}
const interfaces = (netnsPath: string | undefined): Interface[] =>
  JSON.parse(execFileSync("nsenter", [`--net=${netnsPath}`, "ip", "-j", "address"], { encoding: "utf8" }));
const device = async (netnsPath: string | undefined, family: "-4" | "-6") =>
  (await run(["nsenter", `--net=${netnsPath}`, "ip", family, "route", "show", "default"])).match(/dev (\S+)/)?.[1];

it("names interfaces as asked, the others eth0, eth1 in order, with their MAC and link-local addresses", async () => {
  await using test = await openTestNetworks();
  for (const Name of ["a", "b", "c"]) await test.store.create({ Name });
  const settings = {
    MacAddress: "02:00:00:00:00:99",
    DriverOpts: {
      "com.docker.network.endpoint.ifname": "wan.0",
      "com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1",
    },
    IPAMConfig: { LinkLocalIPs: ["169.254.7.8"] },
  };
  const endpoints = [
    { network: "a", settings },
    { network: "b", settings: {} },
    { network: "c", settings: {} },
  ];
  const web = await test.store.attach({ ...aRequest("a"), mode: { kind: "networks", endpoints } }, never);
  const found = interfaces(web.netnsPath);
  expect(found.map(({ ifname }) => ifname).sort()).toEqual(["eth0", "eth1", "lo", "wan.0"]);
  const wan = found.find(({ ifname }) => ifname === "wan.0");
  expect(wan).toMatchObject({ address: "02:00:00:00:00:99" });
  expect(wan?.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`)).toEqual([
    `${web.endpoints.a?.IPAddress}/20`,
    "169.254.7.8/16",
  ]);
  const martians = ["net", "ipv4", "conf", "wan.0", "log_martians"];
  expect(inNetns(web.netnsPath ?? "", () => readSysctl(martians))).toBe("1");
});

it("puts together what is asked of one network by its name and by its id", async () => {
  await using test = await openTestNetworks();
  const { Id } = await test.store.create({ Name: "a" });
  const endpoints = [
    { network: "a", settings: {} },
    { network: Id, settings: { Aliases: ["web"], MacAddress: "02:00:00:00:00:98" } },
  ];
  const web = await test.store.attach({ ...aRequest("a"), mode: { kind: "networks", endpoints } }, never);
  expect(interfaces(web.netnsPath).map(({ ifname }) => ifname)).toEqual(["lo", "eth0"]);
  expect(web.endpoints.a).toMatchObject({ MacAddress: "02:00:00:00:00:98", Aliases: ["web"] });
});

it("refuses one interface name twice, and a setting that the kernel does not take, with nothing left", async () => {
  await using test = await openTestNetworks();
  for (const Name of ["a", "b"]) await test.store.create({ Name });
  const named = (name: string) => ({ DriverOpts: { "com.docker.network.endpoint.ifname": name } });
  const before = test.remains();
  const twice = ["a", "b"].map((network) => ({ network, settings: named("wan0") }));
  const request = { ...aRequest("a"), mode: { kind: "networks" as const, endpoints: twice } };
  await expect(test.store.attach(request, never)).rejects.toThrow("interface name wan0 is already in use");
  const settings = { DriverOpts: { "com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.nothing=1" } };
  const wrong = test.store.attach(aRequest("a", { settings }), never);
  await expect(wrong).rejects.toThrow("cannot set net.ipv4.conf.eth0.nothing to 1");
  expect(test.remains()).toEqual(before);
  const web = await test.store.attach(aRequest("a", { settings: named("wan0") }), never);
  const again = test.store.connect(web.containerId, { network: "b", settings: named("wan0") });
  await expect(again).rejects.toThrow("interface name wan0 is already in use");
});

it("goes out by the network with the highest gateway priority, for each family by one that has it", async () => {
  await using test = await openTestNetworks();
  await test.store.create({ Name: "a", EnableIPv6: true });
  await test.store.create({ Name: "b" });
  await test.store.create({ Name: "inner", Internal: true });
  const ports = { "80/tcp": [{ HostPort: "" }] };
  const web = await test.store.attach(aRequest("a", { ports }), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web");
  const port = Number(web.ports["80/tcp"]?.[0]?.HostPort);
  const ways = async () => [await device(web.netnsPath, "-4"), await device(web.netnsPath, "-6")];
  expect(await ways()).toEqual(["eth0", "eth0"]);
  await test.store.connect(web.containerId, { network: "inner", settings: { GwPriority: 9 } });
  expect(await ways()).toEqual(["eth0", "eth0"]);
  const { endpoints } = await test.store.connect(web.containerId, { network: "b", settings: { GwPriority: 5 } });
  expect(await ways()).toEqual(["eth2", "eth0"]);
  expect(await ask("127.0.0.1", port)).toBe(`web ${endpoints.b?.Gateway}`);
  const after = await test.store.disconnect(web.containerId, "b");
  expect(await ways()).toEqual(["eth0", "eth0"]);
  expect(interfaces(web.netnsPath).map(({ ifname }) => ifname)).not.toContain("eth2");
  expect(await ask("127.0.0.1", port)).toBe(`web ${after.endpoints.a?.Gateway}`);
});

it("honours a bridge's options: name, interfaces' prefix, MTU, published address, no talk, no masquerade", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside("198.18.83");
  const name = `gt.${test.options.instanceId.slice(1)}`;
  const Options = {
    "com.docker.network.bridge.name": name,
    "com.docker.network.container_iface_prefix": "lan",
    "com.docker.network.driver.mtu": "1400",
    "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
    "com.docker.network.bridge.enable_icc": "0",
    "com.docker.network.bridge.enable_ip_masquerade": "false",
  };
  await test.store.create({ Name: "front", Options });
  await expect(test.store.create({ Name: "other", Options })).rejects.toThrow("networks have same bridge name");
  const web = await test.store.attach(aRequest("front", { ports: { "80/tcp": [{ HostPort: "" }] } }), never);
  const peer = await test.store.attach(aRequest("front"), never);
  expect(interfaces(web.netnsPath).find(({ ifname }) => ifname === "lan0")?.mtu).toBe(1400);
  expect(web.ports["80/tcp"]).toEqual([{ HostIp: "127.0.0.1", HostPort: expect.any(String) }]);
  const address = web.endpoints.front?.IPAddress ?? "";
  await using _server = serveText(web.netnsPath ?? "", 80, "web");
  await using _far = serveText(outside.path, 8080, "outside");
  expect(await run(["ip", "-j", "link", "show", name])).toContain('"mtu":1400');
  await run(["nsenter", `--net=${outside.path}`, "ip", "route", "add", "default", "via", outside.hostAddress]);
  expect(await ask(outside.address, 8080, web.netnsPath)).toBe(`outside ${address}`);
  // Bridged packets meet the rules only where the kernel shows them to the firewall.
  const isFiltered = readSysctl(["net", "bridge", "bridge-nf-call-iptables"]) === "1";
  if (isFiltered) expect(await knock(address, 80, peer.netnsPath)).toBe("unreachable");
});

it("lets everybody in where the gateway mode is nat-unprotected", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside("198.18.84");
  await test.store.create({
    Name: "open",
    Options: { "com.docker.network.bridge.gateway_mode_ipv4": "nat-unprotected" },
  });
  await test.store.create({ Name: "other" });
  const web = await test.store.attach(aRequest("open"), never);
  const stranger = await test.store.attach(aRequest("other"), never);
  await using _server = serveText(web.netnsPath ?? "", 80, "web");
  await run(["nsenter", `--net=${outside.path}`, "ip", "route", "add", "default", "via", outside.hostAddress]);
  const address = web.endpoints.open?.IPAddress ?? "";
  expect(await ask(address, 80, outside.path)).toBe(`web ${outside.address}`);
  expect(await knock(address, 80, stranger.netnsPath)).toBe("unreachable");
});
