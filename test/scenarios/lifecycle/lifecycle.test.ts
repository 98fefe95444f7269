/** `up` must do what the file asks for and no more: what is right stays, what changed is replaced, what is gone is told. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";

let gantry: Gantry;
let project: Project;

beforeAll(async () => {
  gantry = await aGantry();
  await gantry.importImages("busybox");
});
afterEach(() => project?.clear());
afterAll(() => gantry?.[Symbol.asyncDispose]());

const service = (name: string, extra = "") =>
  `  ${name}:\n    image: busybox\n    command: sh -c 'echo hello from ${name}; exec sleep 1000'\n` +
  `    stop_grace_period: 0s\n${extra}`;
const file = (...services: string[]) => `services:\n${services.join("")}`;
const ids = async (...services: string[]) => Promise.all(services.map((name) => project.container(name)));

describe("up", () => {
  it("does nothing the second time", async () => {
    project = await gantry.projectOf("again", file(service("a"), service("b")));
    await project.ok("up", "-d");
    const before = await ids("a", "b");
    await project.ok("up", "-d");
    expect(await ids("a", "b")).toEqual(before);
  });

  it("recreates a service that changed, and nothing else", async () => {
    project = await gantry.projectOf("change", file(service("a"), service("b")));
    await project.ok("up", "-d");
    const [a, b] = await ids("a", "b");
    project = await gantry.projectOf("change", file(service("a"), service("b", "    environment: { NEW: value }\n")));
    const plan = await project.ok("plan");
    expect(plan).toContain("environment");
    await project.ok("up", "-d");
    expect((await ids("a", "b"))[0]).toBe(a);
    expect((await ids("a", "b"))[1]).not.toBe(b);
    expect(await project.exec("b", "sh", "-c", "echo $NEW")).toBe("value");
  });

  it("tells of a service that is gone from the file, and removes it when asked", async () => {
    project = await gantry.projectOf("orphan", file(service("a"), service("b")));
    await project.ok("up", "-d");
    project = await gantry.projectOf("orphan", file(service("a")));
    const told = await project.run("up", "-d");
    expect(told.output).toMatch(/orphan/i);
    expect((await gantry.ok(["container", "ls", "-q"])).split("\n")).toHaveLength(2);
    await project.ok("up", "-d", "--remove-orphans");
    expect((await gantry.ok(["container", "ls", "-q"])).split("\n")).toHaveLength(1);
  });

  it("scales up and down", async () => {
    project = await gantry.projectOf("scale", file(service("a")));
    await project.ok("up", "-d", "--scale", "a=3");
    expect((await project.ok("ps", "-q")).split("\n")).toHaveLength(3);
    await project.ok("up", "-d", "--scale", "a=1");
    expect((await project.ok("ps", "-q")).split("\n")).toHaveLength(1);
  });

  it("in the foreground streams every service's output with its name", async () => {
    const brief = file(service("a"), service("b")).replaceAll("exec sleep 1000", "exit 0");
    project = await gantry.projectOf("foreground", brief);
    const up = await project.run("up");
    expect(up.stdout).toMatch(/^a-1 +\| hello from a$/m);
    expect(up.stdout).toMatch(/^b-1 +\| hello from b$/m);
  });
});

describe("a project that is up", () => {
  it("is named and labelled as docker compose names and labels it", async () => {
    project = await gantry.projectOf("labels", file(service("a")));
    await project.ok("up", "-d");
    const [container] = JSON.parse(await gantry.ok(["container", "inspect", "labels-a-1"])) as [
      { Config: { Labels: Record<string, string> } },
    ];
    expect(container.Config.Labels).toMatchObject({
      "com.docker.compose.project": "labels",
      "com.docker.compose.service": "a",
      "com.docker.compose.container-number": "1",
      "com.docker.compose.oneoff": "False",
    });
    expect(await gantry.ok(["network", "ls", "--format", "json"])).toContain('"labels_default"');
  });

  it("shows its logs, stops, starts, restarts and is removed", async () => {
    project = await gantry.projectOf("cycle", file(service("a")));
    await project.ok("up", "-d");
    expect(await project.ok("logs")).toMatch(/^a-1 +\| hello from a$/m);
    const status = async () => (await gantry.inspect(await project.container("a"))).State;
    await project.ok("stop");
    expect((await status()).Status).toBe("exited");
    await project.ok("start");
    const started = (await status()).StartedAt;
    await project.ok("restart");
    expect((await status()).StartedAt).not.toBe(started);
    await project.ok("kill");
    expect((await status()).ExitCode).toBe(137);
    await project.ok("rm", "-f");
    expect(await project.ok("ps", "-aq")).toBe("");
  });

  it("answers exec with the command's exit code", async () => {
    project = await gantry.projectOf("codes", file(service("a")));
    await project.ok("up", "-d");
    expect((await project.run("exec", "-T", "a", "sh", "-c", "exit 42")).code).toBe(42);
    expect((await project.run("exec", "-T", "a", "no-such-command")).code).toBe(127);
  });
});
