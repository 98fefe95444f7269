/** Every diagnostic code of the loader has a title and a section of the docs, and nothing else has. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { diagnosticTitles } from "../src/compose/diagnostics/titles.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const docs = readFileSync(join(root, "docs/diagnostics.md"), "utf8");
const sections = docs.split(/^## /m).slice(1);

it("every code that the loader's source emits has a title", () => {
  expect([...emittedCodes()].sort()).toEqual(Object.keys(diagnosticTitles).sort());
});

it("every code has a section of the docs, in order, with what it means, an example and the fix", () => {
  expect(sections.map((section) => section.split("\n")[0])).toEqual(Object.keys(diagnosticTitles).sort());
  const thin = sections.filter((section) => !/```/.test(section) || !/^\*\*Fix\.\*\* /m.test(section));
  expect(thin.map((section) => section.split("\n")[0])).toEqual([]);
});

/** Codes are the kebab-case texts of the source, apart from these and from those that are put together by kind. */
const otherWords = new Set([
  ...[
    "key-values",
    "to-list",
    "short-form",
    "to-map",
    "on-failure",
    "unless-stopped",
    "host-gateway",
    "utf-8",
    "utf-16le",
    "utf-16be",
    "x-gantry",
    "start-first",
    "stop-first",
    "packed-refs",
  ],
  ...["too-deep", "too-many-documents", "too-many-tokens"],
]);

function emittedCodes(): Set<string> {
  const codes = new Set<string>();
  for (const text of sources(join(root, "src/compose"))) {
    for (const [, word = ""] of text.matchAll(/"([a-z]+(?:-[a-z0-9]+)+)"/g)) if (!otherWords.has(word)) codes.add(word);
    for (const [, kind = ""] of text.matchAll(/undefinedName\([^;]*?"([a-z]+)"/g)) codes.add(`undefined-${kind}`);
    for (const [, end = ""] of text.matchAll(/`\$\{kind\}((?:-[a-z]+)+)`/g)) {
      for (const kind of ["config", "secret"]) codes.add(`${kind}${end}`);
    }
    if (/undefinedName\([^;"]*\bkind\b/.test(text))
      for (const kind of ["config", "secret"]) codes.add(`undefined-${kind}`);
  }
  return codes;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["generated", "init"].includes(entry.name) ? [] : sources(path);
    return /\.ts$/.test(entry.name) && !/\.(test|fixture)\.ts$|titles\.ts$/.test(entry.name)
      ? [readFileSync(path, "utf8")]
      : [];
  });
}
