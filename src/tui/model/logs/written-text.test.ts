import { describe, expect, it } from "vitest";
import { plainText, sliceSpans, writtenSpans } from "./written-text.js";

const esc = "\u001b";
const textOf = (raw: string) =>
  writtenSpans(raw)
    .map(({ text }) => text)
    .join("");

describe("what a container wrote", () => {
  it("keeps its colours, each part with all that holds there", () => {
    expect(writtenSpans(`${esc}[1m${esc}[31merror${esc}[0m: ${esc}[38;5;208mslow${esc}[39m query`)).toEqual([
      { text: "error", sgr: "1;31" },
      { text: ": ", sgr: "" },
      { text: "slow", sgr: "38;5;208" },
      { text: " query", sgr: "38;5;208;39" },
    ]);
    expect(writtenSpans(`${esc}[38;2;1;2;3mrgb${esc}[m!`)).toEqual([
      { text: "rgb", sgr: "38;2;1;2;3" },
      { text: "!", sgr: "" },
    ]);
  });

  it.each([
    ["clears the screen", `a${esc}[2J${esc}[Hb`],
    ["moves the cursor", `a${esc}[10;10Hb`],
    ["asks for the cursor", `a${esc}[6nb`],
    ["turns modes on", `a${esc}[?1049hb`],
    ["sets a title", `a${esc}]0;HACKED\u0007b`],
    ["writes the clipboard", `a${esc}]52;c;aGFjaw==${esc}\\b`],
    ["links", `a${esc}]8;;http://x${esc}\\b`],
    ["sends a device string", `a${esc}P$q"p${esc}\\b`],
    ["switches characters", `a${esc}(0b`],
    ["resets", `a${esc}cb`],
    ["does it in one character", "a\u009b2Jb"],
    ["titles in one character", "a\u009d0;x\u009cb"],
    ["rings, backs up and deletes", "a\u0007\u0008\u007fb"],
    ["has no end", `ab${esc}`],
    ["colours by what is no number", `a${esc}[<31mb`],
  ])("leaves nothing of what %s", (_what, raw) => {
    expect(textOf(raw)).toBe("ab");
  });

  it("shows a string without an end as the text it hides", () => {
    expect(textOf(`a${esc}]0;no end`)).toBe("a0;no end");
  });

  it("neither blinks nor hides", () => {
    expect(writtenSpans(`${esc}[5;8;32mseen`)).toEqual([{ text: "seen", sgr: "32" }]);
  });

  it("is what the last carriage return left, and blanks for tabs", () => {
    expect([textOf("10%\r50%\r100%\r"), textOf("a\tb"), textOf("plain")]).toEqual(["100%", "a    b", "plain"]);
    expect(writtenSpans(`${esc}[32m10%\r100%`)).toEqual([{ text: "100%", sgr: "32" }]);
  });

  it("holds no more of a style than one can need", () => {
    const [span] = writtenSpans(`${`${esc}[31m`.repeat(5000)}x`);
    expect(span?.sgr.length).toBeLessThan(100);
  });

  it("is searched as it is seen", () => {
    expect(plainText(`${esc}[31mslow${esc}[0m query`)).toBe("slow query");
    expect(plainText("a\tb")).toBe("a\tb");
  });

  it("is cut by places of the whole text", () => {
    const spans = writtenSpans(`ab${esc}[31mcd${esc}[0mef`);
    expect(sliceSpans(spans, 1, 5).map(({ text, sgr }) => text + sgr)).toEqual(["b", "cd31", "e"]);
  });
});
