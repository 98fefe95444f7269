/** The engine as a process, by the built program: its life, its death and its clients. Real kernel, real containers. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

/** It matters that something happens; how soon depends on what else the machine does. */
const patienceMs = 15_000;
const server = "mkdir -p /w; echo hello >/w/index.html; exec httpd -f -p 80 -h /w";

describe("the command line", () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startTestEngine();
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  it("runs a container with its output, its streams apart and its exit code", async () => {
    const script = "echo out; echo err >&2; exit 7";
    const outcome = await engine.gantry(["container", "run", "--rm", "busybox", "sh", "-c", script]);
    expect(outcome).toEqual({ exitCode: 7, stdout: "out\n", stderr: "err\n" });
    expect(await engine.client.containers.list({ all: true })).toEqual([]);
  });

  it("hands its input to a container and ends it where it ends", async () => {
    const outcome = await engine.gantry(["container", "run", "-i", "--rm", "busybox", "wc", "-c"], { stdin: "12345" });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: "5\n" });
  });

  it("exits with 127 for a command that is not in the image, and leaves no container", async () => {
    const outcome = await engine.gantry(["container", "run", "--rm", "busybox", "no-such-command"]);
    expect(outcome).toMatchObject({ exitCode: 127, stderr: expect.stringContaining("no-such-command") });
    expect(await engine.client.containers.list({ all: true })).toEqual([]);
  });

  it("gives a container a terminal, where one is asked for", async () => {
    const { env } = engine;
    const program = join(import.meta.dirname, "../../dist/main.js");
    const command = `${process.execPath} ${program} container run --rm -it busybox sh -c 'test -t 0 && stty size'`;
    const terminal = spawn("script", ["-qec", `stty rows 33 cols 77; ${command}`, "/dev/null"], { env });
    expect(await text(terminal.stdout)).toContain("33 77");
  });

  it("executes commands in a running container, with input, exit code and the user asked for", async () => {
    await engine.gantry(["container", "run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    const exec = (args: string[], stdin?: string) =>
      engine.gantry(["container", "exec", ...args], stdin === undefined ? {} : { stdin });
    expect(await exec(["-i", "box", "cat"], "hello")).toMatchObject({ exitCode: 0, stdout: "hello" });
    expect(await exec(["box", "sh", "-c", "exit 9"])).toMatchObject({ exitCode: 9 });
    expect(await exec(["-u", "nobody", "box", "id", "-u"])).toMatchObject({ stdout: "65534\n" });
    expect(await exec(["box", "no-such-command"])).toMatchObject({ exitCode: 127 });
    expect(await exec(["nothing", "true"])).toMatchObject({ exitCode: 1 });
    await engine.gantry(["container", "rm", "-f", "box"]);
  });

  it("lists, inspects and reads the logs of what ran", async () => {
    await engine.gantry(["container", "run", "--name", "said", "busybox", "sh", "-c", "echo one; echo two"]);
    expect(await engine.gantry(["container", "logs", "--tail", "1", "said"])).toMatchObject({ stdout: "two\n" });
    const listed = await engine.gantry(["container", "ls", "-a", "--format", "json"]);
    expect(JSON.parse(listed.stdout)).toMatchObject({ Names: "said", Image: "busybox", State: "exited" });
    const inspected = await engine.gantry(["container", "inspect", "said", "nothing"]);
    expect(JSON.parse(inspected.stdout)).toMatchObject([{ Name: "/said", State: { ExitCode: 0 } }]);
    expect(inspected).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("No such container: nothing") });
    expect(await engine.gantry(["container", "rm", "said"])).toMatchObject({ exitCode: 0, stdout: "said\n" });
  });

  it("manages volumes, networks and image names", async () => {
    expect(await engine.gantry(["volume", "create", "data"])).toMatchObject({ stdout: "data\n" });
    expect(await engine.gantry(["volume", "ls", "-q"])).toMatchObject({ stdout: "data\n" });
    expect(await engine.gantry(["volume", "rm", "data"])).toMatchObject({ exitCode: 0 });
    expect(await engine.gantry(["network", "create", "--label", "a=b", "front"])).toMatchObject({ exitCode: 0 });
    expect((await engine.gantry(["network", "ls", "--filter", "label=a=b", "-q"])).stdout).toMatch(/^[0-9a-f]{12}\n$/);
    expect(await engine.gantry(["network", "rm", "front"])).toMatchObject({ exitCode: 0 });
    expect(await engine.gantry(["image", "tag", "busybox", "other:1"])).toMatchObject({ exitCode: 0 });
    expect(await engine.gantry(["image", "rm", "other:1"])).toMatchObject({ stdout: "Untagged: other:1\n" });
  });

  it("says which word of a command line is wrong, and what was meant", async () => {
    const outcome = await engine.gantry(["container", "rnu", "busybox"]);
    expect(outcome).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("Did you mean run") });
  });
});

