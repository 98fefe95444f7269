import { describe, expect, it } from "vitest";
import type { GenerationSummary } from "../wire/history.js";
import { type ForgetOptions, forgettable, imagesKeptFor } from "./forgettable.js";

const day = 24 * 3_600_000;
const start = Date.UTC(2026, 0, 1);

/** `u` is an `up` that can be gone back to, `d` a `down`, `a` one that is under way. */
function aHistory(letters: string): GenerationSummary[] {
  return [...letters].map(
    (letter, at): GenerationSummary => ({
      ...{ project: "shop", number: at + 1, services: [], operations: 1, removed: [], removedVolumes: [] },
      ...{ author: { user: "", host: "", commandLine: "", pid: 1, pidStart: 0 }, replicas: {} },
      command: letter === "d" ? "down" : "up",
      outcome: letter === "a" ? "applying" : "succeeded",
      startedAt: new Date(start + at * 1000).toISOString(),
      images: letter === "d" ? {} : { web: { name: "web", id: `sha256:${at + 1}` } },
      hasModel: letter !== "d",
    }),
  );
}

const options: ForgetOptions = { keep: 2, all: false, isGone: false, now: new Date(start + day) };

describe("what is forgotten of a project", () => {
  it.each([
    ["what is older than what is kept", "uuuu", {}, [1, 2]],
    ["nothing while there is little", "uu", {}, []],
    ["nothing of nothing", "", {}, []],
    ["never the newest state that can be gone back to", "uuddd", {}, [1]],
    ["all but the newest state, when asked for", "uuuud", { all: true }, [1, 2, 3]],
    ["nothing while a change is under way", "uuua", {}, []],
    ["all of it, when nothing is left of the project and it is long ago", "uud", { isGone: true, at: 31 }, [1, 2, 3]],
    ["no more than of others, when it is gone since yesterday", "uuud", { isGone: true }, [1, 2]],
    ["all of it, when it is gone and all is asked for", "uud", { isGone: true, all: true }, [1, 2, 3]],
    ["what is older, where nothing can be gone back to", "ddd", {}, [1]],
  ])("is %s: %s", (_why, letters, { at = 1, ...more }: Partial<ForgetOptions> & { at?: number }, gone) => {
    expect(forgettable(aHistory(letters), { ...options, ...more, now: new Date(start + at * day) })).toEqual(gone);
  });
});

it("keeps the images of the newest five states", () => {
  expect(imagesKeptFor(aHistory("uuuduuud"))).toEqual([2, 3, 5, 6, 7].map((number) => `sha256:${number}`));
});
