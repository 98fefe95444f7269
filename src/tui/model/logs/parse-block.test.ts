import { describe, expect, it } from "vitest";
import { findInBlock, parseBlock } from "./parse-block.js";

const place = { file: "7", offset: 1000 };
const stamp = "2026-11-28T18:02:03.123456789+00:00";
const entry = (text: string, { stream = "stdout", tag = "F" } = {}) => `${stamp} ${stream} ${tag} ${text}\n`;
const parse = (text: string, test?: (text: string) => boolean) =>
  parseBlock(Buffer.from(text), { place, source: 2, test });

describe("a stretch of a log", () => {
  it("becomes lines with their time, stream and place", () => {
    const text = entry("one") + entry("zwei 漢", { stream: "stderr" });
    const { lines, firstAt } = parse(text);
    expect(lines.map((line) => [line.text, line.isError, line.place.offset])).toEqual([
      ["one", false, 1000],
      ["zwei 漢", true, 1000 + entry("one").length],
    ]);
    expect(firstAt).toBe("2026-11-28T18:02:03.123456789Z");
  });

  it("joins the parts of a line, per stream", () => {
    const text = entry("a", { tag: "P" }) + entry("x", { stream: "stderr" }) + entry("b");
    expect(parse(text).lines.map((line) => line.text)).toEqual(["x", "ab"]);
  });

  it("leaves out what a filter does not take, and still tells which times it covers", () => {
    const { lines, firstAt, lastAt } = parse(entry("one") + entry("two"), (text) => text === "none");
    expect([lines.length, firstAt, lastAt]).toEqual([
      0,
      "2026-11-28T18:02:03.123456789Z",
      "2026-11-28T18:02:03.123456789Z",
    ]);
  });

  it("turns times with an offset into UTC, so that they compare as texts", () => {
    const text = "2026-11-28T20:02:03.5+02:00 stdout F x\n";
    expect(parse(text).lines[0]?.at).toBe("2026-11-28T18:02:03.500000000Z");
  });

  it("leaves out lines that a crash cut off", () => {
    expect(parse(`2026-11-28T18:0\n${entry("whole")}`).lines.map(({ text }) => text)).toEqual(["whole"]);
  });
});

describe("a search in a stretch", () => {
  const text = Buffer.from(entry("漢 first") + entry("nothing") + entry("last 漢"));
  const find = (first: boolean, test = (line: string) => line.includes("漢")) =>
    findInBlock(text, { place, source: 0, test, first });

  it("finds the last match, or the first, at its place in bytes", () => {
    expect(find(false)).toMatchObject({ text: "last 漢", place: { file: "7" } });
    expect(find(false)?.place.offset).toBe(1000 + text.lastIndexOf(Buffer.from("2026")));
    expect(find(true)).toMatchObject({ text: "漢 first", place });
  });

  it("looks at the line's text alone, not at its time or stream", () => {
    expect(find(false, (line) => line.includes("2026") || line.includes("stdout"))).toBeUndefined();
  });
});
