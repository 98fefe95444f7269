/** `gantry __reference DIR`: writes the pages of the reference, and removes those that are no longer made. */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CliContext } from "../context.js";
import { wholeProgram } from "../definitions.js";
import { referencePages } from "./reference.js";

export function writeReference(context: CliContext, directory: string): void {
  const folder = resolve(context.cwd, directory);
  const pages = referencePages(wholeProgram(context, context));
  for (const name of readdirSync(folder)) if (name.endsWith(".md") && !pages.has(name)) rmSync(join(folder, name));
  for (const [name, text] of pages) writeFileSync(join(folder, name), text);
}
