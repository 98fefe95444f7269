/** Containers with real parts: overlay, bridge, conmon, an OCI runtime, and a busybox image of one layer. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../base/clock.js";
import type { RegistryClient } from "../../registry/registry-client.js";
import type { ContainerCreateBody } from "../../wire/container.js";
import { FrameDecoder } from "../../wire/stream.js";
import { ImageStore } from "../images/image-store.js";
import { readBootId } from "../kernel/process.js";
import { LayerStore } from "../layers/layer-store.js";
import { NetworkStore } from "../networks/network-store.js";
import { cgroupVersion } from "../runtime/cgroups.js";
import { readSpecHost } from "../runtime/host.js";
import { findProgram, probeRuntimes } from "../runtime/runtime-probe.js";
import { ConmonSupervisor } from "../supervisor/conmon-supervisor.js";
import { openVolumes } from "../volumes/volume-store.js";
import type { ContainerStore } from "./container-store.js";
import { createContainers } from "./create-containers.js";
import { EventJournal } from "./event-journal.js";

const dir = mkdtempSync(join(tmpdir(), "gantry-cte-"));
const instanceId = `t${randomBytes(4).toString("hex")}`;
const never = new AbortController().signal;
const reports: string[] = [];
let engine: ContainerStore;
let closeEngine: () => Promise<void>;

async function openEngine(): Promise<void> {
  const onDamaged = ({ path }: { path: string }) => reports.push(path);
  const stateRoot = join(dir, "state");
  const runDir = join(dir, "run");
  mkdirSync(stateRoot, { recursive: true });
  mkdirSync(runDir, { recursive: true });
  const layers = await LayerStore.open({ stateRoot, onDamaged });
  const registry = {} as RegistryClient; // Nothing is pulled here.
  const images = await ImageStore.open({ stateRoot, layers, registry, clock: systemClock, onDamaged });
  const events = new EventJournal(systemClock);
  const networks = await NetworkStore.open({
    ...{ stateDir: stateRoot, runDir, instanceId, clock: systemClock },
    publish: (event) => events.publish(event),
    log: (text) => reports.push(text),
  });
  const runtimes = await probeRuntimes({ cacheFile: join(dir, "runtimes.json"), wrapperDir: join(dir, "wrappers") });
  const supervisor = new ConmonSupervisor({
    ...{ runDir, runtimes, conmonPath: findProgram("conmon") ?? "", defaultRuntime: runtimes[0]?.name ?? "" },
    monitorCgroup: `/${instanceId}/monitors`,
  });
  const volumes = await openVolumes({ directory: join(stateRoot, "volumes"), clock: systemClock, onDamaged });
  engine = await createContainers({
    ...{ clock: systemClock, images, layers, volumes, networks, supervisor, events, onDamaged },
    stateDir: join(stateRoot, "containers"),
    runDir: join(runDir, "containers"),
    host: {
      ...{ cgroupVersion: cgroupVersion(), cpus: cpus().length, runtime: runtimes[0]?.name ?? "" },
      ...{ seLinux: false, cgroupParent: `/${instanceId}`, spec: readSpecHost() },
    },
    bootId: readBootId(),
    report: (message, error) => reports.push(`${message}: ${error}`),
  });
  await engine.restore();
  closeEngine = async () => {
    await engine.close();
    await supervisor.close();
    await networks.close();
  };
  if (!hasImage) {
    await images.importRootfs(Readable.from(busyboxTar()), {
      ...{ reference: "busybox:latest", changes: ["CMD sleep 1000", "VOLUME /filled"], signal: never },
      onProgress: () => {},
    });
    hasImage = true;
  }
}
let hasImage = false;

function busyboxTar(): Buffer {
  const root = join(dir, "rootfs");
  for (const folder of ["bin", "etc", "filled", "tmp", "proc", "sys", "dev"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  copyFileSync("/bin/busybox", join(root, "bin/busybox"));
  for (const applet of execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" }).trim().split("\n")) {
    if (applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
  }
  execFileSync("sh", ["-c", "echo root:x:0:0::/root:/bin/sh >etc/passwd; echo seed >filled/seed"], { cwd: root });
  return execFileSync("tar", ["-C", root, "-c", "."], { maxBuffer: 64 * 1024 ** 2 });
}

beforeAll(openEngine);
afterAll(async () => {
  for (const { Id } of engine.list({ all: true, filters: {} })) await engine.remove(Id, { force: true, volumes: true });
  await closeEngine();
  const sweeper = await NetworkStore.open({
    ...{ stateDir: join(dir, "state"), runDir: join(dir, "run"), instanceId, clock: systemClock },
    publish: () => {},
    log: () => {},
  });
  await sweeper.restore([]);
  for (const { Id } of sweeper.list({ type: ["custom"] })) await sweeper.remove(Id);
  await sweeper.close();
  for (const hierarchy of readdirSync("/sys/fs/cgroup")) {
    for (const path of [`${instanceId}/monitors`, instanceId]) {
      const folder = join("/sys/fs/cgroup", hierarchy, path);
      if (existsSync(folder)) execFileSync("rmdir", [folder]);
    }
  }
  rmSync(dir, { recursive: true, force: true });
});

const run = async (body: ContainerCreateBody, name?: string) => {
  const { Id } = await engine.create(name, { Image: "busybox", ...body });
  await engine.start(Id);
  return Id;
};
const sh = (script: string, body: ContainerCreateBody = {}) => run({ Cmd: ["sh", "-c", script], ...body });
const remove = (id: string) => engine.remove(id, { force: true, volumes: true });

async function logOf(id: string): Promise<string> {
  const options = { stdout: true, stderr: true, follow: true, timestamps: false };
  const decoder = new FrameDecoder();
  let text = "";
  for await (const chunk of engine.logs(id, options, never)) {
    for (const { payload } of decoder.push(chunk)) text += Buffer.from(payload).toString();
  }
  return text;
}

async function output(script: string, body: ContainerCreateBody = {}): Promise<string> {
  const id = await sh(script, body);
  await engine.wait(id, "not-running", never);
  const text = await logOf(id);
  await remove(id);
  return text;
}

async function eventually(check: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !check(); await delay(20)) if (Date.now() > end) throw new Error("never");
}

describe("a real container", () => {
  it("runs, is seen from outside, and leaves nothing behind", async () => {
    const id = await run({});
    const { State, NetworkSettings } = engine.inspect(id);
    expect(State.Pid).toBeGreaterThan(1);
    expect(NetworkSettings.IPAddress).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect((await engine.top(id, "-o pid,args")).Processes.map(([, command]) => command)).toEqual(["sleep 1000"]);
    expect(await engine.stop(id, { timeoutS: 0 })).toBe(true);
    expect(engine.inspect(id).State).toMatchObject({ Status: "exited", ExitCode: 137 });
    await remove(id);
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(id);
    expect(existsSync(`/proc/${State.Pid}`)).toBe(false);
    for (const folder of ["state/containers/state", "state/rootfs", "run/containers", "run/netns"]) {
      expect(readdirSync(join(dir, folder)).filter((name) => name.includes(id.slice(0, 12)))).toEqual([]);
    }
    expect(reports).toEqual([]);
  });

  it("tells its exit code and keeps its output", async () => {
    const id = await sh("echo out; echo err >&2; exit 7");
    expect(await engine.wait(id, "not-running", never)).toEqual({ StatusCode: 7 });
    expect(await logOf(id)).toBe("out\nerr\n");
    await remove(id);
  });

  it("has its own name, hosts file and user", async () => {
    const text = await output("hostname; cat /etc/hostname; grep -c $(hostname) /etc/hosts; id -u; pwd", {
      ...{ Hostname: "web", User: "1000:1000", WorkingDir: "/tmp" },
    });
    expect(text).toBe("web\nweb\n1\n1000\n/tmp\n");
  });

  it("that cannot be started says why, and can be started again", async () => {
    const { Id } = await engine.create(undefined, { Image: "busybox", Cmd: ["nope"] });
    await expect(engine.start(Id)).rejects.toMatchObject({ code: "command-not-found" });
    expect(engine.inspect(Id).State).toMatchObject({ Status: "created", ExitCode: 127 });
    await remove(Id);
  });

  it("is adopted by the next engine, which sees its exit", async () => {
    const id = await sh("sleep 1; exit 3");
    await closeEngine();
    await openEngine();
    expect(engine.inspect(id).State.Status).toBe("running");
    expect(await engine.wait(id, "not-running", never)).toEqual({ StatusCode: 3 });
    await remove(id);
  });

  it("that ended while no engine ran is run again by its restart policy", async () => {
    const id = await sh("sleep 0.3; exit 3", { HostConfig: { RestartPolicy: { Name: "on-failure" } } });
    await closeEngine();
    await delay(1000);
    await openEngine();
    await eventually(() => engine.inspect(id).RestartCount > 0);
    await remove(id);
  });
});

it("a real container's log is rotated, and a follower reads on", async () => {
  const script = "for i in $(seq 6); do seq 2000; sleep 0.5; done";
  const LogConfig = { Type: "json-file", Config: { "max-size": "40k", "max-file": "20" } };
  const id = await sh(script, { HostConfig: { LogConfig } });
  const text = await logOf(id);
  expect(text.split("\n").length).toBe(12_001);
  expect(existsSync(`${engine.inspect(id).LogPath}.1`)).toBe(true);
  expect((await logOf(id)).length).toBe(text.length);
  await remove(id);
});

describe("limits of a real container", () => {
  it("end what takes more memory than it may, and inspect says so", async () => {
    const Memory = 16 * 1024 ** 2;
    const id = await sh("tail /dev/zero", { HostConfig: { Memory, MemorySwap: Memory } });
    await engine.wait(id, "not-running", never);
    expect(engine.inspect(id).State).toMatchObject({ OOMKilled: true, ExitCode: 137 });
    await remove(id);
  });

  it("are each one's own: ten start side by side and go together", async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, async () => (await engine.create(undefined, idle)).Id));
    await Promise.all(ids.map((id) => engine.start(id)));
    expect(engine.list({ all: false, filters: {} })).toHaveLength(10);
    await Promise.all(ids.map(remove));
    expect(engine.list({ all: true, filters: {} })).toEqual([]);
  });
});

const idle = { Image: "busybox", Cmd: ["sleep", "1000"] };

describe("mounts of a real container", () => {
  it("find a working directory that the image does not have", async () => {
    expect(await output("pwd", { WorkingDir: "/not/there" })).toBe("/not/there\n");
  });

  it("are volumes filled from the image, binds, tmpfs and injected files", async () => {
    const host = join(dir, "made", "host");
    const text = await output(
      "cat /filled/seed /run/secrets/key; stat -c %a%u /run/secrets/key; ls -d /b /t; touch /r/x",
      {
        HostConfig: {
          Binds: [`${host}:/b`, `${host}:/r:ro`],
          Tmpfs: { "/t": "size=1m" },
          GantryFiles: [
            { Target: "/run/secrets/key", Data: Buffer.from("secret\n").toString("base64"), Uid: 5, Mode: 0o400 },
          ],
        },
      },
    );
    expect(text).toBe("seed\nsecret\n4005\n/b\n/t\ntouch: /r/x: Read-only file system\n");
    expect(existsSync(host)).toBe(true);
  });

  it("show a part of a volume, and nothing else when another container leads its path elsewhere", async () => {
    const Mounts = [
      { Type: "volume" as const, Source: `${instanceId}p`, Target: "/part", VolumeOptions: { Subpath: "a/b" } },
    ];
    const whole = { HostConfig: { Binds: [`${instanceId}p:/data`] } };
    await output("mkdir -p /data/a/b /data/etc; echo part >/data/a/b/file", whole);
    expect(await output("cat /part/file", { HostConfig: { Mounts } })).toBe("part\n");
    await output("rm -r /data/a/b; ln -s /etc /data/a/b", whole);
    expect(await output("ls -A /part", { HostConfig: { Mounts } }).catch(String)).toBe("");
    await output("rm /data/a/b; echo lone >/data/a/b", whole);
    expect(await output("cat /part", { HostConfig: { Mounts } })).toBe("lone\n");
    expect(readdirSync(join(dir, "run/containers")).filter((name) => name.startsWith("subpath"))).toEqual([]);
  });

  it("keep a named volume's content from one container to the next", async () => {
    const HostConfig = { Binds: [`${instanceId}:/data`] };
    await output("echo 1 >/data/count", { HostConfig });
    expect(await output("cat /data/count", { HostConfig })).toBe("1\n");
  });
});

describe("processes in a real container", () => {
  it("are run by exec, with their output and exit code", async () => {
    const id = await run({});
    const execId = engine.execCreate(id, { Cmd: ["sh", "-c", "cat; exit 4"], AttachStdin: true, AttachStdout: true });
    const stdio = await engine.execStart(execId, {});
    const decoder = new FrameDecoder();
    let text = "";
    stdio?.stream.on("data", (chunk) => {
      for (const { payload } of decoder.push(chunk)) text += Buffer.from(payload).toString();
    });
    const ended = new Promise((resolve) => stdio?.stream.once("end", resolve));
    stdio?.stream.end("hello");
    await ended;
    expect([text, engine.execInspect(execId).Running, engine.execInspect(execId).ExitCode]).toEqual([
      "hello",
      false,
      4,
    ]);
    await remove(id);
  });

  it("probe its health", async () => {
    const id = await sh("sleep 0.5; touch /tmp/ok; sleep 1000", {
      Healthcheck: { Test: ["CMD-SHELL", "cat /tmp/ok"], Interval: 100e6, Retries: 1 },
    });
    await eventually(() => engine.inspect(id).State.Health?.Status === "unhealthy");
    await eventually(() => engine.inspect(id).State.Health?.Status === "healthy");
    await remove(id);
  });

  it("hand every byte to who attached before the start", async () => {
    const { Id } = await engine.create(undefined, { Image: "busybox", Cmd: ["seq", "1000"] });
    const { stream } = await engine.attach(Id);
    const decoder = new FrameDecoder();
    let text = "";
    stream.on("data", (chunk) => {
      for (const { payload } of decoder.push(chunk)) text += Buffer.from(payload).toString();
    });
    const ended = new Promise((resolve) => stream.once("end", resolve));
    await engine.start(Id);
    await ended;
    expect(text.split("\n").length).toBe(1001);
    await remove(Id);
  });

  it("stand still while it is paused, and heed a stop then", async () => {
    const id = await sh("trap 'exit 9' TERM; while :; do sleep 0.05; done");
    await delay(100);
    await engine.pause(id);
    expect(engine.inspect(id).State).toMatchObject({ Status: "paused", Running: true });
    expect(await engine.stop(id, { timeoutS: 5 })).toBe(true);
    expect(engine.inspect(id).State.ExitCode).toBe(9);
    await remove(id);
  });
});
