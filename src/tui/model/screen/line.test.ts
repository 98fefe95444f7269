import { describe, expect, it } from "vitest";
import { widthOf } from "./columns.js";
import { cutLine, cutText, fillLine, fitText, headOfLine, lineWidth, seg, wrapText } from "./line.js";
import { spark } from "./spark.js";

describe("lines", () => {
  it("count columns, not characters", () => {
    expect([widthOf("abc"), widthOf("漢字"), widthOf("😀"), widthOf("e\u0301")]).toEqual([3, 4, 2, 1]);
  });

  it("are cut with an ellipsis, and never in the middle of a wide character", () => {
    expect(cutText("abcdef", 4)).toBe("abc…");
    expect(cutText("漢字漢字", 6)).toBe("漢字…");
    expect(widthOf(cutText("漢字漢字", 6))).toBeLessThanOrEqual(6);
    expect([cutText("abc", 0), cutText("漢字", 1), cutText("漢字", 2)]).toEqual(["", "…", "…"]);
  });

  it("are padded to a width on either side", () => {
    expect([fitText("漢", 4), fitText("ab", 4, "right")]).toEqual(["漢  ", "  ab"]);
  });

  it("have no control characters: names and logs of strangers do not move the cursor", () => {
    expect(cutText("a\u001b[2Jb\tc\nd", 20)).toBe("a[2Jb    c d");
  });

  it("are as wide as asked, segment by segment", () => {
    const line = [seg("abc"), seg("漢字漢", "good")];
    expect(lineWidth(fillLine(line, 12))).toBe(12);
    expect(lineWidth(cutLine(line, 6))).toBeLessThanOrEqual(6);
    expect(cutLine([...line, seg("d")], 7).map(({ text }) => text)).toEqual(["abc", "漢…"]);
    expect([1, 4, 5, 6, 20].map((columns) => lineWidth(headOfLine(line, columns)))).toEqual([1, 4, 5, 6, 20]);
  });

  it("wrap at the edge, without losing a character", () => {
    expect(wrapText("abcdefgh", 3)).toEqual(["abc", "def", "gh"]);
    expect(wrapText("漢字漢", 3).join("")).toBe("漢字漢");
    expect(wrapText("", 3)).toEqual([""]);
  });
});

describe("curves", () => {
  it("show the newest values at the right, against the greatest or what is given", () => {
    expect(spark([0, 50, 100], 5, 100)).toBe("  ▁▅█");
    expect(spark([1, 1], 2, 100)).toBe("▁▁");
    expect(spark([1, 2, 3, 4], 2, 1)).toBe("▇█");
  });

  it("are blank before the first value, and flat where nothing is used", () => {
    expect([spark([], 3, 10), spark([0, 0], 2, 0)]).toEqual(["   ", "▁▁"]);
  });
});
