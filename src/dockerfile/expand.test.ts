import { expect, it } from "vitest";
import { expandWord, expandWords } from "./expand.js";

const variables = new Map([
  ...([
    ["a", "one"],
    ["empty", ""],
    ["path", "src/lib/x.tar.gz"],
    ["two", "b c"],
  ] as const),
]);
const expand = (word: string) => expandWord(word, { escapeToken: "\\", variables });

it.each([
  ["$a", "one"],
  ["${a}x", "onex"],
  ["$ab", ""],
  ["\\$a", "$a"],
  ["'$a'", "$a"],
  ['"$a b"', "one b"],
  ['"\\$a"', "$a"],
  ['"a\\b"', "a\\b"],
  ["a\\ b", "a b"],
  ["$", "$"],
  ["$/x", "$/x"],
  ["${none:-d}", "d"],
  ["${empty:-d}", "d"],
  ["${empty-d}", ""],
  ["${none-d}", "d"],
  ["${a:-d}", "one"],
  ["${a:+x}", "x"],
  ["${empty:+x}", ""],
  ["${empty+x}", "x"],
  ["${none:+x}", ""],
  ["${none:-${a}}", "one"],
  ["${none:-$a-$two}", "one-b c"],
  ["${a:?must}", "one"],
  ["${path#*/}", "lib/x.tar.gz"],
  ["${path##*/}", "x.tar.gz"],
  ["${path%.*}", "src/lib/x.tar"],
  ["${path%%.*}", "src/lib/x"],
  ["${path/l?b/usr}", "src/usr/x.tar.gz"],
  ["${path//r/R}", "sRc/lib/x.taR.gz"],
  ["${path//\\//-}", "src-lib-x.tar.gz"],
  ["${path/src}", "/lib/x.tar.gz"],
])("%s is %s", (word, value) => {
  expect(expand(word)).toBe(value);
});

it("refuses what is no substitution", () => {
  expect(() => expand("${a")).toThrow("missing '}'");
  expect(() => expand("${}")).toThrow("bad substitution");
  expect(() => expand("${a:x}")).toThrow("unsupported modifier (:x) in substitution");
  expect(() => expand("${none:?set it}")).toThrow("none: set it");
  expect(() => expand('"open')).toThrow("double-quote");
});

it("splits at the white space of text and values that no quote protects", () => {
  const words = (text: string) => expandWords(text, { escapeToken: "\\", variables });
  expect(words("x $two 'y z'")).toEqual(["x", "b", "c", "y z"]);
  expect(words("")).toEqual([]);
});

it("leaves quotes and escapes of a here-document alone", () => {
  expect(expandWord("\"$a\" '\\n' \\$a\n", { escapeToken: "\\", variables, keepQuotes: true })).toBe(
    "\"one\" '\\n' $a\n",
  );
});
