import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CliContext, CliEnvironment } from "../context.js";
import { commandsOf, wholeProgram } from "../definitions.js";
import { manPages } from "./man-pages.js";

const quiet = { write: () => true, columns: 100 } as unknown as NodeJS.WriteStream; // nothing is written
const environment: Pick<CliEnvironment, "version" | "stdout" | "stderr"> = {
  ...{ version: "1.2.3", stdout: quiet, stderr: quiet },
};
const program = wholeProgram(environment, {} as CliContext); // no action runs
const pages = manPages(program, { version: "1.2.3", date: "2026-01-31" });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-man-"));
  for (const [name, text] of pages) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

const mandoc = (...words: string[]) => execFileSync("mandoc", words, { cwd: folder, encoding: "utf8" });
/** Bold letters are written twice, one over the other. */
const rendered = (name: string) => mandoc("-T", "utf8", "-O", "width=100", name).replace(/.\u0008/gu, "");

it("has a page for the program, and one for each of its commands", () => {
  const wanted = commandsOf(program).map(({ path }) => `gantry-${path.join("-")}.1`);
  expect([...pages.keys()]).toEqual(["gantry.1", ...wanted]);
});

it("is rendered by mandoc without a warning", () => {
  expect(mandoc("-T", "lint", "-W", "warning", ...pages.keys())).toBe("");
});

it("says what a command is called with, takes, and ends with", () => {
  const page = rendered("gantry-rollback.1");
  expect(page).toMatch(/NAME\n +gantry-rollback - go back to an earlier generation/);
  expect(page).toMatch(/SYNOPSIS\n +gantry rollback \[options\] \[services...\]/);
  expect(page).toMatch(/OPTIONS[\s\S]*--to <[^>]+>[\s\S]*EXIT STATUS[\s\S]*130 +Ended by Ctrl-C\./);
  expect(page).toMatch(/EXAMPLES\n +gantry rollback\n/);
});

it("lists commands by their groups, and the variables and files that the program reads", () => {
  const page = rendered("gantry.1");
  expect(page).toMatch(/COMMANDS\n +Run a project\n[\s\S]* up +Create and start/);
  expect(page).toMatch(/ENVIRONMENT[\s\S]*GANTRY_HOST[\s\S]*FILES[\s\S]*compose\.yaml/);
  expect(rendered("gantry-volume.1")).toMatch(/COMMANDS\n[\s\S]*volume prune/);
});

it("keeps backslashes, minus signs, quotes and leading dots as they were written", () => {
  const odd = wholeProgram(environment, {} as CliContext);
  odd.command("odd").description(".env and 'it', a\\b -- \"q\" … ✔");
  writeFileSync(join(folder, "odd.1"), manPages(odd, { version: "1", date: "2026-01-31" }).get("gantry-odd.1") ?? "");
  expect(rendered("odd.1")).toContain(`.env and 'it', a\\b -- "q" … ✔`);
  expect(mandoc("-T", "lint", "-W", "warning", "odd.1")).toBe("");
});
