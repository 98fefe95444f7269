/** The reference says what the program's own definitions say. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { referencePages } from "../src/cli/completion/reference.js";
import type { CliContext } from "../src/cli/context.js";
import { commandsOf, wholeProgram } from "../src/cli/definitions.js";
import { examplesOf } from "../src/cli/help.js";

const folder = fileURLToPath(new URL("../docs/reference/", import.meta.url));
const stream = { columns: 100, write: () => true } as unknown as NodeJS.WriteStream; // nothing is printed
const program = wholeProgram({ version: "0", stdout: stream, stderr: stream }, {} as CliContext); // no action runs

it("is up to date; if not: npm run reference", () => {
  const written = new Map(
    readdirSync(folder).map((name): [string, string] => [name, readFileSync(`${folder}${name}`, "utf8")]),
  );
  const pages = referencePages(program);
  expect([...written.keys()].sort()).toEqual([...pages.keys()].sort());
  const stale = [...pages].filter(([name, text]) => written.get(name) !== text).map(([name]) => name);
  expect(stale, "Run: npm run reference").toEqual([]);
});

it("every command, and every group of them, has a description and examples in its help", () => {
  const bare = commandsOf(program).filter(({ command }) => {
    const examples = examplesOf(command);
    return command.description() === "" || examples.length === 0;
  });
  expect(bare.map(({ path }) => path.join(" "))).toEqual([]);
});
