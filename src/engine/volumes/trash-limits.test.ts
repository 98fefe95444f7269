import { describe, expect, it } from "vitest";
import { defaultTrashLimits, isPressed, parseTrashLimits, tooMuch, whyNotKept } from "./trash-limits.js";

const gib = 1024 ** 3;
const roomy = { freeBytes: 50 * gib, totalBytes: 100 * gib };

describe("the limits of the trash", () => {
  it("are a week and ten gibibytes, unless the configuration or a variable says otherwise", () => {
    expect(parseTrashLimits(undefined, {})).toEqual({ keptMs: 604_800_000, maxBytes: 10 * gib });
    const config = JSON.stringify({ trash: { hours: 1, maxBytes: 5, minFreeBytes: 7 } });
    const variables = { GANTRY_TRASH_HOURS: "0.5", GANTRY_TRASH_MAX_BYTES: "0" };
    expect(parseTrashLimits(config, {})).toEqual({ keptMs: 3_600_000, maxBytes: 5, minFreeBytes: 7 });
    expect(parseTrashLimits(config, variables)).toMatchObject({ keptMs: 1_800_000, maxBytes: 0 });
  });

  it("are refused by name when they are none", () => {
    expect(() => parseTrashLimits(undefined, { GANTRY_TRASH_HOURS: "soon" })).toThrow(
      "GANTRY_TRASH_HOURS is not a number",
    );
    expect(() => parseTrashLimits('{"trash":{"maxBytes":-1}}', {})).toThrow("trash.maxBytes in engine.json");
    expect(() => parseTrashLimits('{"trash":7}', {})).toThrow("trash in engine.json is not an object");
  });

  it("keep nothing where it is turned off, too large, or where the disk needs the room", () => {
    expect(whyNotKept(1, defaultTrashLimits, roomy)).toBeUndefined();
    expect(whyNotKept(1, { ...defaultTrashLimits, keptMs: 0 }, roomy)).toBe("the trash is turned off");
    expect(whyNotKept(11 * gib, defaultTrashLimits, roomy)).toMatch("larger than all");
    expect(whyNotKept(1, defaultTrashLimits, { ...roomy, freeBytes: 4 * gib })).toBe("the disk is nearly full");
    expect(isPressed({ freeBytes: 2 * gib, totalBytes: 10 * gib }, defaultTrashLimits)).toBe(false);
  });

  it("let what has expired go, and the oldest while it is too much", () => {
    const kept = [1, 2, 3, 4].map((day) => ({
      id: `${day}`,
      sizeBytes: 10,
      trashedAt: `2026-01-0${day}T00:00:00Z`,
      expiresAt: `2026-01-1${day}T00:00:00Z`,
    }));
    const at = (day: number) => new Date(`2026-01-${day}T00:00:00Z`);
    const limits = { keptMs: 1, maxBytes: 25 };
    expect(tooMuch(kept, at(10), { ...limits, maxBytes: 40 })).toEqual([]);
    expect(tooMuch(kept, at(12), { ...limits, maxBytes: 40 })).toEqual(["2", "1"]);
    expect(tooMuch(kept, at(10), limits)).toEqual(["2", "1"]);
    expect(tooMuch([], at(10), limits)).toEqual([]);
  });
});
