/** What is taken away comes back, whoever is killed meanwhile; and what is deleted for good is gone. */
import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCuttingRelay } from "../../backends/cutting-relay.js";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Outcome, type Project } from "../harness/gantry.js";
import { aTerminal } from "../harness/terminal.js";

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

describe("with half of its volumes in the trash", () => {
  const names = ["a", "b", "c"];
  const volumes = `volumes: { ${names.map((name) => `${name}: {}`).join(", ")} }\n`;
  const mounts = names.map((name) => `"${name}:/${name}"`).join(", ");
  const threeVolumes = `services:
  db: { image: busybox, command: [sleep, "1000"], stop_signal: SIGKILL, volumes: [${mounts}] }
${volumes}`;
  const contents = (project: Project) => project.exec("db", "sh", "-c", "cat /a/file /b/file /c/file");

  /** `down -v` of three volumes with files, one after the other, in which one is killed after the second. */
  async function halfDown(kind: string, victim: "client" | "engine"): Promise<Project> {
    attempts += 1;
    const project = await gantry.projectOf(`${kind}${attempts}`, threeVolumes);
    await project.ok("up", "-d");
    await project.exec("db", "sh", "-c", "for name in a b c; do echo $name >/$name/file; done");
    const socket = `${gantry.workDir}/${kind}${attempts}.sock`;
    await using relay = await startCuttingRelay(socket, gantry.stateRoot.replace(/state$/, "run/engine.sock"));
    const pids = { client: 0, engine: await gantry.enginePid() };
    let isKilled = false;
    const act = () => {
      isKilled = process.kill(pids[victim], "SIGKILL");
    };
    relay.cutAt({ request: /_b\/trash$/, moment: "after", act });
    const onSpawn = (pid: number) => {
      pids.client = pid;
    };
    const env = { GANTRY_HOST: relay.address };
    await gantry.run(["--parallel", "1", "down", "-v"], { cwd: project.cwd, env, onSpawn });
    expect(isKilled).toBe(true);
    return project;
  }

  it("a project whose command was killed has all of its data again after up, which says so, and after undo", async () => {
    const project = await halfDown("half", "client");
    expect((await project.run("plan")).stdout).toMatch(/volume half\d+_a/);
    const { output } = await project.run("up", "-d");
    expect(output).toMatch(
      /Volume half\d+_a comes back from the trash: generation 2, which took it away, ended halfway/,
    );
    expect(await contents(project)).toBe("a\nb\nc");
    await project.ok("down", "-v");
    await project.ok("undo");
    expect(await contents(project)).toBe("a\nb\nc");
    await project.ok("down", "-v");
  });

  it("a project is brought back as a whole by undo, also when a second down took the rest", async () => {
    const project = await halfDown("rest", "client");
    const { output } = await project.run("undo");
    expect([output, await contents(project)]).toEqual([expect.not.stringContaining("not in the trash"), "a\nb\nc"]);
    await project.ok("down", "-v");
    const again = await halfDown("twice", "client");
    await again.ok("down", "-v");
    await again.ok("undo");
    expect(await contents(again)).toBe("a\nb\nc");
    await again.ok("down", "-v");
  });

  it("a project whose engine was killed has all of its data again", async () => {
    const project = await halfDown("engine", "engine");
    await eventually(async () => expect((await outcomes(project))[0]).toMatch(/^down (failed|interrupted)$/));
    await project.ok("up", "-d");
    expect(await contents(project)).toBe("a\nb\nc");
    await project.ok("down", "-v");
  });
});

it("a rollback asks on a terminal; with JSON it goes on there only with -y, and elsewhere unasked", async () => {
  const project = await aDatabase("asked");
  await writeFile(`${project.cwd}/compose.yaml`, composeFile("exec sleep 2000"));
  await project.ok("up", "-d", "-t", "0");
  const commands = ["rollback -t 0", "--progress json rollback -t 0"];
  await using terminal = await aTerminal({ columns: 120, rows: 40, cwd: project.cwd, env: { ...gantry.env } });
  for (const [at, command] of commands.entries()) {
    await terminal.run(`gantry ${command}; echo "code $?"`);
    if (at === 0) {
      await terminal.shows("Back to generation 1", "Containers are replaced or removed. Go on? [y/N]");
      await terminal.press("n", "Enter");
    }
    await terminal.shows(at === 0 ? "Nothing was done" : "leaves no room for a question", "code 1");
    await terminal.run("clear");
  }
  expect(await outcomes(project)).toEqual(["up succeeded", "up succeeded"]);
  await project.ok(...(commands[1] ?? "").split(" "));
  expect((await outcomes(project))[0]).toBe("rollback to 1 succeeded");
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

it("the data of an orphan comes back by undo, which says that its container does not", async () => {
  const project = await aDatabase("orphan");
  await writeFile(`${project.cwd}/compose.yaml`, composeFile("exec sleep 1000").replace("  db:", "  database:"));
  await project.ok("up", "-d");
  await project.run("kill");
  await project.ok("down", "-v", "--remove-orphans", "-t", "0");
  const { code, output } = await project.run("undo");
  expect([code, output]).toEqual([0, expect.stringContaining("Container 1 of db does not come back")]);
  expect(await project.exec("database", "cat", "/data/file")).toBe("kept");
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
  const unasked = await project.run("gc", "--all");
  expect([unasked.code, unasked.output]).toEqual([1, expect.stringContaining("Nothing was done, for want of a yes")]);
  expect(await readdir(`${gantry.stateRoot}/volumes/trash/data`)).not.toEqual([]);
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
