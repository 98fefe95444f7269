/** What is taken away comes back, whoever is killed meanwhile; and what is deleted for good is gone. */
import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Outcome, type Project } from "../harness/gantry.js";

let gantry: Gantry;
beforeAll(async () => {
  gantry = await aGantry();
  // The machine that tests run on may have a full disk.
  await mkdir(gantry.stateRoot, { recursive: true, mode: 0o711 });
  await writeFile(`${gantry.stateRoot}/engine.json`, JSON.stringify({ trash: { minFreeBytes: 0 } }));
  await gantry.importImages("busybox");
});
afterAll(() => gantry?.[Symbol.asyncDispose]());

/** Its process ends three seconds after it is asked to. */
const reluctant = "trap 'sleep 3; exit 0' TERM; sleep 1000 & wait";
const composeFile = (command: string) => `services:
  db:
    image: busybox
    command: ["sh", "-c", ${JSON.stringify(command)}]
    stop_grace_period: 10s
    volumes: ["data:/data"]
volumes: { data: {} }
`;

/** A history outlives its project, and with it what a test's first attempt did. */
let attempts = 0;

/** Its folder, and so its project, begin with `kind`. */
async function aDatabase(kind: string, command = "exec sleep 1000"): Promise<Project & { name: string }> {
  attempts += 1;
  const name = `${kind}${attempts}`;
  const project = await gantry.projectOf(name, composeFile(command));
  await project.ok("up", "-d");
  await project.exec("db", "sh", "-c", "echo kept >/data/file");
  return { ...project, name };
}

const outcomes = async (project: Project) =>
  (await project.ok("history", "--format", "{{.Command}} {{.Outcome}}")).split("\n").slice(0, 2);
const stop = (project: Project) => project.run("kill");

/** `gantry down -v`, whose generation has begun: its process, and its end. */
async function goingDown(project: Project): Promise<{ pid: number; ended: Promise<Outcome> }> {
  let pid = 0;
  const onSpawn = (spawned: number) => {
    pid = spawned;
  };
  const ended = gantry.run(["down", "-v"], { cwd: project.cwd, onSpawn });
  await eventually(async () => expect((await outcomes(project))[0]).toBe("down applying"));
  return { pid, ended };
}

it("a down that is killed is told as interrupted, and undo brings back all that it took away", async () => {
  const project = await aDatabase("killed", reluctant);
  const { pid, ended } = await goingDown(project);
  process.kill(pid, "SIGKILL");
  await ended;
  await eventually(async () => expect(await outcomes(project)).toEqual(["down interrupted", "up succeeded"]));
  await project.ok("undo");
  expect(await project.exec("db", "cat", "/data/file")).toBe("kept");
  await stop(project);
  await project.ok("down", "-v");
  await project.ok("undo");
  expect(await project.exec("db", "cat", "/data/file")).toBe("kept");
  await stop(project);
});

it("an engine that is killed during a down loses neither the history nor the data", async () => {
  const project = await aDatabase("crashed", reluctant);
  const { ended } = await goingDown(project);
  process.kill(await gantry.enginePid(), "SIGKILL");
  await ended;
  await eventually(async () => expect((await outcomes(project))[0]).toMatch(/^down (failed|interrupted)$/));
  await stop(project);
  await project.ok("down", "-v");
  process.kill(await gantry.enginePid(), "SIGKILL");
  await project.ok("undo");
  expect(await project.exec("db", "cat", "/data/file")).toBe("kept");
  await stop(project);
});

it("a volume that was made anew is not touched: undo says which, and how to go on", async () => {
  const project = await aDatabase("anew");
  await stop(project);
  await project.ok("down", "-v");
  await project.ok("up", "-d");
  await project.exec("db", "sh", "-c", "echo other >/data/file");
  const refused = await project.run("undo", "2");
  expect([refused.code, refused.output]).toEqual([
    1,
    expect.stringContaining(`Made anew since generation 2: volume ${project.name}_data`),
  ]);
  expect(await project.exec("db", "cat", "/data/file")).toBe("other");
  await stop(project);
  await project.ok("down", "-v");
  await project.ok("undo", "2");
  expect(await project.exec("db", "cat", "/data/file")).toBe("kept");
  await stop(project);
});

it("what is in the trash is no volume, is counted, and goes for good with gc --all", async () => {
  const project = await aDatabase("counted");
  await stop(project);
  expect((await project.run("down", "-v")).output).toContain("gantry undo");
  expect(await gantry.ok(["volume", "ls", "-q", "--filter", "name=counted"])).toBe("");
  expect(await gantry.ok(["system", "df"])).toMatch(/^Trash +\d+ +0 +\d+B +\d+B \(100%\)$/m);
  expect(await project.ok("history", "2")).toMatch(/Removed volume: +counted\d+_data \(in the trash until 20/);
  expect((await project.run("gc", "--all", "--dry-run")).stdout).toMatch(/^volume counted\d+_data of counted\d+: 5B$/m);
  expect((await project.run("gc", "--all", "--force")).stdout).toMatch(/^volume counted\d+_data of counted\d+: 5B$/m);
  expect(await readdir(`${gantry.stateRoot}/volumes/trash/data`)).toEqual([]);
  expect((await project.run("history", "-q")).stdout).toBe("");
});

it("volumes go for good by --purge, in CI, and by the commands of volumes", async () => {
  const data = (name: string) => existsSync(`${gantry.stateRoot}/volumes/data/${name}`);
  const trashed = () => readdir(`${gantry.stateRoot}/volumes/trash/data`);
  const before = await trashed();
  const purged = await aDatabase("purged");
  await stop(purged);
  const volume = `${purged.name}_data`;
  await purged.ok("down", "-v", "--purge");
  await purged.ok("up", "-d");
  await stop(purged);
  const inCi = gantry.project(purged.cwd, { CI: "true" });
  expect((await inCi.run("down", "-v")).output).toContain("Volumes are removed for good: in CI nothing is kept");
  expect(data(volume)).toBe(false);
  const undone = await purged.run("undo");
  expect(undone.output).toContain(`Volume ${volume} is not in the trash`);
  await stop(purged);
  await purged.ok("down");
  await gantry.ok(["volume", "rm", volume]);
  await gantry.ok(["volume", "create", "idle"]);
  await gantry.ok(["volume", "prune", "-a", "-f"]);
  expect([data(volume), data("idle"), await trashed()]).toEqual([false, false, before]);
});
