/** The promises of the supervisor, kept with every runtime that works on this host. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { OciSpec } from "../../oci/runtime-spec.js";
import { FrameDecoder } from "../../wire/stream.js";
import { isProcessAlive } from "../kernel/process.js";
import { readSpecHost } from "../runtime/host.js";
import { probeRuntimes } from "../runtime/runtime-probe.js";
import { buildSpec } from "../runtime/spec/build-spec.js";
import { anInput } from "../runtime/spec/spec.fixture.js";
import { Bench, probeDirs } from "./supervisor.fixture.js";
import type { AttachedStdio, ProcessRequest } from "./supervisor.js";

const never = new AbortController().signal;

async function outputOf(stdio: AttachedStdio): Promise<{ stdout: string; stderr: string }> {
  const decoder = new FrameDecoder();
  const text = { stdout: "", stderr: "" };
  for await (const chunk of stdio.stream)
    for (const frame of decoder.push(chunk as Buffer))
      text[frame.stream === "stderr" ? "stderr" : "stdout"] += Buffer.from(frame.payload).toString();
  return text;
}

async function rawOutputOf(stdio: AttachedStdio, onText: (text: string) => void = () => {}): Promise<string> {
  let text = "";
  for await (const chunk of stdio.stream) {
    text += String(chunk);
    onText(text);
  }
  return text;
}

const probing = probeDirs();
afterAll(() => rmSync(probing.wrapperDir, { recursive: true, force: true }));

describe.each(await probeRuntimes(probing))("$name", (runtime) => {
  const bench = new Bench(runtime);
  afterAll(() => bench[Symbol.asyncDispose]());

  async function run(request: ProcessRequest) {
    await bench.supervisor.create(request, never);
    await bench.supervisor.start(request.containerId);
    return bench.exitOf(request.containerId);
  }

  async function started(
    args: string[],
    ...rest: [Parameters<Bench["request"]>[1]?, Parameters<Bench["request"]>[2]?]
  ) {
    const request = bench.request(args, ...rest);
    const identity = await bench.supervisor.create(request, never);
    await bench.supervisor.start(request.containerId);
    return { request, identity };
  }

  function execRequest(
    containerId: string,
    args: string[],
    options: { attach?: boolean; openStdin?: boolean; terminal?: boolean } = {},
  ) {
    const { attach = true, openStdin = false, terminal = false } = options;
    const process = { terminal, user: { uid: 0, gid: 0 }, args, env: ["PATH=/bin"], cwd: "/" };
    return { containerId, execId: `x${Math.random().toString(16).slice(2)}`, process, attach, openStdin };
  }

  it("reports the exit code of a container's process, once", async () => {
    const request = bench.request(["sh", "-c", "exit 7"]);
    const exit = await run(request);
    expect(exit).toMatchObject({ exitCode: 7, oomKilled: false });
    expect(Math.abs(Date.now() - exit.finishedAt.getTime())).toBeLessThan(5000);
    await run(bench.request(["true"])); // what is told twice would have been by then
    expect(bench.exits.filter((each) => each.containerId === request.containerId)).toHaveLength(1);
  });

  it("reports 128+n after signal n, and knows that the process is gone", async () => {
    const request = bench.request(["sleep", "100"]);
    const identity = await bench.supervisor.create(request, never);
    await bench.supervisor.start(request.containerId);
    expect(bench.supervisor.kill({ ...identity, startTicks: identity.startTicks + 1 }, 9)).toBe(false);
    expect(bench.supervisor.kill(identity, 9)).toBe(true);
    expect(await bench.exitOf(request.containerId)).toMatchObject({ exitCode: 137, oomKilled: false });
    expect(isProcessAlive(identity)).toBe(false);
    expect(bench.supervisor.kill(identity, 9)).toBe(false);
  });

  it("writes every line of the output to the log, in order", async () => {
    const request = bench.request(["sh", "-c", "for i in $(seq 50); do echo line $i; done"]);
    await run(request);
    const lines = readFileSync(request.logPath ?? "", "utf8")
      .trimEnd()
      .split("\n");
    expect(lines.map((line) => line.split(" ").slice(1).join(" "))).toEqual(
      Array.from({ length: 50 }, (_, at) => `stdout F line ${at + 1}`),
    );
  });

  it("hands over every byte to who attached before the start", async () => {
    for (let round = 0; round < 10; round++) {
      const request = bench.request(["sh", "-c", "echo out; echo err >&2"]);
      await bench.supervisor.create(request, never);
      const stdio = await bench.supervisor.attach(request.containerId, { tty: false });
      const output = outputOf(stdio);
      await bench.supervisor.start(request.containerId);
      expect(await output).toEqual({ stdout: "out\n", stderr: "err\n" });
      await bench.exitOf(request.containerId);
      await bench.supervisor.delete(request.containerId);
    }
  });

  it("passes stdin on and its end too", async () => {
    const request = bench.request(["cat"], { openStdin: true });
    await bench.supervisor.create(request, never);
    const stdio = await bench.supervisor.attach(request.containerId, { tty: false });
    const output = outputOf(stdio);
    await bench.supervisor.start(request.containerId);
    const text = "0123456789".repeat(20_000);
    stdio.stream.end(text);
    expect((await output).stdout === text).toBe(true);
    expect((await bench.exitOf(request.containerId)).exitCode).toBe(0);
  });

  it("tells a missing command from a forbidden one, in Docker's words, and leaves nothing", async () => {
    const missing = bench.request(["nope"]);
    await expect(bench.supervisor.create(missing, never)).rejects.toMatchObject({
      code: "command-not-found",
      message: expect.stringContaining('exec: "nope": executable file not found in $PATH'),
    });
    const absent = bench.request(["/nope"]);
    await expect(bench.supervisor.create(absent, never)).rejects.toMatchObject({
      message: expect.stringContaining("no such file or directory"),
    });
    const forbidden = bench.request(["/tmp"]);
    await expect(bench.supervisor.create(forbidden, never)).rejects.toMatchObject({
      code: "command-not-found",
      message: expect.stringMatching(/permission denied|is a directory/),
    });
  });

  it("gives a terminal that can be resized", async () => {
    const script = `until test "$(stty size 2>/tmp/none)" = "33 77"; do sleep 0.01; done; echo sized; read x; exit 3`;
    const request = bench.request(["sh", "-c", script], { tty: true, openStdin: true });
    await bench.supervisor.create(request, never);
    const stdio = await bench.supervisor.attach(request.containerId, { tty: true });
    const output = rawOutputOf(stdio, (text) => {
      if (text === "sized\r\n") stdio.stream.write("go\n");
    });
    await bench.supervisor.start(request.containerId);
    stdio.resize({ height: 33, width: 77 });
    expect(await output).toBe("sized\r\ngo\r\n");
    expect((await bench.exitOf(request.containerId)).exitCode).toBe(3);
  });

  it("runs commands in a container: output, input, exit code", async () => {
    const { request, identity } = await started(["sleep", "100"]);
    const failing = await bench.supervisor.exec(
      execRequest(request.containerId, ["sh", "-c", "echo o; echo e >&2; exit 9"]),
      never,
    );
    if (!failing.stdio) throw new Error("no stdio");
    expect(await outputOf(failing.stdio)).toEqual({ stdout: "o\n", stderr: "e\n" });
    expect(await failing.exited).toBe(9);
    const counting = await bench.supervisor.exec(
      execRequest(request.containerId, ["wc", "-c"], { openStdin: true }),
      never,
    );
    if (!counting.stdio) throw new Error("no stdio");
    counting.stdio.stream.end("x".repeat(300_000));
    expect((await outputOf(counting.stdio)).stdout.trim()).toBe("300000");
    expect(await counting.exited).toBe(0);
    const detached = await bench.supervisor.exec(
      execRequest(request.containerId, ["sh", "-c", "exit 4"], { attach: false }),
      never,
    );
    expect(await detached.exited).toBe(4);
    const log = await bench.supervisor.exec(
      execRequest(request.containerId, ["sh", "-c", "echo there > /proc/self/fd/1"]),
      never,
    );
    if (!log.stdio) throw new Error("no stdio");
    expect((await outputOf(log.stdio)).stdout).toBe("there\n");
    await log.exited;
    await eventually(() => readdirSync(join(bench.runDir, "exec")).length === 0);
    bench.supervisor.kill(identity, 9);
    await bench.exitOf(request.containerId);
  });

  it("gives a slow reader all output of a command that has long ended", async () => {
    const { request, identity } = await started(["sleep", "100"]);
    const running = await bench.supervisor.exec(
      execRequest(request.containerId, ["head", "-c", "60000", "/dev/zero"]),
      never,
    );
    if (!running.stdio) throw new Error("no stdio");
    // Nothing tells of it: a second after the command its output is taken for ended, unless it is yet to be read.
    await new Promise((resolve) => setTimeout(resolve, 2 * 1000 + 500));
    expect((await outputOf(running.stdio)).stdout).toHaveLength(60_000);
    expect(await running.exited).toBe(0);
    bench.supervisor.kill(identity, 9);
    await bench.exitOf(request.containerId);
  });

  it("ends a command in a container by a signal", async () => {
    const { request, identity } = await started(["sleep", "100"]);
    const running = await bench.supervisor.exec(execRequest(request.containerId, ["sleep", "100"]), never);
    running.kill(9);
    expect(await running.exited).toBe(137);
    bench.supervisor.kill(identity, 9);
    await bench.exitOf(request.containerId);
  });

  it("refuses a command that the container has not, and loses no byte of a fast one in a terminal", async () => {
    const { request, identity } = await started(["sleep", "100"]);
    for (const terminal of [false, true]) {
      await expect(
        bench.supervisor.exec(execRequest(request.containerId, ["nope"], { terminal }), never),
      ).rejects.toMatchObject({
        code: "command-not-found",
        message: expect.stringContaining('exec: "nope": executable file not found in $PATH'),
      });
    }
    for (let round = 0; round < 5; round++) {
      const running = await bench.supervisor.exec(
        execRequest(request.containerId, ["sh", "-c", "echo hello; exit 5"], { terminal: true, openStdin: true }),
        never,
      );
      if (!running.stdio) throw new Error("no stdio");
      expect(await rawOutputOf(running.stdio)).toBe("hello\r\n");
      expect(await running.exited).toBe(5);
    }
    bench.supervisor.kill(identity, 9);
    await bench.exitOf(request.containerId);
  });

  it("says so when the memory limit ended a process, and only then", async () => {
    const limit = (spec: OciSpec) => {
      spec.linux.resources = { memory: { limit: 16 * 1024 ** 2, swap: 16 * 1024 ** 2 } };
    };
    const eater = bench.request(["tail", "/dev/zero"], {}, limit);
    expect(await run(eater)).toMatchObject({ exitCode: 137, oomKilled: true });
    const modest = bench.request(["true"], {}, limit);
    expect(await run(modest)).toMatchObject({ exitCode: 0, oomKilled: false });
  });

  it("enforces the limit of processes", async () => {
    const request = bench.request(["sh", "-c", "for i in 1 2 3 4 5 6; do sleep 1 & done; wait"], {}, (spec) => {
      spec.linux.resources = { pids: { limit: 3 } };
    });
    await run(request);
    expect(readFileSync(request.logPath, "utf8")).toMatch(/can't fork|Resource temporarily unavailable/);
  });

  it("accepts the whole default configuration, and the filter holds", async () => {
    const script =
      "grep -E '^(Seccomp|CapBnd|NoNewPrivs):' /proc/self/status; " +
      "mount -t tmpfs x /tmp; unshare -n true; echo $HOSTNAME";
    const request = bench.request(["sh", "-c", script]);
    const spec = buildSpec(
      anInput(
        { Init: true, Memory: 64 * 1024 ** 2, PidsLimit: 50, NanoCpus: 5e8, SecurityOpt: ["no-new-privileges"] },
        { Cmd: request.spec.process.args, Env: ["PATH=/bin"] },
        {
          rootfs: request.spec.root.path,
          cgroupsPath: request.spec.linux.cgroupsPath ?? "",
          network: { kind: "private" },
          host: readSpecHost(),
        },
      ),
    );
    const exit = await run({ ...request, spec });
    const log = readFileSync(request.logPath, "utf8");
    expect(log).toContain("Seccomp:\t2");
    expect(log).toContain("CapBnd:\t00000000a80425fb");
    expect(log).toContain("NoNewPrivs:\t1");
    expect(log).toMatch(/mount: .*(denied|not permitted)/);
    expect(log).toMatch(/unshare: .*not permitted/);
    expect(log).toContain("0123456789ab");
    expect(exit).toMatchObject({ exitCode: 0, oomKilled: false });
  });

  it("keeps monitors in a session and a cgroup of their own, so that they outlive the engine's", async () => {
    const { request, identity } = await started(["sleep", "100"]);
    const stat = (pid: number) =>
      readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
    const monitor = Number(stat(identity.pid)[1]);
    const [, , group, session] = stat(monitor).map(Number);
    expect([group, session]).toEqual([monitor, monitor]);
    const cgroups = readFileSync(`/proc/${monitor}/cgroup`, "utf8");
    expect(cgroups).toMatch(new RegExp(`^\\d+:(name=systemd)?:${bench.cgroup}/monitors$`, "m"));
    bench.supervisor.kill(identity, 9);
    await bench.exitOf(request.containerId);
  });

  it("freezes and thaws", async () => {
    const { request, identity } = await started(["sleep", "100"]);
    await bench.supervisor.pause(request.containerId);
    expect(bench.supervisor.kill(identity, 15)).toBe(true);
    await bench.supervisor.resume(request.containerId);
    await bench.supervisor.killAll(request.containerId);
    expect((await bench.exitOf(request.containerId)).exitCode).toBe(137);
  });

  it("hands running containers to the next engine, with the exits that nobody saw", async () => {
    const alive = await started(["sleep", "100"]);
    const ended = await started(["sh", "-c", "sleep 0.3; exit 6"]);
    await bench.supervisor.close();
    await eventually(() => existsSync(join(bench.runDir, "exits", ended.request.containerId)));
    expect(bench.exits.some(({ containerId }) => containerId === ended.request.containerId)).toBe(false);
    bench.supervisor = bench.newSupervisor();
    expect(await bench.supervisor.adopt(alive.request.containerId, alive.identity)).toBe("running");
    expect(await bench.supervisor.adopt(ended.request.containerId, ended.identity)).toBe("exited");
    expect(await bench.exitOf(ended.request.containerId)).toMatchObject({ exitCode: 6 });
    expect(await bench.supervisor.adopt("unknown", alive.identity)).toBe("lost");
    bench.supervisor.kill(alive.identity, 9);
    expect(await bench.exitOf(alive.request.containerId)).toMatchObject({ exitCode: 137 });
  });

  it("brings no container about that was being made when its engine died", async () => {
    const request = bench.request(["sleep", "100"]);
    const creating = bench.supervisor.create(request, never).catch((error: unknown) => error);
    const record = join(bench.runDir, "supervised", request.containerId, "supervised.json");
    await eventually(() => existsSync(record) && readFileSync(record, "utf8").includes('"monitor"'));
    await bench.newSupervisor().delete(request.containerId);
    expect(await creating).toBeInstanceOf(Error);
    // What was under way has ended, and brought nothing about.
    await eventually(() => !processesNaming(request.bundleDir));
    expect(leftOf(request.containerId)).toEqual([]);
  });

  it("removes a container with everything it runs when its record here is damaged", async () => {
    const { request, identity } = await started(["sh", "-c", "sleep 100 & sleep 100"]);
    writeFileSync(join(bench.runDir, "supervised", request.containerId, "supervised.json"), "{");
    await bench.supervisor.close();
    mkdirSync(join(bench.runDir, "exec/half-done"));
    bench.supervisor = bench.newSupervisor();
    expect(await bench.supervisor.adopt(request.containerId, identity)).toBe("lost");
    await bench.supervisor.delete(request.containerId);
    expect(isProcessAlive(identity)).toBe(false);
    expect(leftOf(request.containerId)).toEqual([]);
    expect(readdirSync(join(bench.runDir, "exec"))).toEqual([]);
  });

  it("opens the log anew after a rename", async () => {
    const { request, identity } = await started([
      "sh",
      "-c",
      "echo before; while ! test -e /go; do sleep 0.05; done; echo after; sleep 100",
    ]);
    await eventually(() => readFileSync(request.logPath, "utf8").includes("before"));
    renameSync(request.logPath, `${request.logPath}.1`);
    await bench.supervisor.reopenLog(request.containerId);
    await eventually(() => existsSync(request.logPath));
    writeFileSync(join(request.bundleDir, "rootfs/go"), "");
    await eventually(() => readFileSync(request.logPath, "utf8").includes("after"));
    bench.supervisor.kill(identity, 9);
    await bench.exitOf(request.containerId);
  });

  it("leaves no process, cgroup or file behind a deleted container, dead or alive", async () => {
    const { request, identity } = await started(["sh", "-c", "sleep 100 & sleep 100"]);
    await bench.supervisor.delete(request.containerId);
    await bench.supervisor.delete(request.containerId);
    expect(isProcessAlive(identity)).toBe(false);
    expect(readdirSync(request.bundleDir)).toEqual(["rootfs"]);
    expect(leftOf(request.containerId)).toEqual([]);
  });

  /** Folders of the supervisor and cgroups that bear the container's name. */
  function leftOf(containerId: string): string[] {
    const folders = ["supervised", "exits", "runtime"].map((name) => join(bench.runDir, name));
    const cgroups = readdirSync("/sys/fs/cgroup").map((name) => join("/sys/fs/cgroup", name, bench.cgroup));
    return [...folders, ...cgroups].map((folder) => join(folder, containerId)).filter(existsSync);
  }
});

/** True while a monitor or a runtime works for a bundle: both are told its path. */
function processesNaming(bundleDir: string): boolean {
  return readdirSync("/proc").some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(bundleDir);
    } catch {
      return false; // it ended just then
    }
  });
}

async function eventually(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error("it did not come to pass within 15 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
