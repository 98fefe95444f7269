/** Keeps the house in order: who may import whom, which rooms touch the world, and how big things may grow. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

type Column = "tool" | "shared" | "engine" | "both";
/** The floors of the house. A file imports from its own room and from lower floors of its own column or the shared one. */
const rooms: Record<string, { floor: number; column: Column }> = {
  "src/base": { floor: 0, column: "shared" },
  "src/oci": { floor: 1, column: "shared" },
  "src/wire": { floor: 1, column: "shared" },
  "src/compose": { floor: 2, column: "tool" },
  "src/client": { floor: 2, column: "tool" },
  "src/registry": { floor: 2, column: "shared" },
  "src/dockerfile": { floor: 2, column: "shared" },
  "src/history": { floor: 2, column: "shared" },
  "src/engine/kernel": { floor: 2, column: "engine" },
  "src/engine/store": { floor: 2, column: "engine" },
  "src/plan": { floor: 3, column: "tool" },
  "src/remote": { floor: 3, column: "tool" },
  "src/engine/layers": { floor: 3, column: "engine" },
  "src/engine/networks": { floor: 3, column: "engine" },
  "src/engine/volumes": { floor: 3, column: "engine" },
  "src/engine/runtime": { floor: 3, column: "engine" },
  "src/apply": { floor: 4, column: "tool" },
  "src/dev": { floor: 4, column: "tool" },
  "src/engine/images": { floor: 4, column: "engine" },
  "src/engine/supervisor": { floor: 4, column: "engine" },
  "src/cli": { floor: 5, column: "tool" },
  "src/tui": { floor: 5, column: "tool" },
  "src/engine/containers": { floor: 5, column: "engine" },
  "src/engine/builder": { floor: 6, column: "engine" },
  "src/engine/api": { floor: 7, column: "engine" },
  "src/engine/engine.ts": { floor: 8, column: "engine" },
  "src/main.ts": { floor: 9, column: "both" },
};

