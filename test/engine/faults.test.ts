/** Faults, one after the other: what the next engine makes of them. The built program, a real kernel, real containers. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

const checkout = join(import.meta.dirname, "../..");
/** It matters that something happens; how soon depends on what else the machine does. */
const patienceMs = 15_000;

describe("an engine that is killed at any moment", () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startTestEngine();
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  const sleeper = { Image: "busybox", Cmd: ["sleep", "1000"] };
  const create = () => engine.client.containers.create("box", sleeper);
  const createAndStart = async () => {
    await create();
    await engine.client.containers.start("box");
  };
  const steps = [
    { what: "creates", before: async () => {}, step: create },
    { what: "starts", before: create, step: () => engine.client.containers.start("box") },
    { what: "stops", before: createAndStart, step: () => engine.client.containers.stop("box", { timeoutS: 0 }) },
    { what: "removes", before: createAndStart, step: () => engine.client.containers.remove("box", { force: true }) },
  ];

  it.each(steps)("while it $what a container leaves one that can be started and removed, or none", async (fault) => {
    for (const delayMs of [2, 20, 60]) {
      await fault.before();
      const cut = Promise.allSettled([fault.step()]);
      await sleep(delayMs);
      process.kill(await pidOf(engine), "SIGKILL");
      await cut;
      const [found] = await engine.gantry(["container", "ls", "-aq"]).then(({ stdout }) => stdout.split("\n"));
      if (!found) continue;
      await engine.client.containers.start("box");
      expect((await engine.client.containers.inspect("box")).State.Status).toBe("running");
      await engine.client.containers.remove("box", { force: true });
    }
    expect(engine.remains()).toMatchObject({ mounts: [], links: [] });
    const inRunDir = ["containers", "supervised", "exits", "runtime", "exec"].map((name) => join(engine.runDir, name));
    expect(inRunDir.flatMap((folder) => readdirSync(folder))).toEqual([]);
  });

  it("several times in a row is back each time", async () => {
    // One of its own: the guard waits longer after each of many short lives.
    await using engine = await startTestEngine();
    for (let kill = 1; kill <= 3; kill++) {
      process.kill(await pidOf(engine), "SIGKILL");
      await within(patienceMs, async () => void (await engine.client.system.ping()));
    }
  });
});

describe("a guard that is killed", () => {
  it("is replaced by the engine, and the new one starts the engine again when that is killed next", async () => {
    await using engine = await startTestEngine();
    const always = ["--name", "again", "--restart", "always"];
    await engine.gantry(["container", "run", "-d", ...always, "busybox", "sleep", "1000"]);
    for (let round = 1; round <= 2; round++) {
      const guard = guardOf(engine);
      process.kill(guard, "SIGKILL");
      await within(patienceMs, async () => expect(guardOf(engine)).not.toBe(guard));
      const pid = await pidOf(engine);
      process.kill(pid, "SIGKILL");
      await within(patienceMs, async () => expect((await engine.client.system.status()).pid).not.toBe(pid));
    }
    process.kill((await engine.client.containers.inspect("again")).State.Pid, "SIGKILL");
    await within(patienceMs, async () => {
      expect(await engine.client.containers.inspect("again")).toMatchObject({
        RestartCount: 1,
        State: { Status: "running" },
      });
    });
  });

  it("together with the engine leaves none, until a container ends: then its restart policy goes on", async () => {
    const env = { GANTRY_REGISTRY_MIRRORS: "docker.io=http://127.0.0.1:9", http_proxy: "http://me:hush@127.0.0.1:9" };
    await using engine = await startTestEngine({ env });
    const always = ["--name", "again", "--restart", "always"];
    await engine.gantry(["container", "run", "-d", ...always, "busybox", "sleep", "1000"]);
    const { State } = await engine.client.containers.inspect("again");
    await killWithGuard(engine);
    process.kill(State.Pid, "SIGKILL");
    await within(patienceMs, async () => {
      expect(await engine.client.containers.inspect("again")).toMatchObject({
        RestartCount: 1,
        State: { Status: "running" },
      });
    });
    const environment = readFileSync(`/proc/${await pidOf(engine)}/environ`, "utf8").split("\0");
    expect(environment).toContain("GANTRY_REGISTRY_MIRRORS=docker.io=http://127.0.0.1:9");
    expect(environment.filter((setting) => setting.includes("hush"))).toEqual([]);
  });
});

