/** What `up` made of the kernel and the disk, `down` must give back: everything is listed while it is up, and sought after. */
import { execFile } from "node:child_process";
import { access, readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Registry, startRegistryWith } from "../../images/registry.js";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Inspected, type Project, sampleDir } from "../harness/gantry.js";
import { aFreePort } from "../harness/host.js";

const execute = promisify(execFile);

let registry: Registry;
let gantry: Gantry;
let shop: Project;

beforeAll(async () => {
  registry = await startRegistryWith("nginx", "python", "redis");
  gantry = await aGantry({ GANTRY_REGISTRY_MIRRORS: `docker.io=${registry.url}` });
  shop = gantry.project(sampleDir("shop"), { PORT: String(await aFreePort()) });
});
afterAll(async () => {
  await shop?.clear();
  await gantry?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

describe("after down", () => {
  it("no process, mount, namespace, interface, firewall rule, cgroup or layer of the project is left", async () => {
    await shop.ok("up", "-d", "--wait");
    const ids = (await shop.ok("ps", "-aq")).split("\n");
    const traces = await Promise.all(ids.map(async (id) => tracesOf(await gantry.inspect(id))));
    const links = new Set(await linkNames());
    const addresses = traces.flatMap(({ addresses }) => addresses);
    expect(await rulesWith(addresses), "the rules name the containers while they run").not.toEqual([]);

    await shop.ok("down", "-v");

    expect(await processesWith([...ids, ...ids.map((id) => id.slice(0, 12))])).toEqual([]);
    expect(await mountsWith([...ids, ...traces.flatMap(({ layers }) => layers)])).toEqual([]);
    for (const path of traces.flatMap(({ layers, cgroups, netns }) => [...layers, ...cgroups, netns])) {
      await expect(access(path), `${path} is gone`).rejects.toThrow();
    }
    expect(await rulesWith(addresses)).toEqual([]);
    const bridges = traces.flatMap(({ gateways }) => gateways);
    expect((await addressesOfHost()).filter((address) => bridges.includes(address))).toEqual([]);
    const after = await linkNames();
    expect(after.length).toBeLessThanOrEqual(links.size - 2 - 4); // two bridges, and a veth per endpoint
  });

  it("nothing of the engine is left either once it was stopped", async () => {
    const pid = await gantry.enginePid();
    await gantry.ok(["engine", "stop"]);
    await eventually(async () => {
      expect(() => process.kill(pid, 0)).toThrow();
      expect(await processesWith([gantry.stateRoot])).toEqual([]);
    }, 2000);
    expect(await mountsWith([gantry.stateRoot])).toEqual([]);
  });
});

interface Traces {
  readonly layers: readonly string[];
  readonly cgroups: readonly string[];
  readonly netns: string;
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
}

/** Where a running container can be seen from outside. */
async function tracesOf({ State, GraphDriver, NetworkSettings }: Inspected): Promise<Traces> {
  const networks = Object.values(NetworkSettings.Networks);
  return {
    layers: ["UpperDir", "MergedDir", "WorkDir"].flatMap((name) => GraphDriver.Data?.[name] ?? []),
    cgroups: await cgroupsOf(State.Pid),
    netns: NetworkSettings.SandboxKey,
    addresses: networks.map(({ IPAddress }) => IPAddress),
    gateways: networks.map(({ Gateway }) => Gateway).filter(Boolean),
  };
}

async function cgroupsOf(pid: number): Promise<string[]> {
  const lines = (await readFile(`/proc/${pid}/cgroup`, "utf8")).trim().split("\n");
  return lines.flatMap((line) => {
    const [, controllers = "", path = ""] = line.split(":");
    if (path === "/") return [];
    return [`/sys/fs/cgroup${controllers === "" ? "" : `/${controllers.replace("name=", "")}`}${path}`];
  });
}

async function processesWith(words: readonly string[]): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => words.some((word) => line.includes(word)));
}

async function mountsWith(words: readonly string[]): Promise<string[]> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return mounts.filter((line) => words.some((word) => line.includes(word)));
}

async function rulesWith(addresses: readonly string[]): Promise<string[]> {
  const { stdout } = await execute("nft", ["list", "ruleset"], { maxBuffer: 16 << 20 });
  return stdout.split("\n").filter((line) => addresses.some((address) => line.split(/[^\d.]+/).includes(address)));
}

const linkNames = async () => (await execute("ip", ["-o", "link"])).stdout.trim().split("\n");

async function addressesOfHost(): Promise<string[]> {
  const { stdout } = await execute("ip", ["-o", "-4", "address"]);
  return [...stdout.matchAll(/inet ([\d.]+)/g)].map(([, address]) => address ?? "");
}
