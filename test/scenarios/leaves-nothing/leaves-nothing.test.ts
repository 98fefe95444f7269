/** What `up` made of the kernel and the disk, `down` must give back: everything is listed while it is up, and sought after. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
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
    const links = await hostLinksOf(traces.map(({ netns }) => netns));
    expect(links.length, "two bridges, and a veth per endpoint").toBeGreaterThanOrEqual(2 + 4);
    const addresses = traces.flatMap(({ addresses }) => addresses);
    expect(await rulesWith(addresses), "the rules name the containers while they run").not.toEqual([]);

    await shop.ok("down", "-v");

    expect(await processesWith([...ids, ...ids.map((id) => id.slice(0, 12))])).toEqual([]);
    expect(await mountsWith([...ids, ...traces.flatMap(({ layers }) => layers)])).toEqual([]);
    for (const path of traces.flatMap(({ layers, cgroups, netns }) => [...layers, ...cgroups, netns])) {
      await expect(access(path), `${path} is gone`).rejects.toThrow();
    }
    expect(await rulesWith(addresses)).toEqual([]);
    const left = new Set((await linksIn()).map(({ ifname }) => ifname));
    expect(links.filter((name) => left.has(name))).toEqual([]);
  });

  it("nothing of the engine is left either once it was stopped", async () => {
    const pid = await gantry.enginePid();
    await gantry.ok(["engine", "stop"]);
    await eventually(async () => {
      expect(() => process.kill(pid, 0)).toThrow();
      expect(await processesWith([gantry.stateRoot])).toEqual([]);
    }, 15_000);
    expect(await mountsWith([gantry.stateRoot])).toEqual([]);
  });
});

interface Traces {
  readonly layers: readonly string[];
  readonly cgroups: readonly string[];
  readonly netns: string;
  readonly addresses: readonly string[];
}

/** Where a running container can be seen from outside. */
async function tracesOf({ State, GraphDriver, NetworkSettings }: Inspected): Promise<Traces> {
  const networks = Object.values(NetworkSettings.Networks);
  return {
    layers: ["UpperDir", "MergedDir", "WorkDir"].flatMap((name) => GraphDriver.Data?.[name] ?? []),
    cgroups: await cgroupsOf(State.Pid),
    netns: NetworkSettings.SandboxKey,
    addresses: networks.map(({ IPAddress }) => IPAddress),
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

/** Of this engine's own tables: others take an address the moment it is free. */
async function rulesWith(addresses: readonly string[]): Promise<string[]> {
  const tables = await tablesOf(gantry.stateRoot);
  const listed = tables.map((table) => execute("nft", ["list", ...table.split(" ")], { maxBuffer: 16 << 20 }));
  const text = (await Promise.all(listed)).map(({ stdout }) => stdout).join("\n");
  return text.split("\n").filter((line) => addresses.some((address) => line.split(/[^\d.]+/).includes(address)));
}

/** `table ip NAME`, one per family. */
async function tablesOf(stateRoot: string): Promise<string[]> {
  const id = createHash("sha256").update(stateRoot).digest("hex").slice(0, 8);
  const { stdout } = await execute("nft", ["list", "tables"]);
  return stdout.split("\n").filter((line) => line.includes(id));
}

interface Link {
  readonly ifname: string;
  readonly ifindex: number;
  /** The index of a veth's other end, in the other end's namespace. */
  readonly link_index?: number;
  readonly master?: string;
}

/** The host's ends of the veths in these namespaces, and their bridges. Other engines' links come and go meanwhile. */
async function hostLinksOf(namespaces: readonly string[]): Promise<string[]> {
  const inside = await Promise.all(namespaces.map((path) => linksIn("nsenter", `--net=${path}`)));
  const peers = new Set(inside.flat().flatMap(({ link_index }) => link_index ?? []));
  const ends = (await linksIn()).filter(({ ifindex }) => peers.has(ifindex));
  return [...new Set(ends.flatMap(({ ifname, master }) => [ifname, master ?? []].flat()))];
}

async function linksIn(...enter: string[]): Promise<Link[]> {
  const [command = "", ...args] = [...enter, "ip", "-json", "link"];
  const { stdout } = await execute(command, args, { maxBuffer: 16 << 20 });
  return (JSON.parse(stdout) as Link[]).filter(({ ifname }) => ifname !== undefined); // one that went meanwhile is `{}`
}
