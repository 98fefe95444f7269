import { describe, expect, it } from "vitest";
import { decodeInput } from "./decode-input.js";

const keys = (text: string) =>
  decodeInput(text).events.map((event) => (event.kind === "key" ? event.key : JSON.stringify(event)));

describe("what a terminal sends", () => {
  it("names keys, whatever form of a sequence the terminal has for them", () => {
    expect(keys("\u001b[A\u001bOA\u001b[1;5A\u001b[5~\u001b[Z")).toEqual(["up", "up", "up", "pageup", "shift-tab"]);
    expect(keys("\r\t\u007f\u0003\u0004")).toEqual(["enter", "tab", "backspace", "ctrl-c", "ctrl-d"]);
  });

  it("gives typed text as its characters, wide ones whole", () => {
    expect(keys("a漢😀/")).toEqual(["a", "漢", "😀", "/"]);
  });

  it("tells clicks and the wheel, counted from 0, and nothing of releases and other buttons", () => {
    expect(decodeInput("\u001b[<0;3;7M\u001b[<0;3;7m\u001b[<2;1;1M\u001b[<64;1;2M\u001b[<65;1;2M").events).toEqual([
      { kind: "click", column: 2, row: 6 },
      { kind: "wheel", column: 0, row: 1, rows: -3 },
      { kind: "wheel", column: 0, row: 1, rows: 3 },
    ]);
  });

  it("keeps the beginning of a sequence until its end has come", () => {
    expect(decodeInput("x\u001b[<0;3")).toEqual({ events: [{ kind: "key", key: "x" }], rest: "\u001b[<0;3" });
    expect(keys("\u001b[<0;3;7M")).toHaveLength(1);
  });

  it("takes a lone escape as the key, and one before a letter as both", () => {
    expect(keys("\u001b")).toEqual(["escape"]);
    expect(keys("\u001bq")).toEqual(["escape", "q"]);
  });

  it("drops what is no sequence rather than waiting for its end", () => {
    expect(decodeInput(`\u001b[${"1;".repeat(40)}`).rest).toBe("");
  });
});
