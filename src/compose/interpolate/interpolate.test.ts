import { describe, expect, it } from "vitest";
import { interpolate } from "./interpolate.js";

const variables: Record<string, string> = { SET: "value", EMPTY: "", OTHER: "o" };
const read = (text: string) => interpolate(text, (name) => variables[name]);
const value = (text: string) => {
  const result = read(text);
  return result.kind === "ok" ? result.value : `${result.kind}`;
};

describe("a variable is replaced in all the forms of the specification", () => {
  it.each([
    ["plain text", "plain text"],
    ["$SET", "value"],
    ["${SET}", "value"],
    ["a${SET}b$SET-c", "avalueb" + "value-c"],
    ["$UNSET|${UNSET}", "|"],
    ["${UNSET:-word}", "word"],
    ["${EMPTY:-word}", "word"],
    ["${SET:-word}", "value"],
    ["${UNSET-word}", "word"],
    ["${EMPTY-word}", ""],
    ["${SET:+word}", "word"],
    ["${EMPTY:+word}", ""],
    ["${EMPTY+word}", "word"],
    ["${UNSET+word}", ""],
    ["${SET:?message}", "value"],
    ["${EMPTY?message}", ""],
    ["$$SET", "$SET"],
    ["$${SET}", "${SET}"],
    ["$1 $( $", "$1 $( $"],
    ["${UNSET:-}", ""],
    ["${UNSET:-a:b-c}", "a:b-c"],
    ["${A:-${B:-$OTHER}}x", "ox"],
    ["${A:-${B:-{}}}", "{}"],
    ["${A:-$${x}}", "${x}"],
    ["${SET:+${UNSET:-deep}}", "deep"],
  ])("%s → %s", (text, expected) => expect(value(text)).toBe(expected));
});

describe("what cannot be read is malformed, with the fragment", () => {
  it.each(["${", "${}", "${SET", "${1}", "${SET/a/b}", "${#SET}", "${SET%x}", "${ SET }"])("%s", (text) => {
    expect(read(`before ${text}`)).toMatchObject({ kind: "malformed", fragment: text });
  });
});

describe("a required variable that is missing gives its message", () => {
  it.each([
    ["${UNSET:?say $SET}", "UNSET", "say value"],
    ["${EMPTY:?}", "EMPTY", ""],
    ["${UNSET?no}", "UNSET", "no"],
    ["${UNSET:-${OTHER2:?inner}}", "OTHER2", "inner"],
  ])("%s", (text, variable, message) => expect(read(text)).toEqual({ kind: "missing", variable, message }));
});

it("names the variables that were not set and have no default", () => {
  expect(read("$A ${B} ${C:-x} $SET")).toMatchObject({ unset: ["A", "B"] });
});

it("ends on hostile nesting", () => {
  expect(read(`${"${A:-".repeat(10_000)}x${"}".repeat(10_000)}`).kind).toBe("malformed");
});
