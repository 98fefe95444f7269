import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { isPlain, widthOf } from "./columns.js";

/** Ink cuts what it draws by `string-width`: another answer would shift what stands behind. */
const texts = [
  ..."● running ✔ ✘ ▸ └ ─ │ ▁▂▃▄▅▆▇█ ━ → ← ↑ ↓ … – • ° é ß ñ ø".split(" "),
  ...["漢字", "ひらがな", "カタカナ", "ｶﾞｷﾞ", "한국어", "각", "ｆｕｌｌ", "…漢…"],
  ...["😀", "👨‍👩‍👧‍👦", "🇩🇪🇫🇷", "1️⃣", "❤️", "❤", "⚠️", "⚠", "✔️", "👍🏽", "🏳️‍🌈", "⏰", "◽", "☕"],
  ...["e\u0301", "नमस्ते", "ไทย", "\u200b", "\u00ad", "a\u200db", "السلام", "\ufeff", "\u{e0067}"],
];

describe("columns", () => {
  it.each(texts)("of %j are as Ink counts them", (text) => {
    expect(widthOf(text)).toBe(stringWidth(text));
    expect(widthOf(`a ${text} b`)).toBe(stringWidth(`a ${text} b`));
  });

  it("are counted one by one only where a character may take none or two", () => {
    const plain: string[] = [];
    for (let code = 0x20; code < 0x3000; code++)
      if (isPlain(String.fromCharCode(code))) plain.push(String.fromCharCode(code));
    expect(plain.filter((character) => stringWidth(character) !== 1)).toEqual([]);
    expect(isPlain("  web  ● running 2/2  ▁▃▅ 4.5%  18080→80 └ … – ✔ ✘ ▸")).toBe(true);
  });
});
