/** `gantry __reference DIR` and `__man DIR`: write what is made from the definitions, and remove what no longer is. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CliContext } from "../context.js";
import { wholeProgram } from "../definitions.js";
import { manPages } from "./man-pages.js";
import { referencePages } from "./reference.js";

export function writeReference(context: CliContext, directory: string): void {
  writePages(resolve(context.cwd, directory), ".md", referencePages(wholeProgram(context, context)));
}

export function writeManPages(context: CliContext, directory: string): void {
  const { version, clock } = context;
  const options = { version, date: clock.now().toISOString().slice(0, 10) };
  writePages(resolve(context.cwd, directory), ".1", manPages(wholeProgram(context, context), options));
}

function writePages(folder: string, ending: string, pages: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.endsWith(ending) && !pages.has(name)) rmSync(join(folder, name));
  for (const [name, text] of pages) writeFileSync(join(folder, name), text);
}
