/** An engine that a service manager runs: commands and the ends of containers ask it, not a guard, for the engine. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

const program = join(import.meta.dirname, "../../dist/main.js");
const patienceMs = 20_000;

let folder: string;
let engine: TestEngine;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-service-"));
  mkdirSync(join(folder, "bin"));
  manage("exit 1");
  engine = await startTestEngine({ env: { PATH: `${folder}/bin:${process.env.PATH}` } });
});
afterEach(async () => {
  rmSync(join(engine.stateRoot, "engine.service"), { force: true });
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Stands for systemd's client: notes how it is called, then does `script`. */
function manage(script: string): void {
  writeFileSync(join(folder, "bin/systemctl"), `#!/bin/sh\necho "$*" >>${folder}/calls\n${script}\n`, { mode: 0o755 });
}

function calls(): string[] {
  return readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
}

it("is started by its manager, also when the end of a container wakes it", async () => {
  const run = `${process.execPath} ${program} engine run --idle-ms 0`;
  const socket = join(engine.runDir, "engine.sock");
  // The real one starts it in a cgroup of its own, not in that of the monitor that asked.
  const leave = "for at in . systemd unified; do echo $$ >/sys/fs/cgroup/$at/cgroup.procs; done 2>/dev/null";
  manage(`${leave}; rm -f ${socket}; setsid -f env -u GANTRY_GUARD ${run} >/dev/null 2>&1
    while [ ! -S ${socket} ]; do sleep 0.05; done`);
  await engine.gantry(["engine", "stop"]);
  writeFileSync(join(engine.stateRoot, "engine.service"), "gantry-test.service\n");
  const always = ["--name", "box", "--restart", "always"];
  const started = await engine.gantry(["container", "run", "-d", ...always, "busybox", "sleep", "1000"]);
  expect(started).toMatchObject({ exitCode: 0 });
  expect(calls()).toEqual(["start gantry-test.service"]);
  const pid = await engine.pid();
  expect(readFileSync(`/proc/${pid}/environ`, "utf8")).not.toContain("GANTRY_GUARD");
  const { State } = await engine.client.containers.inspect("box");
  process.kill(pid, "SIGKILL");
  await expect
    .poll(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"), { timeout: patienceMs })
    .toBe("")
    .catch(() => {});
  process.kill(State.Pid, "SIGKILL");
  await expect.poll(() => calls().at(-1), { timeout: patienceMs }).toBe("start --no-block gantry-test.service");
  await expect
    .poll(async () => (await engine.client.containers.inspect("box")).RestartCount, { timeout: patienceMs })
    .toBe(1);
});

it("is told not to start by its manager, with where to look", async () => {
  await engine.gantry(["engine", "stop"]);
  writeFileSync(join(engine.stateRoot, "engine.service"), "gantry-test.service\n");
  expect(await engine.gantry(["container", "ls"])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/systemctl start gantry-test.service failed.*journalctl -u gantry-test.service/s),
  });
});
