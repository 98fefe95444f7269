import { describe, expect, it } from "vitest";
import { joinBlocks, type LogBlock, type LogLine, mergeBlocks, sourceToRead, trimBlocks } from "./log-window.js";

/** A block of lines at the given seconds; each line takes ten bytes. */
function aBlock(source: number, seconds: readonly number[], edges: Partial<LogBlock> = {}): LogBlock {
  const lines = seconds.map(
    (second): LogLine => ({
      at: at(second),
      isError: false,
      text: `${source}:${second}`,
      place: { file: "f", offset: second * 10 },
      source,
    }),
  );
  return {
    lines,
    begin: { file: "f", offset: (seconds[0] ?? 0) * 10 },
    end: { file: "f", offset: ((seconds.at(-1) ?? 0) + 1) * 10 },
    firstAt: lines[0]?.at,
    lastAt: lines.at(-1)?.at,
    isStart: true,
    isEnd: true,
    ...edges,
  };
}

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000000000Z`;
const texts = (lines: readonly LogLine[]) => lines.map(({ text }) => text).join(" ");

describe("lines of several containers", () => {
  it("are merged by time, lines of one moment in the order of the containers", () => {
    expect(texts(mergeBlocks([aBlock(0, [1, 3, 5]), aBlock(1, [2, 3, 6])]))).toBe("0:1 1:2 0:3 1:3 0:5 1:6");
  });

  it("are shown only from where every container's log is known", () => {
    // Of the second nothing before 4 has been read: 2 may be there, before 3 of the first.
    const blocks = [aBlock(0, [1, 3, 5]), aBlock(1, [4, 6], { isStart: false })];
    expect(texts(mergeBlocks(blocks))).toBe("1:4 0:5 1:6");
    expect(sourceToRead(blocks, "before")).toBe(1);
  });

  it("are shown only up to where every container's log is known", () => {
    const blocks = [aBlock(0, [1, 3], { isEnd: false }), aBlock(1, [2, 6])];
    expect(texts(mergeBlocks(blocks))).toBe("0:1 1:2 0:3");
    expect(sourceToRead(blocks, "after")).toBe(0);
  });

  it("of one container keep the order of its file, whatever its clock did", () => {
    expect(texts(mergeBlocks([aBlock(0, [5, 2, 4])]))).toBe("0:5 0:2 0:4");
  });

  it("come first from the log that hides most of the others, and from none once all are read", () => {
    const blocks = [aBlock(0, [3, 9], { isStart: false }), aBlock(1, [5, 9], { isStart: false })];
    expect(sourceToRead(blocks, "before")).toBe(1);
    expect(sourceToRead([aBlock(0, [1]), aBlock(1, [1])], "before")).toBeUndefined();
  });
});

describe("what is held", () => {
  const limits = { lines: 10, characters: 10_000 };
  const seconds = Array.from({ length: 40 }, (_none, second) => second);

  it("grows by what is read at either end", () => {
    const later = aBlock(0, [5, 6], { isStart: false, isEnd: false });
    const whole = joinBlocks(aBlock(0, [3, 4], { isEnd: false }), later);
    expect(texts(whole.lines)).toBe("0:3 0:4 0:5 0:6");
    expect(whole).toMatchObject({ firstAt: at(3), lastAt: at(6), isStart: true, isEnd: false });
  });

  it("is cut at the far end when one goes back, so that reading on begins where it was cut", () => {
    const block = aBlock(0, seconds);
    const [cut] = trimBlocks([block], { anchor: block.lines[3], direction: "before", limits });
    expect(cut?.lines.length).toBeLessThanOrEqual(limits.lines);
    expect(cut?.lines[0]?.text).toBe("0:0");
    expect(cut?.isEnd).toBe(false);
    expect(cut?.end.offset).toBe((cut?.lines.length ?? 0) * 10);
  });

  it("is cut at the beginning when one follows, and never the line that is looked at", () => {
    const block = aBlock(0, seconds);
    const [cut] = trimBlocks([block], { anchor: undefined, direction: "after", limits });
    expect(cut?.lines.at(-1)?.text).toBe("0:39");
    expect(cut?.lines.length).toBeLessThanOrEqual(limits.lines);
    expect(cut).toMatchObject({ isStart: false, begin: cut?.lines[0]?.place });
    const [kept] = trimBlocks([block], { anchor: block.lines[2], direction: "after", limits });
    expect(kept?.lines[0]?.text).toBe("0:2");
  });

  it("is cut in every container's log at the same moment", () => {
    const blocks = [aBlock(0, seconds), aBlock(1, [1, 38])];
    const cut = trimBlocks(blocks, { anchor: undefined, direction: "after", limits });
    expect(texts(mergeBlocks(cut)).startsWith("0:")).toBe(true);
    expect(cut[1]?.lines.map(({ text }) => text)).toEqual(["1:38"]);
    expect(mergeBlocks(cut).length).toBeLessThanOrEqual(limits.lines);
  });

  it("counts characters too, because a line may be long", () => {
    const long = aBlock(0, seconds);
    const lines = long.lines.map((line) => ({ ...line, text: "x".repeat(1000) }));
    const [cut] = trimBlocks([{ ...long, lines }], { anchor: undefined, direction: "after", limits });
    expect((cut?.lines.length ?? 0) * 1000).toBeLessThanOrEqual(limits.characters);
  });
});
