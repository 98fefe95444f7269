/**
 * The engine killed at every state transition: each system call that changes something (a rename that commits a record, a
 * mount, a link, a spawn) is in turn the last one that the engine makes. strace ends it there, so no code of the engine
 * knows of the test.
 *
 * After each kill the guard brings another engine, which must have a consistent picture: everything listed can be
 * inspected and removed, and then nothing is left anywhere. The points of one operation are some dozens; by default a
 * sample of them is tried, `GANTRY_KILL_POINTS=all` tries every one.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Registry, startRegistryWith } from "../images/registry.js";
import { page } from "../scenarios/harness/host.js";
import { clear, startTestEngine, type TestEngine } from "./engine-fixture.js";

/** What leaves a trace outside the process. Spawns are among them: the engine dies before what it starts is known. */
const changing =
  "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,mount,umount2,sendto,sendmsg,clone,clone3,vfork";
/** Points of each operation that are tried by default, spread over all of them. */
const sample = process.env.GANTRY_KILL_POINTS === "all" ? Number.POSITIVE_INFINITY : 3;

let engine: TestEngine;
let registry: Registry;
beforeAll(async () => {
  [engine, registry] = await Promise.all([startTestEngine(), startRegistryWith("nginx")]);
});
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
});

/** `prepare` makes what `act` needs; only `act` is interrupted. */
interface Operation {
  readonly what: string;
  readonly prepare?: () => Promise<unknown>;
  readonly act: () => Promise<unknown>;
  /** What must hold besides, as soon as the next engine is there, and once all has been removed. */
  readonly holds?: (point: number) => Promise<void>;
  readonly leaves?: () => Promise<void>;
}

const sleeper = { Image: "busybox", Cmd: ["sleep", "1000"], StopSignal: "SIGKILL" };
const create = (body = {}) => engine.client.containers.create("box", { ...sleeper, ...body });
const running = async () => {
  await create();
  await engine.client.containers.start("box");
};

const withVolume = { HostConfig: { Mounts: [{ Type: "volume", Source: "data", Target: "/bin" }] } } as const;
const network = () => engine.client.networks.create({ Name: "side" });
const operations: Operation[] = [
  { what: "creates a container", act: () => create() },
  { what: "fills a volume", act: () => create(withVolume) },
  { what: "starts a container", prepare: () => create(), act: () => engine.client.containers.start("box") },
  { what: "stops a container", prepare: running, act: () => engine.client.containers.stop("box") },
  { what: "restarts a container", prepare: running, act: () => engine.client.containers.restart("box") },
  { what: "removes a container", prepare: running, act: () => engine.client.containers.remove("box", { force: true }) },
  { what: "creates a network", act: network },
  {
    what: "connects a container to a network",
    prepare: () => Promise.all([running(), network()]),
    act: () => engine.client.networks.connect("side", { Container: "box" }),
  },
  {
    what: "disconnects a container from a network",
    prepare: async () => {
      await Promise.all([running(), network()]);
      await engine.client.networks.connect("side", { Container: "box" });
    },
    act: () => engine.client.networks.disconnect("side", { Container: "box" }),
  },
  { what: "pulls an image", prepare: () => removeImage(nginx()), act: () => pull(nginx()) },
  { what: "removes an image", prepare: () => pull(nginx()), act: () => removeImage(nginx()) },
  { what: "removes a network", prepare: network, act: () => engine.client.networks.remove("side") },
  {
    what: "lets a container take another one's place",
    prepare: async () => {
      await aServer("box");
      await aServer("next", { GantryStandby: true });
    },
    act: () => engine.client.containers.takeOver("next", "box"),
    holds: async (point) => {
      const all = await engine.client.containers.list({ all: true });
      const inspected = await Promise.all(all.map(({ Id }) => engine.client.containers.inspect(Id)));
      const publishing = inspected.filter(({ NetworkSettings }) => NetworkSettings.Ports?.["80/tcp"]);
      expect([publishing.length, inspected.length], `point ${point}`).toEqual([1, 2]);
      const [serving] = publishing;
      expect([serving?.Name, serving?.State.GantryStandby], `point ${point}`).toEqual(["/box", undefined]);
      expect(serving?.Config.Cmd?.join(), `point ${point}`).toContain(`echo ${await answer()} `);
      expect(publishedElements(), `point ${point}`).toHaveLength(1);
    },
    leaves: async () => expect(publishedElements()).toEqual([]),
  },
];

const port = 18_473;
/** It says its name to whoever asks. */
async function aServer(name: string, host = {}): Promise<void> {
  const HostConfig = { PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] }, ...host };
  const Cmd = ["sh", "-c", `echo ${name} >/name; exec httpd -f -p 80 -h /`];
  await engine.client.containers.create(name, { ...sleeper, Cmd, ExposedPorts: { "80/tcp": {} }, HostConfig });
  await engine.client.containers.start(name);
}

