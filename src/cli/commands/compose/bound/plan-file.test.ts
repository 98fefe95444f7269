import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readPlanFile, writePlanFile } from "./plan-file.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "gantry-plan-file-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("writes for the owner alone, in place of what was there, and leaves nothing beside it", async () => {
  const file = join(dir, "plan.json");
  writeFileSync(file, "old", { mode: 0o666 });
  await writePlanFile(file, "new");
  expect([readFileSync(file, "utf8"), statSync(file).mode & 0o777]).toEqual(["new", 0o600]);
  expect(readdirSync(dir)).toEqual(["plan.json"]);
});

it("replaces no device, no directory and no link, and says where it cannot write", async () => {
  symlinkSync(join(dir, "elsewhere"), join(dir, "link"));
  for (const file of [dir, join(dir, "link"), "/dev/null"]) {
    await expect(writePlanFile(file, "x")).rejects.toThrow("it is there, and no file");
  }
  await expect(writePlanFile(join(dir, "no/plan"), "x")).rejects.toThrow("cannot be written to");
});

it("reads a file, and nothing that is no plan by its size or kind", async () => {
  writeFileSync(join(dir, "plan"), "{}");
  expect(await readPlanFile("plan", join(dir, "plan"))).toBe("{}");
  await expect(readPlanFile("x", join(dir, "x"))).rejects.toThrow("The plan x cannot be read: open");
  await expect(readPlanFile("d", dir)).rejects.toThrow("cannot be read: EISDIR");
  await expect(readPlanFile("z", "/dev/zero")).rejects.toThrow("The plan z is too big to be one");
});
