/** The engine may die at any moment: containers run on, and soon everything about them works again by itself. */
import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Project, scenarioDir } from "../harness/gantry.js";
import { aFreePort, page } from "../harness/host.js";

/** Two seconds by itself; beside other tests the machine takes its time. */
const recoveryLimitMs = 15_000;
const execute = promisify(execFile);

let gantry: Gantry;
let project: Project;
let port: number;
let report: string;

beforeAll(async () => {
  gantry = await aGantry();
  [port] = await Promise.all([aFreePort(), gantry.importImages("nginx", "debian")]);
  report = `${gantry.workDir}/report`;
  await mkdir(report);
  project = gantry.project(scenarioDir("crash"), { PORT: String(port), REPORT: report });
  await project.ok("up", "-d", "--wait");
});
afterAll(async () => {
  await project?.clear();
  await gantry?.[Symbol.asyncDispose]();
});

describe("after the engine was killed", () => {
  it("containers run on, and the published port and the names answer again without any command", async () => {
    const before = await processOf("flaky");
    await killEngine();
    await eventually(async () => expect(await page(`http://127.0.0.1:${port}/`)).toContain("nginx"), recoveryLimitMs);
    await eventually(async () => expect(await resolveIn(before, "web")).toMatch(/^\d+\./), recoveryLimitMs);
    expect(await processOf("flaky")).toBe(before);
  });

  it("health checks go on without any command", async () => {
    await killEngine();
    const probes = async () => (await linesOf("probes")).length;
    const before = await probes();
    await eventually(async () => expect(await probes()).toBeGreaterThan(before + 1), recoveryLimitMs);
  });

  it("a container that ends meanwhile is started again by its restart policy without any command", async () => {
    const pid = await processOf("flaky");
    const before = (await linesOf("starts")).length;
    await killEngine();
    process.kill(pid, "SIGKILL");
    await eventually(async () => expect(await linesOf("starts")).toHaveLength(before + 1), recoveryLimitMs);
    expect((await gantry.inspect(await project.container("flaky"))).State.Status).toBe("running");
  });

  it("the next command sees every container, and down removes them", async () => {
    await killEngine();
    expect((await project.ok("ps", "-q")).split("\n")).toHaveLength(3);
    expect(await project.exec("web", "cat", "/proc/1/comm")).toBe("nginx");
    await project.ok("down");
    expect(await gantry.ok(["container", "ls", "-aq"])).toBe("");
    await expect(page(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });
});

async function killEngine(): Promise<void> {
  process.kill(await gantry.enginePid(), "SIGKILL");
}

async function processOf(service: string): Promise<number> {
  return (await gantry.inspect(await project.container(service))).State.Pid;
}

/** The first address of a name, asked from within the namespaces of a process, past any engine. */
async function resolveIn(pid: number, name: string): Promise<string> {
  const args = ["--target", String(pid), "--mount", "--net", "--root", "getent", "ahostsv4", name];
  return (await execute("nsenter", args)).stdout;
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(`${report}/${file}`, "utf8").catch(() => "");
  return text.split("\n").filter(Boolean);
}
