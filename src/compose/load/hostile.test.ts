/** Files that mean harm, through the whole loader: each ends soon, in diagnostics with a place. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProject } from "./load-project.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-hostile-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const many = (times: number, line: (at: number) => string) =>
  Array.from({ length: times }, (_, at) => line(at)).join("");
const web = (body: string) => `services:\n  web:\n    image: a\n${body}`;
/** Of this process's own work, which a loaded machine does not make more; what these guard against takes minutes. */
const boundMs = 10_000;

/** What the file loads to: its codes, each once, or the number of services. */
async function outcome(content: string | Buffer): Promise<string> {
  const file = join(folder, "compose.yaml");
  writeFileSync(file, content);
  const begin = process.cpuUsage();
  const before = process.memoryUsage().rss;
  const { project, diagnostics } = await loadProject({
    cwd: folder,
    files: [file],
    envFiles: [],
    profiles: [],
    env: {},
  });
  const { user, system } = process.cpuUsage(begin);
  expect((user + system) / 1000).toBeLessThan(boundMs);
  expect(process.memoryUsage().rss - before).toBeLessThan(1_000 * 1024 * 1024);
  expect(diagnostics.filter(({ source }) => !source || source.line < 1 || source.column < 1)).toEqual([]);
  return project ? `${project.services.size} services` : [...new Set(diagnostics.map(({ code }) => code))].join(" ");
}

describe("ends soon and in memory", () => {
  const anchors = (make: (at: number) => string) =>
    `${many(30, (at) => `x-${at}: &a${at} ${make(at)}\n`)}services: {}\n`;
  it.each<[string, string | Buffer, string]>([
    [
      "a billion laughs in lists",
      anchors((at) => (at === 0 ? "[l, l]" : `[*a${at - 1}, *a${at - 1}]`)),
      "too-many-nodes",
    ],
    ["the same in maps", anchors((at) => (at === 0 ? "{a: l}" : `{a: *a${at - 1}, b: *a${at - 1}}`)), "too-many-nodes"],
    [
      "the same by merge keys",
      anchors((at) => (at === 0 ? "{a: l}" : `{<<: [*a${at - 1}, *a${at - 1}], k${at}: 1}`)),
      "too-many-nodes",
    ],
    ["a scalar of 100 MB", Buffer.alloc(100 * 1024 * 1024, "x"), "file-too-large"],
    ["a scalar just below the bound", web(`    user: "${"x".repeat(15 * 1024 * 1024)}"\n`), "1 services"],
    ["deep brackets with keys", `x-a: ${"[{a: ".repeat(40_000)}`, "nesting-too-deep"],
    ["deep indentation", many(1200, (at) => `${" ".repeat(at)}a:\n`), "nesting-too-deep"],
    ["deep tags", `x-a: ${"!a ".repeat(20_000)}`, "yaml-syntax"],
    ["a flood of commas", `x: [${",".repeat(200_000)}]`, "yaml-syntax"],
    ["a flood of brackets", "]".repeat(500_000), "yaml-syntax"],
    ["a flood of lines", "\n".repeat(900_000), "too-many-nodes"],
    ["a flood of documents", "---\n".repeat(100_000), "too-many-nodes"],
    ["a flood of items", `x-a: [${"a,".repeat(400_000)}]`, "too-many-nodes"],
    ["a key ten thousand times", "services: {}\n".repeat(10_000), "duplicate-key"],
    ["unknown keys", web(many(10_000, (at) => `    unknown${at}: v\n`)), "unknown-key"],
    [
      "undefined networks",
      `services:\n${many(2000, (at) => `  s${at}: {image: a, networks: [n${at}]}\n`)}`,
      "undefined-network",
    ],
    [
      "a cycle of thousands",
      `services:\n${many(2000, (at) => `  s${at}: {image: a, depends_on: [s${(at + 1) % 2000}]}\n`)}`,
      "dependency-cycle",
    ],
    [
      "a chain of extends that grows",
      `services:\n  s0: {image: a}\n${many(600, (at) => `  s${at + 1}: {extends: s${at}, labels: {A${at}: b}}\n`)}`,
      "601 services",
    ],
    [
      "one port on thousands of addresses",
      `services:\n${many(3000, (at) => `  s${at}: {image: a, ports: ["127.${at >> 8}.${at & 255}.1:80:80"]}\n`)}`,
      "3000 services",
    ],
    [
      "every port many times",
      web(`    ports:\n${many(2000, (at) => `      - "127.0.${at >> 8}.${at & 255}:1-65535:1-65535"\n`)}`),
      "bad-port",
    ],
    ["thousands of resets", web(`    labels:\n${many(3000, (at) => `      l${at}: !reset null\n`)}`), "1 services"],
    [
      "nested variables around a flood of them",
      web(`    user: "${"${A:-".repeat(40)}${"$B".repeat(100_000)}${"}".repeat(40)}"\n`),
      "1 services",
    ],
    ["variables nested too deep", web(`    user: "${"${A:-".repeat(100_000)}"\n`), "bad-interpolation"],
  ])("%s", { timeout: 120_000 }, async (_, content, expected) => expect(await outcome(content)).toBe(expected));
});

