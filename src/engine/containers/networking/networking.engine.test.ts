/** Containers and their networks, with real parts: what a container sees of them, at its start and while it runs. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ContainerCreateBody } from "../../../wire/container.js";
import { RealEngine } from "../real-engine.fixture.js";

const real = new RealEngine();
const name = () => `n${randomBytes(4).toString("hex")}`;
const inspect = (id: string) => real.containers.inspect(id);
const addressOn = (id: string, network: string) => inspect(id).NetworkSettings.Networks[network]?.IPAddress ?? "";
const etc = (id: string, file: "HostsPath" | "ResolvConfPath") => readFileSync(inspect(id)[file], "utf8");
let front: string;
let back: string;

beforeAll(() => real.open());
afterAll(() => real.remove());
beforeEach(async () => {
  [front, back] = [name(), name()];
  await real.networks.create({ Name: front, EnableIPv6: true });
  await real.networks.create({ Name: back });
});

describe("a container's link", () => {
  it("on the default bridge is a line in its hosts file, and shown by inspect", async () => {
    const db = await real.run({}, name());
    const dbName = inspect(db).Name.slice(1);
    const HostConfig = { Links: [`${dbName}:database`] };
    const web = await real.run({ HostConfig }, name());
    const line = `${addressOn(db, "bridge")}\tdatabase ${db.slice(0, 12)} ${dbName}`;
    expect(etc(web, "HostsPath").split("\n")).toContain(line);
    expect(inspect(web).HostConfig.Links).toEqual([`/${dbName}:${inspect(web).Name}/database`]);
    await real.containers.stop(db, { timeoutS: 0 });
    await real.containers.stop(web, { timeoutS: 0 });
    await expect(real.containers.start(web)).rejects.toThrow(
      `Cannot link to a non running container: /${dbName} AS ${inspect(web).Name}/database`,
    );
    for (const id of [db, web]) await real.removeContainer(id);
  });

  it("to a container that does not exist is refused at once", async () => {
    const body: ContainerCreateBody = { Image: "busybox", HostConfig: { Links: ["nobody"] } };
    await expect(real.containers.create(name(), body)).rejects.toMatchObject({
      ...{ status: 400, message: expect.stringMatching(/^could not get container for nobody/) },
    });
  });
});

describe("a running container", () => {
  it("that is connected to a network sees itself and the network's names there, until it is disconnected", async () => {
    const id = await real.run({}, name());
    const peer = await real.run({ HostConfig: { NetworkMode: front } }, name());
    const peerName = inspect(peer).Name.slice(1);
    expect(etc(id, "ResolvConfPath")).not.toContain("127.0.0.11");
    await real.containers.connectNetwork(id, front, { Aliases: ["late"] });
    const [v4, v6] = [addressOn(id, front), inspect(id).NetworkSettings.Networks[front]?.GlobalIPv6Address];
    expect(etc(id, "HostsPath")).toContain(`${v4}\t${id.slice(0, 12)}\n${v6}\t${id.slice(0, 12)}\n`);
    expect(etc(id, "ResolvConfPath")).toContain("nameserver 127.0.0.11");
    expect(await lookUp(id, peerName)).toContain(addressOn(peer, front));
    expect(await lookUp(peer, "late")).toContain(v4);
    await real.containers.disconnectNetwork(id, front, { force: false });
    expect(etc(id, "HostsPath")).not.toContain(v4);
    expect(Object.keys(inspect(id).NetworkSettings.Networks)).toEqual(["bridge"]);
    for (const one of [id, peer]) await real.removeContainer(one);
  });

  it("has the MAC address that was asked of the container, on its main network", async () => {
    const MacAddress = "02:00:00:00:77:01";
    const EndpointsConfig = { [back]: {} };
    const body = { MacAddress, HostConfig: { NetworkMode: front }, NetworkingConfig: { EndpointsConfig } };
    const id = await real.run(body, name());
    const { Networks } = inspect(id).NetworkSettings;
    expect(Networks[front]?.MacAddress).toBe(MacAddress);
    expect(Networks[back]?.MacAddress).not.toBe(MacAddress);
    await real.removeContainer(id);
  });

  it("tells each network once that it comes and goes, with the container, the name and the driver", async () => {
    const id = await real.run({ HostConfig: { NetworkMode: front } }, name());
    await real.containers.connectNetwork(id, back, {});
    await real.containers.disconnectNetwork(id, back, { force: false });
    await real.containers.stop(id, { timeoutS: 0 });
    const told = real.events
      .filter(({ Type, Actor }) => Type === "network" && Actor.Attributes.container === id)
      .map(({ Action, Actor: { ID, Attributes } }) => [Action, ID === networkId(Attributes.name), Attributes]);
    const attributes = (network: string) => ({ container: id, name: network, type: "bridge" });
    expect(told).toEqual([
      ["connect", true, attributes(front)],
      ["connect", true, attributes(back)],
      ["disconnect", true, attributes(back)],
      ["disconnect", true, attributes(front)],
    ]);
    await real.removeContainer(id);
  });
});

describe("connect and disconnect", () => {
  it("work on a container that does not run, with what was asked kept for its start", async () => {
    const { Id } = await real.containers.create(name(), { Image: "busybox", HostConfig: { NetworkMode: front } });
    await real.containers.connectNetwork(Id, back, { Aliases: ["later"], GwPriority: 3 });
    await real.containers.disconnectNetwork(Id, front, { force: false });
    await real.containers.start(Id);
    expect(inspect(Id).NetworkSettings.Networks).toEqual({
      [back]: expect.objectContaining({ Aliases: ["later"], GwPriority: 3, IPAddress: expect.stringMatching(/\d/) }),
    });
    await real.removeContainer(Id);
  });

  it("refuse in Docker's words and with its codes", async () => {
    const id = await real.run({ HostConfig: { NetworkMode: front } }, name());
    const onHost = await real.run({ HostConfig: { NetworkMode: "host" } }, name());
    const own = inspect(id).Name.slice(1);
    const connect = (container: string, network: string, settings = {}) =>
      real.containers.connectNetwork(container, network, settings);
    await expect(connect(id, front)).rejects.toMatchObject({
      ...{ status: 403, message: `endpoint with name ${own} already exists in network ${front}` },
    });
    await expect(connect(id, "nonet")).rejects.toMatchObject({ status: 404, message: "network nonet not found" });
    await expect(connect(id, "host")).rejects.toMatchObject({
      ...{ status: 400, message: "container cannot be disconnected from host network or connected to host network" },
    });
    await expect(connect(id, "none")).rejects.toMatchObject({
      ...{ status: 400, message: expect.stringContaining("one of the networks in private (none) mode") },
    });
    await expect(connect(onHost, front)).rejects.toMatchObject({
      ...{ status: 400, message: expect.stringContaining("cannot be connected to any other network") },
    });
    await expect(connect(id, back, { IPAMConfig: { IPv4Address: "1.2.3.4" } })).rejects.toMatchObject({
      ...{ status: 400, message: expect.stringContaining("no configured subnet contains IP address 1.2.3.4") },
    });
    await expect(real.containers.disconnectNetwork(id, back, { force: false })).rejects.toMatchObject({
      ...{ status: 500, message: `container ${id} is not connected to network ${back}` },
    });
    await expect(real.networks.remove(front)).rejects.toMatchObject({
      ...{ status: 403, message: expect.stringContaining("has active endpoints") },
    });
    for (const one of [id, onHost]) await real.removeContainer(one);
    expect(real.reports).toEqual([]);
  });
});

function networkId(network: string | undefined): string {
  return real.networks.get(network ?? "").Id;
}

async function lookUp(id: string, host: string): Promise<string> {
  const { Pid } = inspect(id).State;
  const words = [`--net=/proc/${Pid}/ns/net`, "busybox", "nslookup", host, "127.0.0.11"];
  return (await promisify(execFile)("nsenter", words)).stdout;
}