describe("a container whose monitor is killed", () => {
  it("is ended, with the code of an end that nobody saw, and run again by its restart policy", async () => {
    await using engine = await startTestEngine();
    for (const args of [
      ["--name", "plain"],
      ["--name", "again", "--restart", "always"],
    ]) {
      await engine.gantry(["container", "run", "-d", ...args, "busybox", "sleep", "1000"]);
    }
    for (const name of ["plain", "again"]) process.kill(await monitorOf(engine, name), "SIGKILL");
    await within(5000, async () => {
      expect((await engine.client.containers.inspect("plain")).State).toMatchObject({
        Status: "exited",
        ExitCode: 255,
      });
      expect(await engine.client.containers.inspect("again")).toMatchObject({
        RestartCount: 1,
        State: { Status: "running" },
      });
    });
  });
});

describe("damaged records", () => {
  it("are set aside and reported, and what they stood for is cleaned up; everything else runs on", async () => {
    await using engine = await startTestEngine();
    const run = (name: string) => engine.gantry(["container", "run", "-d", "--name", name, "busybox", "sleep", "1000"]);
    for (const name of ["cut", "edited", "whole"]) await run(name);
    const { Id: cut } = await engine.client.containers.inspect("cut");
    const { Id: edited } = await engine.client.containers.inspect("edited");
    const whole = await engine.client.containers.inspect("whole");
    await killWithGuard(engine);
    const record = (id: string) => join(engine.stateRoot, "containers/records", `${id}.json`);
    writeFileSync(record(cut), readFileSync(record(cut)).subarray(0, 200));
    const value = JSON.parse(readFileSync(record(edited), "utf8"));
    value.value.state.sandbox = { nothing: true };
    writeFileSync(record(edited), JSON.stringify(value));
    writeFileSync(join(engine.stateRoot, "rootfs-records", `${whole.Id}.json`), "{");
    await engine.gantry(["engine", "start"]);
    expect((await engine.client.containers.list({ all: true })).map(({ Names }) => Names)).toEqual([["/whole"]]);
    expect((await engine.client.containers.inspect("whole")).State).toEqual(whole.State);
    expect(await engine.gantry(["container", "exec", "whole", "ls", "/bin/sh"])).toMatchObject({ exitCode: 0 });
    expect(readdirSync(join(engine.stateRoot, "rootfs"))).toEqual([whole.Id]);
    expect(readFileSync(join(engine.stateRoot, "engine.log"), "utf8")).toMatch(/set aside: .*damaged-1/);
  });
});

describe("a boot of the machine", () => {
  it("starts again what ran and wants to, and tells the rest as ended", async () => {
    await using engine = await startTestEngine();
    const run = (name: string, ...args: string[]) =>
      engine.gantry(["container", "run", "-d", "--name", name, ...args, "busybox", "sleep", "1000"]);
    await run("always", "--restart", "always");
    await run("stopped", "--restart", "unless-stopped");
    await engine.gantry(["container", "stop", "-t", "0", "stopped"]);
    await run("plain");
    const pids = await Promise.all(
      ["always", "plain"].map(async (name) => (await engine.client.containers.inspect(name)).State.Pid),
    );
    const monitors = await Promise.all(["always", "plain"].map((name) => monitorOf(engine, name)));
    await killWithGuard(engine);
    for (const pid of [...monitors, ...pids]) process.kill(pid, "SIGKILL");
    for (const path of engine.remains().mounts.map((line) => line.split(" ")[4] ?? "")) {
      execFileSync("umount", ["-l", path]);
    }
    rmSync(engine.runDir, { recursive: true });
    pretendOtherBoot(engine.stateRoot);
    await engine.gantry(["engine", "start"]);
    await within(5000, async () => {
      expect((await engine.client.containers.inspect("always")).State.Status).toBe("running");
    });
    expect((await engine.client.containers.inspect("stopped")).State).toMatchObject({ Status: "exited" });
    expect((await engine.client.containers.inspect("plain")).State).toMatchObject({ Status: "exited", ExitCode: 255 });
  });
});