describe("encodings", () => {
  it.each<[string, string | Buffer, string]>([
    ["UTF-8 with a byte order mark is read", `\ufeff${web("")}`, "1 services"],
    ["UTF-16 with a byte order mark is read", Buffer.from(`\ufeff${web("")}`, "utf16le"), "1 services"],
    ["UTF-16 without one is told", Buffer.from(web(""), "utf16le"), "bad-encoding"],
    ["Latin-1 is told", Buffer.from(web('    user: "caf\xe9"\n'), "latin1"), "bad-encoding"],
    ["NUL is told", web('    user: "a\u0000b"\n'), "bad-encoding"],
    ["other control characters are told", web('    user: "a\u001b[2Jb"\n'), "bad-encoding"],
    [
      "a binary file is told",
      Buffer.from(Array.from({ length: 10_000 }, (_, at) => (at * 7919) & 255)),
      "bad-encoding",
    ],
    ["tabs as indentation are told", "services:\n\tweb:\n\t\timage: a\n", "yaml-syntax"],
  ])("%s", async (_, content, expected) => expect(await outcome(content)).toBe(expected));

  it("points to the first byte that is not UTF-8", async () => {
    const file = join(folder, "latin.yaml");
    writeFileSync(file, Buffer.from(web('    user: "caf\xe9"\n'), "latin1"));
    const { diagnostics } = await loadProject({ cwd: folder, files: [file], envFiles: [], profiles: [], env: {} });
    expect(diagnostics.map(({ source }) => source)).toEqual([{ file, line: 4, column: 15 }]);
  });
});

it("keys of JavaScript's own objects are keys like others", async () => {
  const names = ["__proto__", "constructor", "toString"];
  expect(await outcome(`services:\n${names.map((name) => `  ${name}: {image: a}\n`).join("")}`)).toBe("3 services");
  expect(await outcome(web("    labels: {__proto__: a, constructor: b}\n    __proto__: {}\n"))).toBe("unknown-key");
});

it("a path that no file can have is a file that does not exist", async () => {
  const long = "x".repeat(5000);
  const file = web(`    secrets: [s]\n    env_file: ${long}\nsecrets: {s: {file: ./${long}}}\ninclude: [./${long}]\n`);
  expect(await outcome(file)).toBe("env-file-not-found secret-file-not-found file-not-found");
});

describe("standard input is checked as a file is", () => {
  it.each<[string, Buffer, string]>([
    ["bytes that are no UTF-8", Buffer.from(`${web("    user: a")}\xff\n`, "latin1"), "4:12 bad-encoding"],
    ["a text in UTF-16", Buffer.from(`\ufeff${web("")}`, "utf16le"), "loaded"],
    ["too much of it", Buffer.alloc(17 * 1024 * 1024, "x"), "1:1 file-too-large"],
  ])("%s", async (_, bytes, expected) => expect(await fromStdin(bytes)).toBe(expected));
});

describe("texts that no container can have are told at their place", () => {
  it.each([
    ['    user: "a\\ud800b"\n', "4:11 yaml-syntax"],
    ['    labels: { "\\udfff": a }\n', "4:15 yaml-syntax"],
    ['    user: "\\U0000d800"\n', "4:11 yaml-syntax"],
    ['    user: "\\ud83d\\ude00"\n', "loaded"],
    ['    environment: { "": x }\n', "4:24 bad-value"],
    ['    environment: ["=x"]\n', "4:19 bad-value"],
    ['    environment: ["A=b", ""]\n', "4:26 bad-value"],
  ])("%s", async (body, expected) => expect(await fromStdin(Buffer.from(web(body)))).toBe(expected));
});

/** The first problem as `line:column code`. */
async function fromStdin(bytes: Buffer): Promise<string> {
  const request = { cwd: folder, files: ["-"], envFiles: [], profiles: [], env: {}, readStdin: async () => bytes };
  const { project, diagnostics } = await loadProject(request);
  const [first] = diagnostics;
  return project ? "loaded" : `${first?.source?.line}:${first?.source?.column} ${first?.code}`;
}