describe("docker's own client", () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startTestEngine();
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  it("runs containers: output, input, exit codes", async () => {
    expect(await engine.docker(["run", "--rm", "busybox", "echo", "hi"])).toMatchObject({
      exitCode: 0,
      stdout: "hi\n",
    });
    const piped = await engine.docker(["run", "-i", "--rm", "busybox", "cat"], { stdin: "x" });
    expect(piped).toMatchObject({ exitCode: 0, stdout: "x" });
    expect(await engine.docker(["run", "--rm", "busybox", "sh", "-c", "exit 9"])).toMatchObject({ exitCode: 9 });
    expect(await engine.docker(["run", "--rm", "busybox", "no-such-command"])).toMatchObject({ exitCode: 127 });
  });

  it("goes through a container's life", async () => {
    const ok = async (...args: string[]) => {
      const outcome = await engine.docker(args);
      expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
      return outcome.stdout.trim();
    };
    await ok("create", "--name", "box", "busybox", "sh", "-c", "echo up; exec sleep 1000");
    await ok("start", "box");
    expect(await ok("exec", "box", "echo", "in")).toBe("in");
    expect(await ok("logs", "box")).toBe("up");
    expect(await ok("inspect", "box", "--format", "{{.State.Status}}")).toBe("running");
    expect(await ok("ps", "--format", "{{.Names}} {{.State}}")).toBe("box running");
    await ok("stop", "-t", "0", "box");
    expect(await ok("wait", "box")).toBe("137");
    await ok("rm", "box");
  });

  it("lists and makes images, networks and volumes, and reads version and info", async () => {
    const calls = [
      ["version"],
      ["info"],
      ["images"],
      ["volume", "create", "data"],
      ["volume", "ls"],
      ["volume", "rm", "data"],
      ["network", "create", "n"],
      ["network", "inspect", "n"],
      ["network", "ls"],
      ["network", "rm", "n"],
    ];
    for (const call of calls) expect(await engine.docker(call), call.join(" ")).toMatchObject({ exitCode: 0 });
    expect((await engine.docker(["pull", "127.0.0.1:1/none"])).exitCode).toBe(1);
  });
});

describe("the engine's process", () => {
  it("is started again after a kill -9, with ports and API back and containers untouched", async () => {
    await using engine = await startTestEngine();
    const args = ["-d", "--name", "web", "-p", "127.0.0.1::80", "busybox", "sh", "-c", server];
    await engine.gantry(["container", "run", ...args]);
    const before = await engine.client.containers.inspect("web");
    const port = Number(before.NetworkSettings.Ports["80/tcp"]?.[0]?.HostPort);
    await within(patienceMs, async () => expect(await get(port)).toBe("hello\n"));
    process.kill(await engine.pid(), "SIGKILL");
    await within(patienceMs, async () => {
      expect(await get(port)).toBe("hello\n");
      expect((await engine.client.containers.inspect("web")).State).toEqual(before.State);
    });
  });

  it("is woken by the end of a container when its guard is gone too", async () => {
    await using engine = await startTestEngine();
    await engine.gantry(["container", "run", "-d", "--name", "short", "busybox", "sleep", "2"]);
    for (const name of ["guard.pid", "engine.pid"]) {
      process.kill(Number(readFileSync(join(engine.runDir, name), "utf8").split(" ")[0]), "SIGKILL");
    }
    await within(patienceMs, async () => {
      expect((await engine.client.containers.inspect("short")).State).toMatchObject({ Status: "exited", ExitCode: 0 });
    });
  });

  it("ends by itself when nothing runs and nobody asks, and the next command starts another", async () => {
    await using engine = await startTestEngine({ busybox: false, env: { GANTRY_IDLE_MS: "300" } });
    await within(patienceMs, async () => expect(existsSync(engine.socket)).toBe(false));
    const status = await engine.gantry(["engine", "status", "--format", "json"]);
    expect(status).toMatchObject({ exitCode: 3, stdout: expect.stringContaining('"running": false') });
    expect(await engine.gantry(["container", "ls"])).toMatchObject({ exitCode: 0 });
  });

  it("is one: a second on the same state is refused, and two commands at once start only one", async () => {
    await using engine = await startTestEngine({ busybox: false });
    await engine.gantry(["engine", "stop"]);
    const started = await Promise.all([1, 2, 3].map(() => engine.gantry(["container", "ls"])));
    expect(started.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    const second = await engine.gantry(["engine", "run"]);
    expect(second).toMatchObject({ exitCode: 75, stderr: expect.stringContaining(`process ${await engine.pid()}`) });
  });

  it("refuses a state root in which other users may write", async () => {
    await using engine = await startTestEngine({ busybox: false });
    await engine.gantry(["engine", "stop"]);
    chmodSync(engine.stateRoot, 0o777);
    const { exitCode, stderr } = await engine.gantry(["engine", "start"]);
    chmodSync(engine.stateRoot, 0o711);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("Other users may write in")]);
  });

  it("leaves containers running when it is stopped, and adopts them when it is started", async () => {
    await using engine = await startTestEngine();
    await engine.gantry(["container", "run", "-d", "--name", "box", "busybox", "sleep", "1000"]);
    const { State } = await engine.client.containers.inspect("box");
    expect(await engine.gantry(["engine", "stop"])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(`/proc/${State.Pid}/cmdline`, "utf8")).toContain("sleep");
    await engine.gantry(["engine", "start"]);
    expect((await engine.client.containers.inspect("box")).State).toEqual(State);
  });

  it("knows nothing of who started it: directory, environment, session and open files", async () => {
    const env = { SECRET_TOKEN: "hush" };
    await using engine = await startTestEngine({ busybox: false, env });
    const proc = `/proc/${await engine.pid()}`;
    expect(readFileSync(`${proc}/environ`, "utf8")).not.toContain("hush");
    expect(execFileSync("readlink", [`${proc}/cwd`], { encoding: "utf8" })).toBe("/\n");
    const session = (path: string) => /\) \S+ \d+ \d+ (\d+)/.exec(readFileSync(path, "utf8"))?.[1];
    expect(session(`${proc}/stat`)).not.toBe(session("/proc/self/stat"));
  });
});

async function get(port: number): Promise<string> {
  const request = http.get({ host: "127.0.0.1", port, agent: false, timeout: 500 });
  const [reply] = (await once(request, "response")) as [http.IncomingMessage];
  return text(reply);
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
