/** Every mistake of a file must be told at once, each with its place, before anything is touched. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { aGantry, type Gantry, scenarioDir } from "../harness/gantry.js";

let gantry: Gantry;
beforeAll(async () => {
  gantry = await aGantry();
});
afterAll(() => gantry?.[Symbol.asyncDispose]());

it.each(["config", "up -d", "plan"])(
  "five mistakes get five diagnostics from `gantry %s`, each with its place",
  async (command) => {
    const { code, stderr } = await gantry.project(scenarioDir("mistakes")).run(...command.split(" "));
    expect(code).toBe(1);
    const places = [...stderr.matchAll(/compose\.yaml:(\d+):\d+/g)].map(([, line]) => Number(line));
    expect([...new Set(places)].sort((a, b) => a - b)).toEqual([4, 5, 7, 8, 10]);
    expect(stderr).toContain('"ports"'); // what `port` should have been
    for (const word of ["port", "sometimes", "http", "api", "data"]) expect(stderr).toContain(word);
  },
);

it("a file that is not YAML is told with its place", async () => {
  const project = await gantry.projectOf("broken", "services:\n  web: {image: nginx\n");
  const { code, stderr } = await project.run("up", "-d");
  expect(code).toBe(1);
  expect(stderr).toMatch(/compose\.yaml:\d+:\d+/);
});

it("a folder without a Compose file is told as such", async () => {
  const { code, stderr } = await gantry.run(["up", "-d"], { cwd: gantry.workDir });
  expect(code).toBe(1);
  expect(stderr).toContain("no configuration file provided: not found");
});

it.each([
  "no-such-command",
  "up --no-such-flag",
  "up --build --no-build",
  "up --wait-timeout soon",
  "up --report html",
  "ps --format",
])("a command line that is not understood ends with 2: %s", async (line) => {
  expect(await gantry.run(line.split(" "))).toMatchObject({ code: 2, stderr: expect.stringMatching(/^error: /) });
});

it("a report tells of mistakes too, so that a pipeline shows them", async () => {
  const { code, stdout } = await gantry.project(scenarioDir("mistakes")).run("up", "-d", "--report", "junit");
  expect(code).toBe(1);
  expect(stdout).toContain('<testcase classname="gantry" name="gantry up"');
  expect(stdout.match(/<failure /g)).toHaveLength(5);
});
