/** When `up` fails it must say what happened, and leave the rest in a state from which the next `up` goes on. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Registry, startRegistry } from "../../images/registry.js";
import { aGantry, type Gantry, type Outcome, type Project } from "../harness/gantry.js";

let storage: string;
let registry: Registry;
let gantry: Gantry;
let project: Project | undefined;

beforeAll(async () => {
  storage = await mkdtemp(`${tmpdir()}/gantry-registry-`);
  registry = await startRegistry(storage);
  gantry = await aGantry({ GANTRY_REGISTRY_MIRRORS: `docker.io=${registry.url}` });
  await gantry.importImages("busybox");
});
afterEach(async () => {
  await project?.clear();
  project = undefined;
});
afterAll(async () => {
  await gantry?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await rm(storage, { recursive: true });
});

/** A good service `steady`, and a service `broken` as good except for the line that is given. */
const withBroken = (line: string) => {
  const key = line.split(":", 1)[0] ?? "";
  const good = ["image: busybox", "command: sleep 1000", "stop_grace_period: 0s"];
  const service = (lines: readonly string[]) => lines.map((text) => `    ${text}\n`).join("");
  const broken = [...good.filter((text) => !text.startsWith(`${key}:`)), line];
  return `services:\n  steady:\n${service(good)}  broken:\n${service(broken)}`;
};

/** Fails with `broken`, then goes on with the same file put right, keeping what had been made. */
async function failsAndGoesOn(name: string, broken: string, more = ""): Promise<Outcome> {
  project = await gantry.projectOf(name, withBroken(broken) + more);
  const failed = await project.run("up", "-d", "--wait");
  expect(failed.code, failed.output).toBe(1);
  const steadyBefore = await project.container("steady");
  project = await gantry.projectOf(name, withBroken("labels: { put: right }") + more);
  await project.ok("up", "-d", "--wait");
  const running = (await project.ok("ps", "--services")).split("\n").sort();
  expect(running).toEqual(more === "" ? ["broken", "steady"] : ["broken", "later", "steady"]);
  if (steadyBefore !== "") expect(await project.container("steady")).toBe(steadyBefore);
  return failed;
}

describe("up with a service that cannot be", () => {
  it("names an image that the registry does not have", async () => {
    const { output } = await failsAndGoesOn("missing-image", "image: no-such-image:v9");
    expect(output).toContain("no-such-image:v9");
    expect(output).toMatch(/not found|does not exist|manifest unknown|access.*denied/i);
  });

  it("names a registry that does not answer", async () => {
    const { output } = await failsAndGoesOn("no-registry", "image: 127.0.0.1:9/some/image");
    expect(output).toContain("127.0.0.1:9");
    expect(output).toMatch(/refused|unreachable|cannot (be )?reach|could not (be )?reach/i);
  });

  it("names a command that is not in the image", async () => {
    const { output } = await failsAndGoesOn("no-command", "command: no-such-command --now");
    expect(output).toContain("no-such-command");
    expect(output).toMatch(/not found/i);
    expect(output).toContain("broken");
  });

  it("shows the output of a health check that fails, and holds back what waits for it", async () => {
    const health = 'healthcheck: { test: ["CMD-SHELL", "echo the-cause; exit 1"], interval: 100ms, retries: 2 }';
    const later =
      "\n  later:\n    image: busybox\n    command: sleep 1000\n    stop_grace_period: 0s\n" +
      "    depends_on: { broken: { condition: service_started } }\n";
    const { output } = await failsAndGoesOn("unhealthy", health, later);
    expect(output).toMatch(/unhealthy/);
    expect(output).toContain("the-cause");
  });

  it("tells how a dependency ended that had to succeed", async () => {
    const file = `
services:
  job: { image: busybox, command: "sh -c 'echo no disk; exit 7'" }
  main:
    image: busybox
    command: sleep 1000
    depends_on: { job: { condition: service_completed_successfully } }
`;
    project = await gantry.projectOf("job", file);
    const up = await project.run("up", "-d");
    expect(up.code).toBe(1);
    expect(up.output).toMatch(/job-job-1.* exited \(7\)/);
    expect(up.output).toContain("no disk");
    expect(await project.ok("ps", "--services")).toBe("");
  });

  it("writes every failure for machines, and no secret that a container has logged", async () => {
    const file = `
secrets: { token: { environment: TOKEN } }
services:
  job: { image: busybox, command: "sh -c 'cat /run/secrets/token; echo; exit 7'", secrets: [token] }
  other: { image: busybox, command: no-such-command }
  main: { image: busybox, command: sleep 1000, depends_on: { job: { condition: service_completed_successfully } } }
`;
    project = await gantry.projectOf("reports", file);
    const args = ["up", "-d", "--report", "junit=out.xml", "--report", "json=out.json", "--report", "github"];
    const up = await gantry.run(args, { cwd: project.cwd, env: { TOKEN: "sesame-open" } });
    expect(up.code).toBe(1);
    const read = (name: string) => readFile(`${project?.cwd}/${name}`, "utf8");
    const [xml, json] = await Promise.all([read("out.xml"), read("out.json")]);
    for (const text of [xml, json, up.output]) expect(text).not.toContain("sesame");
    const report = JSON.parse(json) as {
      outcome: string;
      failures: Array<{ service: string; lastLogLines: string[] }>;
    };
    expect(report.outcome).toBe("failed");
    expect(report.failures.map(({ service }) => service).sort()).toEqual(["job", "other"]);
    expect(report.failures.find(({ service }) => service === "job")?.lastLogLines).toEqual(["***"]);
    expect(xml).toMatch(/<testcase classname="reports.job" name="wait-for job completed" time="[\d.]+">\n +<failure/);
    expect(xml).toMatch(/name="start-container reports-main-1" time="0.000">\n +<skipped/);
    expect(up.stdout).toMatch(/^::error file=compose.yaml,line=\d,col=\d+,title=job%3A wait failed/m);
  });
});
