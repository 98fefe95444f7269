import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { anImage, aProject } from "../../plan/plan.fixture.js";
import { staleContextWarnings } from "./stale-contexts.js";

let context: string;
beforeEach(() => {
  context = mkdtempSync(join(tmpdir(), "gantry-stale-"));
  mkdirSync(join(context, "src"));
  for (const name of ["Dockerfile", "src/main.c", "notes.log"]) writeFileSync(join(context, name), "x");
  writeFileSync(join(context, ".dockerignore"), "*.log\n");
});
afterEach(() => rmSync(context, { recursive: true, force: true }));

const plan = { project: "shop", operations: [], warnings: [] };
const warnings = (builtAt: Date) => {
  const project = aProject({ web: { image: "own", build: { context } } });
  const image = { ...anImage(), Created: builtAt.toISOString() };
  return staleContextWarnings(project, { images: new Map([["own", image]]) }, plan);
};
const hourMs = 3_600_000;

it("a plan tells of an image that was built before its context changed, with the file", async () => {
  const [warning, ...more] = await warnings(new Date(Date.now() - hourMs));
  expect(warning?.message).toMatch(/The image own of service "web" was built before .*\/\.dockerignore changed\./);
  expect(warning?.hint).toContain("gantry build web");
  expect(more).toEqual([]);
});

it("an image that was built after the last change is not told of", async () => {
  expect(await warnings(new Date(Date.now() + hourMs))).toEqual([]);
});

it("what the ignore file names does not count, and a context that is gone says nothing", async () => {
  const builtAt = new Date(Date.now() + 20);
  await expect.poll(() => Date.now()).toBeGreaterThan(builtAt.getTime() + 20);
  writeFileSync(join(context, "notes.log"), "more");
  expect(await warnings(builtAt)).toEqual([]);
  writeFileSync(join(context, "src/main.c"), "more");
  expect((await warnings(builtAt))[0]?.message).toContain("src/main.c");
  rmSync(context, { recursive: true });
  expect(await warnings(builtAt)).toEqual([]);
});
