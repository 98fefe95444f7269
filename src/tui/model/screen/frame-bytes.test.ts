import { describe, expect, it } from "vitest";
import { eraseFrame, frameBytes } from "./frame-bytes.js";

/** As much of a terminal as rows are drawn with. What is written wraps nowhere: it is short. */
class Glass {
  readonly scrolled: string[] = [];
  #rows: string[];
  #row = 0;
  #saved = 0;

  constructor(height: number, above: readonly string[]) {
    this.#rows = [...above, ...Array.from({ length: height - above.length }, () => "")];
    this.#row = above.length;
  }

  write(bytes: string): this {
    for (const [, order, text] of bytes.matchAll(/(\u001b\[\??\d*[A-Za-z]|\u001b[78]|[\r\n])|([^\u001b\r\n]+)/g)) {
      if (text !== undefined) this.#rows[this.#row] = text;
      else this.#obey(order ?? "");
    }
    return this;
  }

  #obey(order: string): void {
    const count = Number(/\d+/.exec(order)?.[0] ?? 1);
    if (order === "\n" && this.#row === this.#rows.length - 1) {
      this.scrolled.push(this.#rows.shift() ?? "");
      this.#rows.push("");
    } else if (order === "\n") this.#row += 1;
    else if (order === "\u001b7") this.#saved = this.#row;
    else if (order === "\u001b8") this.#row = this.#saved;
    else if (order.endsWith("A")) this.#row = Math.max(0, this.#row - count);
    else if (order.endsWith("B")) this.#row = Math.min(this.#rows.length - 1, this.#row + count);
    else if (order.endsWith("J")) this.#rows = this.#rows.map((row, at) => (at < this.#row ? row : ""));
  }

  get shown(): string {
    return this.#rows.join("|").replace(/\|+$/, "");
  }
}

describe("rows that are redrawn in place", () => {
  it("grow, change and become fewer below what stood there", () => {
    const glass = new Glass(8, ["$ up"]);
    glass.write(frameBytes(undefined, ["a", "b"]));
    expect(glass.shown).toBe("$ up|a|b");
    glass.write(frameBytes(["a", "b"], ["a", "c", "d", "e"]));
    expect(glass.shown).toBe("$ up|a|c|d|e");
    glass.write(frameBytes(["a", "c", "d", "e"], ["x"]));
    expect(glass.shown).toBe("$ up|x");
    expect(glass.write(eraseFrame).shown).toBe("$ up");
  });

  it("push up what stood there at the lower edge, and nothing of their own", () => {
    const glass = new Glass(4, ["one", "two", "$ up"]);
    glass.write(frameBytes(undefined, ["a"]));
    glass.write(frameBytes(["a"], ["b", "c", "d"]));
    expect([glass.shown, glass.scrolled]).toEqual(["$ up|b|c|d", ["one", "two"]]);
    glass.write(frameBytes(["b", "c", "d"], ["e", "f", "g"]));
    expect([glass.shown, glass.scrolled]).toEqual(["$ up|e|f|g", ["one", "two"]]);
    expect(glass.write(`${eraseFrame}done\n`).shown).toBe("$ up|done");
  });

  it("are not written where nothing changed, and else only where they did", () => {
    expect(frameBytes(["a", "b"], ["a", "b"])).toBe("");
    const bytes = frameBytes(["head 1", "same", "old"], ["head 2", "same", "new"]);
    expect(bytes).not.toContain("same");
    expect(bytes).toContain("new");
  });

  it("are drawn whole once the window has changed, whatever had become of them", () => {
    const bytes = frameBytes(undefined, ["head", "row"]);
    expect(bytes.indexOf(eraseFrame)).toBeLessThan(bytes.indexOf("head"));
    expect(bytes).toContain("row");
  });
});
