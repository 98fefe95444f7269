/** A host that breaks under a running engine: its state becomes read-only, its OCI runtime dies. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aStandInHost } from "../scenarios/harness/host.js";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

const sleeper = { Image: "busybox", Cmd: ["sleep", "1000"], StopSignal: "SIGKILL" };

describe("a state directory that becomes read-only", () => {
  let engine: TestEngine;
  beforeEach(async () => {
    engine = await startTestEngine();
  });
  afterEach(() => engine[Symbol.asyncDispose]());

  it("stops no container, is told by name, and leaves nothing half done", async () => {
    const { containers } = engine.client;
    await containers.create("old", sleeper);
    await containers.start("old");
    mount("--rbind", engine.stateRoot, engine.stateRoot);
    mount("-o", "remount,bind,ro", engine.stateRoot);
    try {
      await expect(containers.create("new", sleeper)).rejects.toThrow(/read-only file system/i);
      await expect(engine.client.volumes.create({ Name: "data" })).rejects.toThrow(/read-only file system/i);
      expect((await containers.list({ all: true })).map(({ Names }) => Names)).toEqual([["/old"]]);
      expect((await containers.inspect("old")).State.Status).toBe("running");
      expect(await engine.client.volumes.list()).toEqual([]);
    } finally {
      execFileSync("umount", ["--recursive", "--lazy", engine.stateRoot]);
    }
    await containers.create("new", sleeper);
    await containers.start("new");
    expect((await containers.inspect("new")).State.Status).toBe("running");
  });

  it("is named when an engine is to start on it", async () => {
    expect(await engine.gantry(["engine", "stop"])).toMatchObject({ exitCode: 0 });
    mount("--bind", engine.stateRoot, engine.stateRoot);
    mount("-o", "remount,bind,ro", engine.stateRoot);
    try {
      const refused = await engine.gantry(["container", "ls"]);
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/read-only file system/i) });
      expect(refused.stderr).toContain(engine.stateRoot);
    } finally {
      execFileSync("umount", [engine.stateRoot]);
    }
    expect(await engine.gantry(["container", "ls"])).toMatchObject({ exitCode: 0 });
  });
});

describe("an OCI runtime that dies", () => {
  it("fails the start with its words, and what runs runs on until it is there again", async () => {
    const directory = mkdtempSync(join(realpathSync(tmpdir()), "gantry-dead-"));
    const dead = join(directory, "dead");
    writeFileSync(dead, "#!/bin/sh\necho this runtime is dead >&2\nexit 1\n", { mode: 0o755 });
    await using host = await aStandInHost(); // with mounts of its own: nobody else's runtime dies
    await using engine = await startTestEngine({ through: host.through });
    const { containers } = engine.client;
    await containers.create("old", sleeper);
    await containers.start("old");
    await containers.create("new", sleeper);
    const runtimes = (await host.run("sh", "-c", "command -v runc; command -v crun; true")).split("\n");
    for (const runtime of runtimes) await host.run("mount", "--bind", dead, runtime);
    await expect(containers.start("new")).rejects.toThrow(/this runtime is dead/);
    expect((await containers.inspect("new")).State.Status).toBe("created");
    expect((await containers.inspect("old")).State.Status).toBe("running");
    await containers.kill("old", "KILL");
    await containers.wait("old", "not-running");
    for (const runtime of runtimes) await host.run("umount", runtime);
    await containers.start("new");
    expect((await containers.inspect("new")).State.Status).toBe("running");
    rmSync(directory, { recursive: true });
  });
});

function mount(...args: string[]): void {
  execFileSync("mount", args);
}