/** Rooms that take values and return values. `except` are their rooms with a door to the world. */
const pure = [
  { room: "src/oci", except: [] },
  { room: "src/wire", except: [] },
  { room: "src/plan", except: [] },
  { room: "src/dockerfile", except: [] },
  { room: "src/dev", except: [] },
  { room: "src/compose", except: ["src/compose/load"] },
  { room: "src/engine/runtime/spec", except: [] },
  { room: "src/tui/model", except: [] },
  { room: "src/cli/views", except: [] },
  { room: "src/cli/template", except: [] },
];
/** Modules without effects, fine in a pure room. */
const pureModules = [
  "node:path",
  "node:path/posix",
  "node:stream",
  "node:util",
  "node:crypto",
  "node:net",
  "node:buffer",
  "node:vm",
];
const worldlyNames =
  /\b(process\.(env|argv|exit|stdin|stdout|stderr|on)|Date\.now\(|new Date\(\)|Math\.random\(|fetch\()/;
const exitsAndStreams = /\bprocess\.(exit\(|argv|env\b|stdin|stdout|stderr|on\()/;

const budgets = { fileLines: 400, lineColumns: 120, folderFiles: 15, functionLines: 70 };

const files = listFiles(join(root, "src"))
  .map((path) => relative(root, path))
  .filter((path) => /\.tsx?$/.test(path) && !path.includes("/generated/"));
const sources = files.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
const production = sources.filter(({ path }) => !/\.(test|suite|fixture)\.tsx?$/.test(path));

it("every file stands in a room of the house", () => {
  expect(files.filter((path) => !roomOf(path))).toEqual([]);
});

it("imports go down the own column or to the shared ground, and rooms of one floor are strangers", () => {
  const wrong = production.flatMap(({ path, text }) =>
    importsOf(text)
      .filter(({ specifier }) => specifier.startsWith("."))
      .flatMap(({ specifier, line }) => {
        const target = relative(root, resolve(root, dirname(path), specifier)).replace(/\.js$/, ".ts");
        return mayImport(path, target) ? [] : [`${path}:${line} imports ${target}`];
      }),
  );
  expect(wrong).toEqual([]);
});

it("pure rooms take values and return values", () => {
  const wrong = production.flatMap(({ path, text }) => {
    if (!isPure(path)) return [];
    const modules = importsOf(text)
      .filter(({ specifier }) => specifier.startsWith("node:") && !pureModules.includes(specifier))
      .map(({ specifier, line }) => `${path}:${line} imports ${specifier}`);
    return [...modules, ...linesMatching(path, text, worldlyNames)];
  });
  expect(wrong).toEqual([]);
});

it("pure rooms get values from pure rooms only", () => {
  const wrong = production
    .filter(({ path }) => isPure(path))
    .flatMap(({ path, text }) =>
      importsOf(text)
        .filter(({ specifier, isType }) => specifier.startsWith(".") && !isType)
        .map(({ specifier, line }) => ({ line, target: relative(root, resolve(root, dirname(path), specifier)) }))
        .filter(({ target }) => !isPure(target) && !inside(target, "src/base"))
        .map(({ line, target }) => `${path}:${line} imports ${target}`),
    );
  expect(wrong).toEqual([]);
});

it("exits, argv, environment and the real streams live in main.ts", () => {
  const wrong = production
    .filter(({ path }) => path !== "src/main.ts" && !path.endsWith("-worker.ts"))
    .flatMap(({ path, text }) => linesMatching(path, text, exitsAndStreams));
  expect(wrong).toEqual([]);
});

it("files, folders, lines and functions stay within their budgets", () => {
  const long = sources.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n");
    const wide = lines.flatMap((line, at) => (line.length > budgets.lineColumns ? [`${path}:${at + 1} is wide`] : []));
    const tall = lines.length > budgets.fileLines ? [`${path} has ${lines.length} lines`] : [];
    return [...tall, ...wide, ...(/\.(test|suite)\.tsx?$/.test(path) ? [] : longFunctions(path, lines))];
  });
  const folders = new Map<string, number>();
  for (const { path } of production) folders.set(dirname(path), (folders.get(dirname(path)) ?? 0) + 1);
  const crowded = [...folders]
    .filter(([, count]) => count > budgets.folderFiles)
    .map(([path, n]) => `${path} has ${n} files`);
  expect([...long, ...crowded]).toEqual([]);
});

function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? listFiles(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

function inside(path: string, room: string): boolean {
  return path === room || path.startsWith(`${room}/`);
}

function isPure(path: string): boolean {
  return pure.some(({ room, except }) => inside(path, room) && !except.some((door) => inside(path, door)));
}

function roomOf(path: string): string | undefined {
  return Object.keys(rooms).find((room) => inside(path, room));
}

function mayImport(from: string, to: string): boolean {
  const own = roomOf(from);
  const other = roomOf(to);
  if (!own || !other) return false;
  if (own === other) return true;
  const here = rooms[own];
  const there = rooms[other];
  if (!here || !there || there.floor >= here.floor) return false;
  return here.column === "both" || there.column === here.column || there.column === "shared";
}

/** `isType` when nothing of it is left at run time. */
function importsOf(text: string): Array<{ specifier: string; line: number; isType: boolean }> {
  return [...text.matchAll(/(?:from\s+|import\s*\(\s*|^import\s+)"([^"]+)"/gm)].map((match) => ({
    specifier: match[1] ?? "",
    isType: /^(?:import|export) type\b[^;]*$/m.test(
      text.slice(text.lastIndexOf(";", match.index) + 1, match.index).trimStart(),
    ),
    line: text.slice(0, match.index).split("\n").length,
  }));
}

function linesMatching(path: string, text: string, pattern: RegExp): string[] {
  return text.split("\n").flatMap((line, at) => {
    const code = line.replace(/\/\/.*$|^\s*\/?\*.*$|"[^"]*"|`[^`]*`/g, "");
    return pattern.test(code) ? [`${path}:${at + 1} ${line.trim()}`] : [];
  });
}

/**
 * Functions, methods and arrow functions by indentation: from the line whose end opens the body to the line that closes
 * it at the same depth. A list of parameters over several lines counts from its last line.
 */
function longFunctions(path: string, lines: readonly string[]): string[] {
  return lines.flatMap((line, at) => {
    const opens = /^(\s*)\S.*(?:\)(?:: .*)? \{|=> \{)$|^(\s*)\}?\)(?:: .*)? \{$/.exec(line);
    if (!opens || /^\s*(?:\} )?(if|for|while|switch|else|catch)\b/.test(line)) return [];
    const indent = opens[1] ?? opens[2] ?? "";
    const end = lines.findIndex((later, index) => index > at && later.startsWith(`${indent}}`));
    return end - at + 1 > budgets.functionLines ? [`${path}:${at + 1} is a function of ${end - at + 1} lines`] : [];
  });
}
