import { expect, it } from "vitest";
import { OutputTail } from "./output-tail.js";

function linesOf(...chunks: string[]): { heard: string[]; kept: readonly string[] } {
  const heard: string[] = [];
  const tail = new OutputTail((line) => heard.push(line));
  for (const chunk of chunks) tail.push(Buffer.from(chunk, "latin1"));
  tail.end();
  return { heard, kept: tail.lines };
}

it("hands lines on whole, wherever chunks end, the last one without an end too", () => {
  expect(linesOf("a\nb", "c\r\n", "d").heard).toEqual(["a", "bc", "d"]);
  expect(linesOf("\xc3", "\xa9\n").heard).toEqual(["é"]);
});

it("keeps the last ten, and no more than two thousand characters", () => {
  expect(linesOf(Array.from({ length: 30 }, (_, at) => `${at}\n`).join("")).kept).toHaveLength(10);
  const { kept } = linesOf(`${"x".repeat(1500)}\n${"y".repeat(1500)}\n`);
  expect(kept.map((line) => line[0])).toEqual(["y"]);
  expect(linesOf("z".repeat(100_000)).kept[0]).toHaveLength(2048);
});

it("takes of a line that is rewritten the last of it", () => {
  expect(linesOf("10%\r50%\r100%\n").kept).toEqual(["100%"]);
});
