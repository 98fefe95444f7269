import { describe, expect, it } from "vitest";
import { lines } from "../compose.fixture.js";
import { Report } from "../report.js";
import { collectSources, toPlain } from "../tree.js";
import { maxFileBytes, parseYaml } from "./parse-yaml.js";

function read(text: string) {
  const report = new Report();
  const trees = parseYaml(text, "f.yaml", report);
  return { trees, values: trees.map(toPlain), problems: lines(report.sorted()) };
}

describe("values", () => {
  it.each<[string, unknown]>([
    ["a: 1", { a: 1 }],
    ["a: 0440", { a: 0o440 }],
    ["a: 0o17", { a: 15 }],
    ["a: yes", { a: "yes" }],
    ["a: ~", { a: null }],
    ["a:", { a: null }],
    ["'1': x\n'true': y", { "1": "x", true: "y" }],
    ["a: 2020-01-01", { a: "2020-01-01" }],
    ["a: &x { b: 1 }\nc: *x", { a: { b: 1 }, c: { b: 1 } }],
    ["x: &x { b: 1, c: 1 }\na: { <<: *x, c: 2 }", { x: { b: 1, c: 1 }, a: { b: 1, c: 2 } }],
    [
      "x: &x { b: 1 }\ny: &y { b: 2, c: 3 }\na: { <<: [*x, *y] }",
      { x: { b: 1 }, y: { b: 2, c: 3 }, a: { b: 1, c: 3 } },
    ],
    ["a: &n 1\nb: &n 2\nc: *n", { a: 1, b: 2, c: 2 }],
    ['a: "<<"\n"<<": b', { a: "<<", "<<": "b" }],
  ])("%s", (text, expected) => expect(read(text)).toMatchObject({ values: [expected], problems: [] }));
});

it("remembers where each value begins: scalars at themselves, blocks at their key", () => {
  const [tree] = read("services:\n  web:\n    ports:\n      - 80\n    user: me\n").trees;
  const places = tree ? [...collectSources(tree)].map(([path, [at]]) => `${path} ${at?.line}:${at?.column}`) : [];
  expect(places).toEqual([
    " 1:1",
    "services 1:1",
    "services.web 2:3",
    "services.web.ports 3:5",
    "services.web.ports[0] 4:9",
    "services.web.user 5:11",
  ]);
});

describe("what is not YAML is a diagnostic at its place", () => {
  it.each<[string, string, string[]]>([
    ["a tab", "a:\n\tb: 1", ["2:1 yaml-syntax Tabs cannot indent YAML"]],
    ["an open quote", 'a: "x\nb: 1\n', ["1:4 yaml-syntax A quote is not closed"]],
    ["an open bracket", "a: [1, 2\nb: 1\n", ["1:4 yaml-syntax A bracket is not closed"]],
    ["a forgotten colon", "a: 1\nb\nc: 2\n", ['2:1 yaml-syntax A key ends in ":"']],
    ["a key indented too far", "a: 1\n  b: 2\n", ['1:4 yaml-syntax Another "key:" begins inside this value']],
    ["a control character", 'a: "x\u0000"', ["1:6 bad-encoding The control character U+0000"]],
    ["thousands of closing brackets", "]".repeat(5000), ["1:1 yaml-syntax Unexpected flow-seq-end"]],
    [
      "a duplicate key",
      "a: 1\nb: 2\na: 3",
      ['3:1 duplicate-key "a" stands twice in the same mapping, first in line 1'],
    ],
    ["an unknown alias", "a: *b", ["1:4 yaml-syntax"]],
    ["an alias in itself", "a: &a [*a]", ["1:8 yaml-syntax Alias *a contains itself"]],
    ["a key that is a list", "[a]: 1", ["1:1 wrong-type A key must be a string"]],
    ["keys that are a number and a word", "1: x\ntrue: y", ["1:1 wrong-type", "2:1 wrong-type"]],
  ])("%s", (_, text, expected) => {
    const { problems } = read(text);
    expect(problems).toHaveLength(expected.length);
    expect(problems.map((problem, at) => problem.slice(0, expected[at]?.length))).toEqual(expected);
  });
});

describe("hostile input ends soon, in one diagnostic", () => {
  const bomb = ["a0: &a0 [x, x]", ...Array.from({ length: 40 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`)];
  it.each<[string, string, string]>([
    ["an alias bomb", bomb.join("\n"), "too-many-nodes"],
    ["a huge file", `a: ${"x".repeat(maxFileBytes)}`, "file-too-large"],
    ["deep brackets", `a: ${"[".repeat(100_000)}`, "nesting-too-deep"],
    ["deep braces with keys", `a: ${"{a: ".repeat(50_000)}`, "nesting-too-deep"],
    ["deep sequences in one line", `a:\n${"- ".repeat(50_000)}x`, "nesting-too-deep"],
    ["deep indentation", Array.from({ length: 400 }, (_, n) => `${" ".repeat(n)}a:`).join("\n"), "nesting-too-deep"],
    ["many documents", "--- 1\n".repeat(20_000), "too-many-nodes"],
    ["many aliases", `a: &a {b: 1}\nc: [${"*a, ".repeat(60_000)}]`, "too-many-nodes"],
    ["many keys", Array.from({ length: 101_000 }, (_, n) => `k${n}: 1`).join("\n"), "too-many-nodes"],
  ])("%s", { timeout: 20_000 }, (_, text, code) => {
    const start = performance.now();
    expect(read(text).problems.map((line) => line.split(" ")[1])).toEqual([code]);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
