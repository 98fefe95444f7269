/** A published port must answer wherever it was published, and nothing else of the host may be reached on the way. */
import { networkInterfaces } from "node:os";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { aGantry, type Gantry, type Project, sampleDir } from "../harness/gantry.js";
import { aFreePort, aNeighbour, aServer, type Neighbour, page } from "../harness/host.js";

let gantry: Gantry;
let neighbour: Neighbour;
let project: Project | undefined;

beforeAll(async () => {
  [gantry, neighbour] = await Promise.all([aGantry(), aNeighbour()]);
  await gantry.importImages("nginx");
});
afterEach(async () => {
  await project?.clear();
  project = undefined;
});
afterAll(async () => {
  await gantry?.[Symbol.asyncDispose]();
  await neighbour?.[Symbol.asyncDispose]();
});

const web = (ports: string) => `
services:
  web:
    image: nginx
    stop_grace_period: 0s
    ports: ["${ports}"]
    healthcheck: { test: [CMD, bash, -c, ": </dev/tcp/127.0.0.1/80"], start_period: 30s, start_interval: 50ms }
`;

/** Sends what is for 127.0.0.0/8 to the router instead, as an attacker on the link would. */
const stealLoopback = (router: string, device: string) => [
  "ip address flush dev lo",
  `ip route add 127.0.0.0/8 via ${router} dev ${device}`,
];

describe("a published port", () => {
  it("answers on 127.0.0.1, on the host's other addresses and to its neighbours", async () => {
    const port = await aFreePort();
    project = gantry.project(sampleDir("quickstart"), { PORT: String(port) });
    await project.ok("up", "-d", "--wait");
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    const hosts = ["127.0.0.1", neighbour.hostAddress, ...own.filter(isOrdinary).map(({ address }) => address)];
    for (const host of hosts) expect(await page(`http://${host}:${port}/`), host).toContain("It is up.");
    expect(await neighbour.fetch(`http://${neighbour.hostAddress}:${port}/`)).toContain("It is up.");
  });

  it("answers on [::1] too", async () => {
    const port = await aFreePort();
    project = await gantry.projectOf("v6", web(`${port}:80`));
    await project.ok("up", "-d", "--wait");
    expect(await page(`http://[::1]:${port}/`)).toContain("nginx");
  });

  it("is one of a container's IPv6 address too, on a network that has it", async () => {
    const [port, local] = [await aFreePort(), await aFreePort()];
    const networks = "\nnetworks:\n  default: { enable_ipv6: true }\n";
    project = await gantry.projectOf("dual", `${web(`${port}:80", "[::1]:${local}:80`)}${networks}`);
    await project.ok("up", "-d", "--wait");
    expect(await page(`http://[::1]:${port}/`)).toContain("nginx");
    expect(await page(`http://127.0.0.1:${port}/`)).toContain("nginx");
    expect(await page(`http://[::1]:${local}/`)).toContain("nginx");
    await expect(page(`http://127.0.0.1:${local}/`)).rejects.toThrow();
    const { Networks } = (await gantry.inspect(await project.container("web"))).NetworkSettings;
    expect(Object.values(Networks)[0]).toMatchObject({ GlobalIPv6Address: expect.stringMatching(/^fd/) });
  });

  it("stays on 127.0.0.1 when it was published there", async () => {
    const port = await aFreePort();
    project = await gantry.projectOf("local", web(`127.0.0.1:${port}:80`));
    await project.ok("up", "-d", "--wait");
    expect(await page(`http://127.0.0.1:${port}/`)).toContain("nginx");
    await expect(neighbour.fetch(`http://${neighbour.hostAddress}:${port}/`)).rejects.toThrow();
    await expect(page(`http://${neighbour.hostAddress}:${port}/`)).rejects.toThrow();
  });

  it("that is in use is refused by name, and nothing is created", async () => {
    await using server = await aServer("0.0.0.0", "mine");
    project = await gantry.projectOf("taken", web(`${server.port}:80`));
    const up = await project.run("up", "-d");
    expect(up.code).toBe(1);
    expect(up.output).toContain(String(server.port));
    expect(up.output).toMatch(/in use|already allocated/);
    expect(await gantry.ok(["container", "ls", "-aq"])).toBe("");
    expect(await gantry.ok(["network", "ls", "--format", "json"])).not.toContain("taken_default");
    expect(await page(`http://127.0.0.1:${server.port}/`)).toBe("mine");
  });

  it("that two services want goes to one, and up says so", async () => {
    const port = await aFreePort();
    const both = `${web(`${port}:80`)}\n  other:\n    image: nginx\n    stop_grace_period: 0s\n    ports: ["${port}:80"]\n`;
    project = await gantry.projectOf("both", both);
    const up = await project.run("up", "-d");
    expect(up.code).toBe(1);
    expect(up.output).toContain(String(port));
  });
});

describe("the host's own services on 127.0.0.1", () => {
  it("are out of reach for a neighbour that routes 127.0.0.0/8 to the host", async () => {
    await using server = await aServer("127.0.0.1", "private");
    await using thief = await aNeighbour();
    const port = await aFreePort();
    project = await gantry.projectOf("loopback", web(`127.0.0.1:${port}:80`));
    await project.ok("up", "-d", "--wait"); // the engine has opened what it needs for loopback clients
    const device =
      (await thief.run("ip", "-o", "-4", "route", "show", "default")).split("dev ")[1]?.split(" ")[0] ?? "";
    const steal = ["echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet", ...stealLoopback(thief.hostAddress, device)];
    await thief.run("sh", "-c", steal.join(" && "));
    await expect(thief.fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow();
    await expect(thief.fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  it("are out of reach for a container that routes 127.0.0.0/8 to its gateway", async () => {
    await using server = await aServer("127.0.0.1", "private");
    const port = await aFreePort();
    project = await gantry.projectOf(
      "inside",
      `${web(`127.0.0.1:${port}:80`)}
  thief:
    image: nginx # it has the tools: ip, timeout, and bash with its sockets
    stop_grace_period: 0s
    cap_add: [NET_ADMIN]
    sysctls: { net.ipv4.conf.all.route_localnet: "1" }
`,
    );
    await project.ok("up", "-d", "--wait");
    const gateway = (await project.exec("thief", "ip", "route")).match(/default via (\S+)/)?.[1] ?? "";
    const reaches = async (address: string, at: number) =>
      (await project?.run("exec", "-T", "thief", "timeout", "2", "bash", "-c", `: </dev/tcp/${address}/${at}`))
        ?.code === 0;
    expect(await reaches("web", 80)).toBe(true);
    expect([await reaches(gateway, server.port), await reaches(gateway, port)]).toEqual([false, false]);
    await project.exec("thief", "sh", "-c", stealLoopback(gateway, "eth0").join(" && "));
    expect([await reaches("127.0.0.1", server.port), await reaches("127.0.0.1", port)]).toEqual([false, false]);
  });
});

function isOrdinary({ family, internal }: { family: string; internal: boolean }): boolean {
  return family === "IPv4" && !internal;
}
