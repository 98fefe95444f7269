import { expect, it } from "vitest";
import { compilePattern, matchesIn } from "./pattern.js";

const finds = (pattern: string, text: string) => {
  const compiled = compilePattern(pattern);
  return compiled.ok && compiled.test(text);
};

it("minds the case of letters only where one of them is a capital", () => {
  expect([finds("error", "An ERROR"), finds("Error", "An ERROR"), finds("Error", "An Error")]).toEqual([
    true,
    false,
    true,
  ]);
});

it("finds by patterns that repeat more than once as by others", () => {
  expect(finds("get .* took \\d+ms", "GET /x took 12ms")).toBe(true);
  expect(matchesIn("\\d+-\\d+", "a 1-2 b 33-44")).toEqual([
    [2, 5],
    [8, 13],
  ]);
});

it("says what is wrong with what is no pattern", () => {
  expect(compilePattern("a(")).toMatchObject({ ok: false, problem: expect.stringContaining("a(") });
  expect(matchesIn("a(", "a(")).toEqual([]);
  expect(compilePattern("a?".repeat(17))).toMatchObject({
    ok: false,
    problem: expect.stringContaining("More than 16"),
  });
});

it.each([
  ["^(a+)+$", `${"a".repeat(60)}!`],
  ["^(a?){40}b", "a".repeat(60)],
  ["^(\\w{0,20}){12}$", `${"a".repeat(200)}!`],
  [".*b", "a".repeat(1_000_000)],
])("gives up a search for %s that would not end, instead of holding up the screen", (pattern, line) => {
  const began = performance.now();
  const compiled = compilePattern(pattern);
  for (let at = 0; at < 1000; at += 1) expect(compiled.ok && compiled.test(line)).toBe(false);
  expect(matchesIn(pattern, line)).toEqual([]);
  expect(performance.now() - began).toBeLessThan(5_000);
});
