/** What people do with a running project: look, run, copy, build, push. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { startRegistry } from "../../images/registry.js";
import { eventually } from "../../scenarios/harness/eventually.js";
import { file, ids, type Stage, service, type Traits } from "./stage.js";

/** Defines these scenarios for the engine on the stage. */
export function describeCommands(stage: Stage, { keepsEvents }: Traits): void {
  it("exec, run, logs, top, stats and cp work", async () => {
    const project = await stage.project("talk", file(service("a")));
    await project.ok("up", "-d");
    expect((await project.run("exec", "-T", "a", "sh", "-c", "exit 42")).code).toBe(42);
    // Docker's daemons of before 23 say 126.
    expect([126, 127]).toContain((await project.run("exec", "-T", "a", "no-such-command")).code);
    const one = await project.run("run", "--rm", "-T", "a", "sh", "-c", "echo once; exit 7");
    expect([one.code, one.stdout]).toEqual([7, "once\n"]);
    expect(await ids(project)).toHaveLength(1);
    await eventually(async () => expect(await project.ok("logs")).toMatch(/^a-1 +\| hello from a$/m));
    expect(await project.ok("top")).toContain("sleep 1000");
    await copiesFiles(stage, await project.container("a"));
    const [usage] = await firstOf(stage.backend.client.upkeep.stats(await project.container("a"), { stream: false }));
    expect(usage).toMatchObject({ cpu_stats: {} });
  });

  it.runIf(keepsEvents)("events tell a service's life, line by line", async () => {
    const project = await stage.project("told", file(service("a"), service("b")));
    const since = String(Math.floor(Date.now() / 1000));
    await project.ok("up", "-d");
    const id = await project.container("a");
    await project.ok("down");
    await eventually(async () => {
      const until = String(Date.now() / 1000);
      const lines = (await project.ok("events", "--json", "--since", since, "--until", until, "a")).split("\n");
      const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      const ours = { id, service: "a", type: "container", time: expect.stringMatching(/^20.*Z$/) };
      expect(told.every((event) => event.service === "a")).toBe(true);
      const life = ["create", "start", "die", "destroy"];
      expect(told.filter(({ action }) => life.includes(String(action)))).toEqual(
        life.map((action) => expect.objectContaining({ action, ...ours })),
      );
    });
  });

  it("push sends an image to its registry, and up pulls it from there", async () => {
    const { gantry, backend } = stage;
    const storage = await mkdtemp(`${gantry.workDir}/registry-`);
    await using registry = await startRegistry(storage, { through: backend.host.through });
    const name = `${registry.address}/team/app:1`;
    await backend.client.images.tag("busybox", name);
    const text = `services:\n  a: { image: "${name}", command: sleep 1000, stop_grace_period: 0s, build: . }\n`;
    const project = await stage.project("registry", text);
    await project.ok("push");
    await backend.client.images.remove(name);
    await stage.project("registry", text.replace(", build: .", ""));
    await project.ok("up", "-d");
    expect(await project.exec("a", "echo", "pulled")).toBe("pulled");
    await project.ok("down");
    await backend.client.images.remove(name);
  });

  it("builds what has a Dockerfile, once", async () => {
    const text = "services:\n  a: { build: ., stop_grace_period: 0s }\n";
    const project = await stage.project("built", text);
    const lines = ["FROM busybox", "ARG WORD=made", "RUN echo $WORD >/word", "COPY compose.yaml /", "CMD sleep 1000"];
    await writeFile(`${project.cwd}/Dockerfile`, `${lines.join("\n")}\n`);
    await project.ok("up", "-d");
    expect(await project.exec("a", "cat", "/word", "/compose.yaml")).toBe(`made\n${text.trimEnd()}`);
    expect((await project.run("up", "-d")).output).toContain("nothing to do");
    await project.ok("down", "--rmi", "local");
  });

  it("watch copies what changes into the container, and removes there what goes", async () => {
    const rules = "    develop: { watch: [{ path: ./src, action: sync, target: /src, initial_sync: true }] }\n";
    const project = await stage.project("followed", file(service("a", rules)));
    await mkdir(`${project.cwd}/src`);
    await writeFile(`${project.cwd}/src/one`, "1\n");
    await using watching = stage.gantry.start(["watch"], { cwd: project.cwd });
    await watching.says("⦿ Watching");
    await writeFile(`${project.cwd}/src/two`, "2\n");
    await watching.says("Copied /src/two to a");
    expect(await project.exec("a", "cat", "/src/one", "/src/two")).toBe("1\n2");
    await rm(`${project.cwd}/src/one`);
    await eventually(async () => expect(await project.exec("a", "ls", "/src")).toBe("two"));
  });

  it("logs -f shows what comes, and ends with its container", async () => {
    const text = `services:\n  a: { image: busybox, command: sh -c 'cat /gate; echo last', stop_grace_period: 0s,
      volumes: ['./gate:/gate'] }\n`;
    const project = await stage.project("follow", text);
    await stage.backend.host.run("mkfifo", `${project.cwd}/gate`);
    await project.ok("up", "-d");
    const following = project.run("logs", "-f", "--no-log-prefix");
    await stage.backend.host.run("sh", "-c", `echo first >${project.cwd}/gate`);
    expect((await following).stdout).toBe("first\nlast\n");
  });
}

async function copiesFiles({ gantry }: Stage, container: string): Promise<void> {
  const path = `${gantry.workDir}/copied`;
  await gantry.ok(["container", "cp", "-", `${container}:/tmp`], { stdin: "" }).catch(() => {}); // an empty archive
  await gantry.ok(["container", "exec", container, "sh", "-c", "echo out >/tmp/out"]);
  await gantry.ok(["container", "cp", `${container}:/tmp/out`, path]);
  await gantry.ok(["container", "cp", path, `${container}:/tmp/in`]);
  expect(await gantry.ok(["container", "exec", container, "cat", "/tmp/in"])).toBe("out");
}

async function firstOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  for await (const value of values) return [value];
  return [];
}
