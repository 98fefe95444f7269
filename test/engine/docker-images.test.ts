/** Images and what is left over, by docker's own client: commit, history, save, load, prune, df. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

let engine: TestEngine;
let work: string;
beforeAll(async () => {
  engine = await startTestEngine();
  work = mkdtempSync(join(tmpdir(), "gantry-images-"));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

async function ok(...args: string[]): Promise<string> {
  const outcome = await engine.docker(args);
  expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
  return outcome.stdout.trim();
}

it("commits what a running container changed, with its configuration and the changes asked for", async () => {
  await ok("run", "-d", "--name", "box", "-e", "A=1", "-v", "/data", "busybox", "sleep", "1000");
  await ok("exec", "box", "sh", "-c", "echo new >/new; rm /etc/group; echo not >/data/kept");
  const changes = ["--change", 'CMD ["cat", "/new"]', "--change", "ENV B=2"];
  await ok("commit", "-a", "me", "-m", "a message", ...changes, "box", "mine:1");
  expect(await ok("run", "--rm", "mine:1")).toBe("new");
  expect(await ok("run", "--rm", "mine:1", "sh", "-c", "echo $A$B; ls /etc/group 2>/dev/null; ls /data")).toBe("12");
  expect(await ok("inspect", "--format", "{{.State.Status}}", "box")).toBe("running");
  const [newest, ...older] = (await ok("history", "--no-trunc", "--format", "{{json .}}", "mine:1"))
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(newest).toMatchObject({ Comment: "a message", CreatedBy: "sleep 1000" });
  expect(older).toHaveLength(1);
});

it("saves several images into one archive and loads them again", async () => {
  const file = join(work, "both.tar");
  const ids = await ok("images", "-q", "--no-trunc");
  await ok("save", "-o", file, "busybox:latest", "mine:1");
  await ok("rm", "-f", "box");
  await ok("rmi", "-f", "busybox:latest", "mine:1");
  expect(await ok("images", "-q")).toBe("");
  expect((await ok("load", "-i", file)).split("\n").sort()).toEqual([
    "Loaded image: busybox:latest",
    "Loaded image: mine:1",
  ]);
  expect((await ok("images", "-q", "--no-trunc")).split("\n").sort()).toEqual(ids.split("\n").sort());
  expect(await ok("run", "--rm", "mine:1")).toBe("new");
});

it("writes archives that other tools read, and loads theirs", async () => {
  const [theirs, oci] = [join(work, "theirs.tar"), join(work, "oci.tar")];
  const skopeo = (...args: string[]) => execFileSync("skopeo", ["--insecure-policy", "copy", "-q", ...args]);
  skopeo(`docker-archive:${work}/both.tar:mine:1`, `docker-archive:${theirs}:theirs:1`);
  skopeo(`docker-archive:${work}/both.tar:mine:1`, `oci-archive:${oci}:docker.io/library/layout:1`);
  expect(await ok("load", "-i", theirs)).toBe("Loaded image: theirs:1");
  expect(await ok("run", "--rm", "theirs:1")).toBe("new");
  expect(await ok("load", "-i", oci)).toBe("Loaded image: layout:1");
  expect(await ok("run", "--rm", "layout:1")).toBe("new");
});

it("says why it refuses an archive", async () => {
  writeFileSync(join(work, "bad.tar"), execFileSync("tar", ["-c", "-C", "/etc", "hostname"]));
  expect(await engine.docker(["load", "-i", join(work, "bad.tar")])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("neither manifest.json nor index.json"),
  });
});

it("prunes containers, networks, volumes and images that nobody uses, and tells what there is", async () => {
  await ok("run", "-d", "--name", "live", "--network", "bridge", "-v", "used:/u", "busybox", "sleep", "1000");
  await ok("run", "--name", "done", "-v", "/anonymous", "busybox", "sh", "-c", "echo 12345 >/file");
  await ok("network", "create", "idle");
  await ok("volume", "create", "named");
  const usage = (await ok("system", "df", "--format", "{{json .}}")).split("\n").map((line) => JSON.parse(line));
  expect(usage).toMatchObject([
    { Type: "Images", Active: "1" },
    { Type: "Containers", TotalCount: "2", Active: "1", Size: "6B" },
    { Type: "Local Volumes", TotalCount: "4" },
    { Type: "Build Cache" },
  ]);
  expect(await ok("container", "prune", "-f", "--filter", "until=1h")).toBe("Total reclaimed space: 0B");
  expect(await ok("container", "prune", "-f")).toContain("Total reclaimed space: 6B");
  expect(await ok("ps", "-a", "--format", "{{.Names}}")).toBe("live");
  expect(await ok("network", "prune", "-f")).toContain("idle");
  await ok("volume", "prune", "-f");
  // From API 1.42 on, named volumes go only with `-a`, which older CLIs do not know.
  const isOld = (await ok("version", "--format", "{{.Client.APIVersion}}")).localeCompare("1.42") < 0;
  expect((await ok("volume", "ls", "-q")).split("\n").sort()).toEqual(isOld ? ["used"] : ["named", "used"]);
  if (!isOld) await ok("volume", "prune", "-f", "-a");
  expect(await ok("volume", "ls", "-q")).toBe("used");
  await ok("image", "prune", "-f", "-a");
  expect(await ok("images", "--format", "{{.Repository}}")).toBe("busybox");
  await ok("system", "prune", "-f");
});