describe("a full disk", () => {
  it("is told, stops no engine from taking over what runs, and leaves nothing half done", async () => {
    await using engine = await startTestEngine();
    await engine.gantry(["engine", "stop"]);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m,mode=711", "tmpfs", engine.stateRoot]);
    try {
      expect(await engine.gantry(["engine", "start"])).toMatchObject({ exitCode: 0 });
      const { importBusybox } = await import("./engine-fixture.js");
      await importBusybox(engine.client);
      await engine.gantry(["container", "run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
      const filler = join(engine.stateRoot, "filler");
      execFileSync("sh", ["-c", `dd if=/dev/zero of=${filler} bs=64k 2>/dev/null || true`]);
      for (const args of [
        ["container", "create", "--name", "late", "busybox"],
        ["network", "create", "late"],
      ]) {
        const refused = await engine.gantry(args);
        expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("no space left on device") });
      }
      process.kill(await pidOf(engine), "SIGKILL");
      expect((await engine.gantry(["container", "ls"])).stdout).toContain("box");
      rmSync(filler);
      expect(await engine.gantry(["network", "create", "late"])).toMatchObject({ exitCode: 0 });
      expect(await engine.gantry(["container", "create", "--name", "late", "busybox"])).toMatchObject({ exitCode: 0 });
      await engine.gantry(["container", "rm", "-f", "box", "late"]);
      await engine.gantry(["network", "rm", "late"]);
    } finally {
      await engine.gantry(["engine", "stop"]);
      execFileSync("umount", ["-l", engine.stateRoot]);
    }
  });
});

describe("a newer program", () => {
  it("replaces an older engine without stopping a container, and the older program goes on with it", async () => {
    await using engine = await startTestEngine();
    await engine.gantry(["container", "run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    const { State } = await engine.client.containers.inspect("box");
    const newer = join(dirname(engine.stateRoot), "newer");
    mkdirSync(newer);
    for (const name of ["dist", "bin"]) cpSync(join(checkout, name), join(newer, name), { recursive: true });
    symlinkSync(join(checkout, "node_modules"), join(newer, "node_modules"));
    const manifest = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
    writeFileSync(join(newer, "package.json"), JSON.stringify({ ...manifest, version: "99.0.0" }));
    execFileSync(process.execPath, [join(newer, "dist/main.js"), "container", "ls"], { env: engine.env });
    expect(await engine.client.system.status()).toMatchObject({ version: "99.0.0" });
    expect((await engine.client.containers.inspect("box")).State).toEqual(State);
    expect(await engine.gantry(["container", "exec", "box", "true"])).toMatchObject({ exitCode: 0 });
    expect((await engine.client.system.status()).version).toBe("99.0.0");
  });
});

describe("the state root", () => {
  it("is closed to other users", async () => {
    await using engine = await startTestEngine();
    chmodSync(dirname(engine.stateRoot), 0o755); // so that it is our own modes that refuse them
    await engine.gantry(["container", "run", "-d", "--name", "box", "-v", "data:/data", "busybox", "sleep", "1000"]);
    const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    const open = ["engine.log", "containers/records", "networks", "blobs", "volumes/data", "images"].filter((name) => {
      try {
        execFileSync("setpriv", [...nobody, "test", "-r", join(engine.stateRoot, name)], { stdio: "ignore" });
        return existsSync(join(engine.stateRoot, name));
      } catch {
        return false;
      }
    });
    expect(open).toEqual([]);
    expect(execFileSync("stat", ["-c", "%a", engine.socket], { encoding: "utf8" }).trim()).toBe("600");
  });
});

/** From its file, so that no request is under way when it is killed. */
async function pidOf({ runDir }: TestEngine): Promise<number> {
  let pid = Number.NaN;
  await within(patienceMs, async () => {
    pid = Number.parseInt(readFileSync(join(runDir, "engine.pid"), "utf8"), 10);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
  });
  return pid;
}

/** The guard is held still first: each of the two would start the other again. */
async function killWithGuard(engine: TestEngine): Promise<void> {
  const guard = guardOf(engine);
  const pid = await pidOf(engine);
  process.kill(guard, "SIGSTOP");
  for (const process_ of [pid, guard]) process.kill(process_, "SIGKILL");
  await within(patienceMs, async () => expect(existsSync(`/proc/${pid}/fd/0`)).toBe(false));
}

function guardOf({ runDir }: TestEngine): number {
  return Number.parseInt(readFileSync(join(runDir, "guard.pid"), "utf8"), 10);
}

async function monitorOf({ client, runDir }: TestEngine, name: string): Promise<number> {
  const { Id } = await client.containers.inspect(name);
  const record = JSON.parse(readFileSync(join(runDir, "supervised", Id, "supervised.json"), "utf8"));
  return record.monitor.pid;
}

/** Processes and the last engine seem to be of another boot. */
function pretendOtherBoot(stateRoot: string): void {
  const containers = join(stateRoot, "containers");
  for (const name of readdirSync(join(containers, "records"))) {
    const path = join(containers, "records", name);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll(/"bootId":"[^"]*"/g, '"bootId":"another"'));
  }
  writeFileSync(join(containers, "state/boot-id"), "another");
}

/** Repeats `look` until it holds; its last failure after `ms` milliseconds. */
async function within(ms: number, look: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + ms;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(20);
  }
}
