/** The command line's own verbs on archives, use and leftovers. Real kernel, real containers. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

let engine: TestEngine;
let work: string;
beforeAll(async () => {
  engine = await startTestEngine();
  work = mkdtempSync(join(tmpdir(), "gantry-upkeep-"));
  await ok("container", "run", "-d", "--name", "box", "-p", "127.0.0.1::80", "busybox", "sleep", "1000");
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

async function ok(...args: string[]): Promise<string> {
  const outcome = await engine.gantry(args);
  expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
  return outcome.stdout.trim();
}

it("copies files and directories in and out, under their own names or new ones", async () => {
  mkdirSync(join(work, "tree"));
  writeFileSync(join(work, "tree/a file"), "content");
  const inside = (command: string) => ok("container", "exec", "box", "sh", "-c", command);
  await ok("container", "cp", join(work, "tree"), "box:/tmp");
  await ok("container", "cp", join(work, "tree"), "box:/renamed");
  await ok("container", "cp", join(work, "tree/a file"), "box:/tmp/b");
  await ok("container", "cp", `${work}/tree/.`, "box:/root");
  expect(await inside("cat '/tmp/tree/a file' '/renamed/a file' /tmp/b '/root/a file'")).toBe("content".repeat(4));
  expect(await inside("stat -c %u /tmp/b")).toBe("0");
  mkdirSync(join(work, "out"));
  await ok("container", "cp", "box:/tmp/tree", join(work, "out"));
  await ok("container", "cp", "box:/tmp/b", join(work, "out/c"));
  await ok("container", "cp", "box:/tmp/tree", join(work, "out/new"));
  for (const path of ["tree/a file", "c", "new/a file"]) {
    expect(readFileSync(join(work, "out", path), "utf8")).toBe("content");
  }
  expect(await engine.gantry(["container", "cp", "box:/none", work])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("Could not find the file /none in container box"),
  });
});

it("tells changes, use and ports, and changes limits", async () => {
  expect(await ok("container", "diff", "box")).toContain("A /tmp/b");
  const stats = JSON.parse(await ok("container", "stats", "--no-stream", "--format", "json", "box"));
  expect(stats).toMatchObject({ Name: "box", PIDs: "1" });
  expect(await ok("container", "port", "box")).toMatch(/^80\/tcp -> 127\.0\.0\.1:\d+$/);
  expect(await ok("container", "update", "--memory", "64m", "--restart", "on-failure:2", "box")).toBe("box");
  expect((await engine.client.containers.inspect("box")).HostConfig).toMatchObject({
    Memory: 64 * 1024 ** 2,
    RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 },
  });
});

it("commits, saves, loads and exports", async () => {
  expect(await ok("container", "commit", "-c", 'CMD ["cat", "/tmp/b"]', "box", "mine:1")).toMatch(/^sha256:/);
  expect(await ok("container", "run", "--rm", "mine:1")).toBe("content");
  expect((await ok("image", "history", "-q", "mine:1")).split("\n")).toHaveLength(2);
  await ok("image", "save", "-o", join(work, "mine.tar"), "mine:1");
  await ok("image", "rm", "mine:1");
  expect(await ok("image", "load", "-i", join(work, "mine.tar"))).toBe("Loaded image: mine:1");
  await ok("container", "export", "-o", join(work, "root.tar"), "box");
  expect(readFileSync(join(work, "root.tar")).length).toBeGreaterThan(1_000_000);
});

it("tells what is used, prunes what nobody uses, and asks nobody without a terminal", async () => {
  await ok("container", "create", "--name", "done", "busybox", "true");
  await ok("network", "create", "idle");
  await ok("volume", "create", "named");
  expect(await ok("system", "df")).toContain("Local Volumes");
  expect(await engine.gantry(["container", "prune"])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("--force"),
  });
  expect(await ok("system", "prune", "-f", "-a", "--volumes")).toContain("Total reclaimed space:");
  expect(await ok("container", "ls", "-a", "-q")).not.toContain("\n");
  expect(await ok("volume", "ls", "-q")).toBe("named");
  expect(await ok("volume", "prune", "-f", "-a")).toContain("named");
  expect(await ok("system", "events", "--since", "10m", "--until", "0s", "--filter", "event=commit")).toContain(
    "container commit",
  );
});