/** What the published port says. */
async function answer(): Promise<string> {
  return (await page(`http://127.0.0.1:${port}/name`)).trim();
}

/** Of the engine's tables, those of the port. */
function publishedElements(): string[] {
  const tables = engine.remains().tables.map((line) => execFileSync("nft", ["list", ...line.split(" ")]).toString());
  return tables.flatMap((table) => table.match(new RegExp(`\\. ${port} : `, "g")) ?? []);
}

describe.each(operations)("an engine that is killed while it $what", ({ prepare, act, holds, leaves }) => {
  it("is followed by one that has a consistent picture", async () => {
    let kills = 0;
    for (const point of spread(await countPoints({ prepare, act }), sample)) {
      await clear(engine.client);
      await prepare?.();
      const pid = await engine.pid();
      await using tracer = await trace(pid, `inject=${changing}:signal=SIGKILL:when=${point}`);
      await Promise.allSettled([act()]);
      await tracer.end();
      // The guard takes its time after several ends in a row; a command does not.
      expect(await engine.gantry(["engine", "start"]), `point ${point}`).toMatchObject({ exitCode: 0 });
      if ((await engine.pid()) !== pid) kills += 1;
      await holds?.(point);
      await expectConsistency(point);
      await leaves?.();
    }
    expect(kills).toBeGreaterThan(0);
  }, 240_000);
});

/** The most changing calls of one thread: `when` of strace counts by thread. */
async function countPoints({ prepare, act }: Omit<Operation, "what">): Promise<number> {
  await clear(engine.client);
  await prepare?.();
  await using tracer = await trace(await engine.pid(), `trace=${changing}`);
  await act();
  await sleep(100); // what it does after the answer counts too
  return Math.max(1, ...(await tracer.end()).values());
}

function spread(points: number, wanted: number): number[] {
  if (points <= wanted) return Array.from({ length: points }, (_, at) => at + 1);
  return Array.from({ length: wanted }, (_, at) => 1 + Math.floor((at * points) / wanted));
}

async function expectConsistency(point: number): Promise<void> {
  for (const { Id } of await engine.client.containers.list({ all: true })) {
    const { State } = await engine.client.containers.inspect(Id);
    expect(["created", "running", "exited"], `point ${point}`).toContain(State.Status);
    if (State.Status !== "running") await engine.client.containers.start(Id);
    expect((await engine.client.containers.inspect(Id)).State.Running, `point ${point}`).toBe(true);
  }
  await clear(engine.client);
  const folders = ["containers", "supervised", "exits", "runtime", "exec"].map((name) => join(engine.runDir, name));
  const left = folders.filter(existsSync).flatMap((folder) => readdirSync(folder));
  const { mounts, links } = engine.remains();
  expect({ left, mounts, links }, `point ${point}`).toEqual({ left: [], mounts: [], links: [] });
}

const nginx = () => `${registry.address}/library/nginx:latest`;

async function pull(reference: string): Promise<void> {
  for await (const _ of engine.client.images.pull(reference));
}

async function removeImage(reference: string): Promise<void> {
  await engine.client.images.remove(reference).catch(() => {}); // the last kill may have left it or not
}

interface Tracer extends AsyncDisposable {
  /** Ends the tracing; calls seen of each thread. */
  end(): Promise<ReadonlyMap<string, number>>;
}

/** Attaches strace to every thread of the process, and not to its children. */
async function trace(pid: number, expression: string): Promise<Tracer> {
  const threads = readdirSync(`/proc/${pid}/task`).flatMap((thread) => ["-p", thread]);
  const strace: ChildProcess = spawn("strace", ["-e", expression, ...threads], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(strace, "exit");
  let text = "";
  let attached = 0;
  await new Promise<void>((resolve, reject) => {
    strace.stderr?.on("data", (chunk) => {
      text += String(chunk);
      attached = text.split(" attached\n").length - 1;
      if (attached >= threads.length / 2) resolve();
    });
    ended.then(() => reject(new Error(`strace ended: ${text}`)));
  });
  const end = async () => {
    strace.kill("SIGKILL"); // asked politely it waits for ever for a process whose threads it has just killed
    await ended;
    const calls = new Map<string, number>();
    for (const [, thread = ""] of text.matchAll(/^\[pid +(\d+)\] \w+\(/gm))
      calls.set(thread, (calls.get(thread) ?? 0) + 1);
    return calls;
  };
  return { end, [Symbol.asyncDispose]: async () => void (await end()) };
}
