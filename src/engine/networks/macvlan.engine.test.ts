/** macvlan networks on the kernel: a veth pair plays the wire between the host and its neighbour. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { anOutside, aRequest, ask, knock, never, openTestNetworks, serveText } from "./networks.fixture.js";

/** Whether the kernel can make a link of a kind. */
function hasLinkKind(kind: string, ...options: string[]): boolean {
  const name = `gt${randomBytes(4).toString("hex")}`;
  try {
    execFileSync("ip", ["link", "add", name, "link", "eth0", "type", kind, ...options], { stdio: "ignore" });
    execFileSync("ip", ["link", "delete", name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const hasEth0 = JSON.parse(execFileSync("ip", ["-j", "link"], { encoding: "utf8" })).some(
  ({ ifname }: { ifname: string }) => ifname === "eth0",
);
const hasMacvlan = hasEth0 && hasLinkKind("macvlan");
const hasVlan = hasEth0 && hasLinkKind("vlan", "id", "4001");

const pool = { Subnet: "198.18.90.0/24", IPRange: "198.18.90.64/26", Gateway: "198.18.90.2" };

describe.skipIf(!hasMacvlan)("a macvlan network", () => {
  it("puts containers on the wire under addresses of their own, beside the host", async () => {
    await using test = await openTestNetworks();
    using outside = anOutside("198.18.90");
    const Options = { parent: outside.link };
    await test.store.create({ Name: "lan", Driver: "macvlan", Options, IPAM: { Config: [pool] } });
    const web = await test.store.attach(aRequest("lan", { ports: { "80/tcp": [{ HostPort: "" }] } }), never);
    const peer = await test.store.attach(aRequest("lan"), never);
    const address = web.endpoints.lan?.IPAddress ?? "";
    expect([address, web.endpoints.lan?.Gateway]).toEqual(["198.18.90.64", "198.18.90.2"]);
    expect(web.ports["80/tcp"]).toBeNull(); // there is nothing to publish: it is on the wire itself
    await using _server = serveText(web.netnsPath ?? "", 80, "web");
    await using _far = serveText(outside.path, 8080, "outside");
    expect(await ask(address, 80, outside.path)).toBe(`web ${outside.address}`);
    expect(await ask(address, 80, peer.netnsPath)).toBe(`web ${peer.endpoints.lan?.IPAddress}`);
    expect(await ask(outside.address, 8080, web.netnsPath)).toBe(`outside ${address}`);
    expect(test.remains().links).toEqual([]);
  });

  it("keeps containers from each other in private mode, and gives an address again at once after a stop", async () => {
    await using test = await openTestNetworks();
    using outside = anOutside("198.18.90");
    const Options = { parent: outside.link, macvlan_mode: "private" };
    await test.store.create({ Name: "lan", Driver: "macvlan", Options, IPAM: { Config: [pool] } });
    const request = aRequest("lan", { settings: { MacAddress: "02:00:00:00:00:42" } });
    const web = await test.store.attach(request, never);
    const peer = await test.store.attach(aRequest("lan"), never);
    const server = serveText(web.netnsPath ?? "", 80, "web");
    expect(await knock(web.endpoints.lan?.IPAddress ?? "", 80, peer.netnsPath)).toBe("unreachable");
    await new Promise((resolve) => server.close(resolve));
    await test.store.detach(web.containerId);
    const again = await test.store.attach(request, never);
    expect(again.endpoints.lan?.IPAddress).toBe(web.endpoints.lan?.IPAddress);
    await test.store.connect(again.containerId, { network: "bridge", settings: {} });
    await test.store.disconnect(again.containerId, "lan");
  });

  it("refuses a parent that is not there", async () => {
    await using test = await openTestNetworks();
    const body = { Name: "lan", Driver: "macvlan", Options: { parent: "nowhere0" } };
    await expect(test.store.create(body)).rejects.toThrow("invalid subinterface vlan name nowhere0");
    await expect(test.store.create({ ...body, Options: { parent: "nowhere0.10" } })).rejects.toThrow("nowhere0.10");
  });
});

it("makes a VLAN's interface where the kernel can, shares it, and takes it away with the last network", async () => {
  await using test = await openTestNetworks();
  using outside = anOutside("198.18.90");
  const vlan = `${outside.link}.10`;
  const body = (Name: string, Subnet: string) => ({
    ...{ Name, Driver: "macvlan", Options: { parent: vlan } },
    IPAM: { Config: [{ Subnet }] },
  });
  const made = test.store.create(body("a", "198.18.91.0/24"));
  if (!hasVlan) return expect(made).rejects.toThrow(`VLAN interface ${vlan} cannot be made on this host`);
  await made;
  await test.store.create(body("b", "198.18.92.0/24"));
  expect(test.remains().links).toEqual([vlan]);
  await test.store.remove("a");
  expect(test.remains().links).toEqual([vlan]);
  await test.store.remove("b");
  expect(test.remains().links).toEqual([]);
});
