/** Containers with real parts: overlay, bridge, conmon, an OCI runtime, and a busybox image of one layer. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContainerCreateBody } from "../../wire/container.js";
import { FrameDecoder } from "../../wire/stream.js";
import type { ContainerStore } from "./container-store.js";
import { never, RealEngine } from "./real-engine.fixture.js";

const real = new RealEngine();
const { dir, instanceId, reports } = real;
let engine: ContainerStore;
const openEngine = async () => {
  await real.open();
  engine = real.containers;
};
const closeEngine = () => real.close();

beforeAll(openEngine);
afterAll(() => real.remove());

const run = (body: ContainerCreateBody) => real.run(body);
const sh = (script: string, body: ContainerCreateBody = {}) => real.sh(script, body);
const output = (script: string, body: ContainerCreateBody = {}) => real.output(script, body);
const logOf = (id: string) => real.logOf(id);
const remove = (id: string) => real.removeContainer(id);

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
