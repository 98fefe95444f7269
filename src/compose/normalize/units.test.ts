import { describe, expect, it } from "vitest";
import { formatDuration, parseBytes, parseDuration, shellWords } from "./units.js";

describe("a duration is read in nanoseconds", () => {
  it.each<[string, number | undefined]>([
    ["0", 0],
    ["10s", 10e9],
    ["1m30s", 90e9],
    ["1.5h", 5400e9],
    ["500ms", 5e8],
    ["2us", 2000],
    ["2µs", 2000],
    ["1d", 86400e9],
    ["1w", 7 * 86400e9],
    ["30", undefined],
    ["", undefined],
    ["1x", undefined],
    ["s", undefined],
    ["1 s", undefined],
  ])("%s", (text, expected) => expect(parseDuration(text)).toBe(expected));
});

describe("a duration is printed as Go prints it", () => {
  it.each([
    [0, "0s"],
    [1.5e9, "1.5s"],
    [90e9, "1m30s"],
    [3600e9, "1h0m0s"],
    [5e6, "5ms"],
    [1500, "1.5µs"],
  ])("%d → %s", (value, expected) => expect(formatDuration(value)).toBe(expected));
});

describe("a size is read in bytes, units counting in 1024s", () => {
  it.each<[string, number | undefined]>([
    ["1024", 1024],
    ["1k", 1024],
    ["1KB", 1024],
    ["64m", 64 * 1024 ** 2],
    ["1.5g", 1.5 * 1024 ** 3],
    ["2 GiB", 2 * 1024 ** 3],
    ["10b", 10],
    ["-1", -1],
    ["1x", undefined],
    ["m", undefined],
    ["", undefined],
  ])("%s", (text, expected) => expect(parseBytes(text)).toBe(expected));
});

describe("a command line is split by the shell's quoting rules", () => {
  it.each<[string, string[] | undefined]>([
    ["", []],
    ["  a  b ", ["a", "b"]],
    [`sh -c "echo 'hi there'"`, ["sh", "-c", "echo 'hi there'"]],
    [`a 'b "c" \\d'`, ["a", 'b "c" \\d']],
    [`a\\ b "c\\"d\\e"`, ["a b", 'c"de']],
    [`a\\nb "c\\td"`, ["a\nb", "c\td"]],
    [`'' ""`, ["", ""]],
    ["a=$HOME;b", ["a=$HOME;b"]],
    ["'open", undefined],
    ["trailing\\", undefined],
  ])("%s", (text, expected) => expect(shellWords(text)).toEqual(expected));
});
