import { describe, expect, it } from "vitest";
import { parseEnvFile, parseRawEnvFile } from "./env-file.js";

const outer: Record<string, string> = { HOME: "/home/me", SET: "outer" };
const read = (text: string) => Object.fromEntries(parseEnvFile(text, (name) => outer[name]).values);
const problems = (text: string) =>
  parseEnvFile(text, (name) => outer[name]).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

describe("an env file gives its variables", () => {
  it.each<[string, string, Record<string, string>]>([
    ["nothing", "", {}],
    ["comments and blank lines", "# a\n\n  # b\nA=1\n", { A: "1" }],
    ["export", "export A=1\nexport\tB=2", { A: "1", B: "2" }],
    ["a variable called export", "export=1", { export: "1" }],
    ["colons", "A: 1\nB:2", { A: "1", B: "2" }],
    ["spaces around", "  A = 1 \n", { A: "1" }],
    ["an empty value", "A=\nB=''", { A: "", B: "" }],
    [
      "a trailing comment, which a value and a space precede",
      "A=1 # no\nB=1#yes\nC= # yes\nD=1\t#yes",
      { A: "1", B: "1#yes", C: "# yes", D: "1\t#yes" },
    ],
    ["letters of any alphabet", "Ü=1", { Ü: "1" }],
    ["single quotes, literally", "A='$SET \\n # it\\'s'", { A: "$SET \\n # it's" }],
    ["double quotes with escapes", 'A="a\\tb\\n\\"c\\" \\$SET \\\\ \\041"', { A: 'a\tb\n"c" $SET \\ !' }],
    ["double quotes with variables", 'A="<${SET}>"', { A: "<outer>" }],
    ["several lines in quotes", "A=\"one\ntwo\"\nB='x\ny'\nC=3", { A: "one\ntwo", B: "x\ny", C: "3" }],
    ["variables read before", "A=1\nB=${A}2\nC=${MISSING:-d}", { A: "1", B: "12", C: "d" }],
    ["the outer environment first", "SET=inner\nB=$SET", { SET: "inner", B: "outer" }],
    ["a bare known key", "HOME\nUNKNOWN", { HOME: "/home/me" }],
    ["the last of one key", "A=1\nA=2", { A: "2" }],
    ["keys with dots and dashes", "a.b-c[0]=1", { "a.b-c[0]": "1" }],
    ["a byte order mark and CRLF", "\uFEFFA=1\r\nB=2\r\n", { A: "1", B: "2" }],
    ["equals in the value", "URL=postgres://u:p@h/db?a=b", { URL: "postgres://u:p@h/db?a=b" }],
  ])("%s", (_, text, expected) => expect(read(text)).toEqual(expected));
});

describe("what cannot be read is named with its line, and the rest is read", () => {
  it.each([
    ["an open quote", 'A=1\nB="open\nC=3', ["2:3 The quote that opens the value of B is not closed"]],
    ["a bad name", "A=1\n=2", ['2:1 Unexpected "=" in a variable name']],
    ["a quote after a quote", "A='it''s'", ['1:7 Unexpected "\'" in a variable name']],
    ["words without =", "A B", ['1:3 Unexpected "B" after variable name A']],
    ["a missing variable", "A=${X:?need X}", ["1:3 Required variable X is missing a value: need X"]],
  ])("%s", (_, text, expected) => expect(problems(text)).toEqual(expected));
});

it("takes a raw file as it stands", () => {
  const text = "A='1' # x\nB=$SET\nHOME\n# no\n";
  expect(Object.fromEntries(parseRawEnvFile(text, (name) => outer[name]).values)).toEqual({
    A: "'1' # x",
    B: "$SET",
    HOME: "/home/me",
  });
});
