/** Files under `develop.watch` must reach the running containers as they change, and do what their rules say. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Project, scenarioDir } from "../harness/gantry.js";
import type { Running } from "../harness/running.js";

let gantry: Gantry;
let app: Project;

beforeAll(async () => {
  gantry = await aGantry();
  await gantry.importImages("busybox");
});
afterAll(async () => void (await gantry?.[Symbol.asyncDispose]()));
afterEach(() => app?.clear());

/** A copy of the project, and a command that follows its files until it is ended. */
async function following(command: readonly string[]): Promise<Running> {
  const cwd = `${gantry.workDir}/watched`;
  rmSync(cwd, { recursive: true, force: true });
  cpSync(scenarioDir("watch/project"), cwd, { recursive: true });
  app = gantry.project(cwd);
  const running = gantry.start(["--progress", "plain", ...command], { cwd });
  await running.says("⦿ Watching");
  return running;
}

const inside = (path: string) => app.exec("web", "cat", path).catch(() => "(nothing)");

describe("watch", () => {
  it("copies at the start, copies and removes as files change, and passes over what is ignored", async () => {
    await using watching = await following(["watch"]);
    expect(await inside("/app/src/first.txt")).toBe("first");
    writeFileSync(`${app.cwd}/src/second.txt`, "second\n");
    mkdirSync(`${app.cwd}/src/deep/er`, { recursive: true });
    writeFileSync(`${app.cwd}/src/deep/er/third.txt`, "third\n");
    writeFileSync(`${app.cwd}/src/noise.log`, "noise\n");
    await eventually(async () => expect(await inside("/app/src/deep/er/third.txt")).toBe("third"));
    expect(await inside("/app/src/second.txt")).toBe("second");
    expect(await inside("/app/src/noise.log")).toBe("(nothing)");
    rmSync(`${app.cwd}/src/second.txt`);
    await eventually(async () => expect(await inside("/app/src/second.txt")).toBe("(nothing)"));
    await watching.says("Copied /app/src/second.txt to web");
    expect(await watching.end()).toBe(130);
  });

  it("restarts, runs commands and rebuilds by the rules, and goes on after a failure", async () => {
    await using watching = await following(["watch", "--quiet"]);
    const before = await gantry.inspect(await app.container("web"));
    writeFileSync(`${app.cwd}/settings.ini`, "new\n");
    await watching.says("Restarted web");
    const restarted = await gantry.inspect(before.Id);
    expect(restarted.State.StartedAt).not.toBe(before.State.StartedAt);
    expect(await inside("/etc/settings.ini")).toBe("new");

    writeFileSync(`${app.cwd}/hook.txt`, "called\n");
    await watching.says("Ran sh -c");
    expect(await inside("/tmp/called")).toBe("called");

    writeFileSync(`${app.cwd}/Dockerfile`, "FROM busybox\nRUN exit 7\n");
    await watching.says(/exit:\s+code 7/);
    expect(await app.container("web")).toBe(before.Id);

    writeFileSync(`${app.cwd}/Dockerfile`, 'FROM busybox\nENV V=2\nCMD ["sleep", "1000"]\n');
    await watching.says("web is up to date");
    expect(await app.exec("web", "sh", "-c", "echo $V")).toBe("2");
    await eventually(async () => expect(await inside("/app/src/first.txt")).toBe("first"));
  });

  it("stays with the output of a foreground up, that of a rebuilt container too, and stops a rebuild with it", async () => {
    await using watching = await following(["up", "--build", "--watch"]);
    await watching.says("web-1  | version 1");
    writeFileSync(`${app.cwd}/Dockerfile`, 'FROM busybox\nCMD ["sh", "-c", "echo version 2; exec sleep 1000"]\n');
    await watching.says("web-1  | version 2");
    expect(watching.output()).toContain("Rebuilding web");
    // A rebuild that was under way at Ctrl-C used to start its container after everything had been stopped.
    writeFileSync(`${app.cwd}/Dockerfile`, 'FROM busybox\nRUN sleep 5\nCMD ["sleep", "1000"]\n');
    await watching.says(/Rebuilding web[\s\S]*Rebuilding web/);
    expect(await watching.end()).toBe(130);
    expect((await app.run("ps", "-q")).stdout).toBe("");
  });

  it("tells with --dry-run what would be brought up and watched, and does nothing", async () => {
    app = await gantry.projectOf(
      "plain",
      "services: { web: { image: busybox, develop: { watch: [{ path: ., action: restart }] } } }\n",
    );
    const { code, stdout } = await app.run("--dry-run", "watch");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/start .*web[\s\S]*Would watch \//) });
    expect((await app.run("ps", "-aq")).stdout).toBe("");
  });

  it("says what is missing when there is nothing to watch", async () => {
    app = await gantry.projectOf("plain", "services: { web: { image: busybox } }\n");
    const outcome = await app.run("watch");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("something to watch");
    expect(outcome.stderr).toContain("develop.watch");
  });
});
