/** Where a rollback goes, what an undo undoes, and what is said when there is nothing of the kind. */
import { describe, expect, it } from "vitest";
import { projectOf } from "../../compose/compose.fixture.js";
import type { GenerationSummary } from "../../wire/history.js";
import { chooseRollback, chooseUndo } from "./choose-generation.js";
import { withImagesOf } from "./pinned-images.js";
import { halfRemoved } from "./unfinished-removal.js";

type Change = Partial<GenerationSummary> & Pick<GenerationSummary, "command">;

/** Generations numbered from 1; what brings something up has a model. */
function aHistory(...changes: readonly Change[]): GenerationSummary[] {
  return changes.map((change, at) => ({
    ...{ project: "shop", number: at + 1, services: [], operations: 1, removed: [], removedVolumes: [] },
    ...{ author: { user: "", host: "", commandLine: "", pid: 1, pidStart: 0 }, images: {}, replicas: {} },
    ...{ outcome: "succeeded", startedAt: "2026-01-01T00:00:00Z" },
    hasModel: change.command !== "down" && change.command !== "rm",
    ...change,
  }));
}

const up: Change = { command: "up" };
const failed: Change = { command: "up", outcome: "failed" };
const container = { service: "web", number: 1, wasUp: true, volumes: [] };
const down: Change = { command: "down", removed: [container] };
const goals = (history: GenerationSummary[], to?: number) =>
  chooseRollback("shop", history, to).goals.map(({ number }) => number);

describe("a rollback", () => {
  it("looks at earlier generations that succeeded, the newest first", () => {
    expect(goals(aHistory(up, up, failed, up))).toEqual([2, 1]);
    expect(goals(aHistory(up, up, failed))).toEqual([2, 1]);
    expect(goals(aHistory(up, down, up))).toEqual([1]);
    expect(chooseRollback("shop", aHistory(up, up, down), 1).present.number).toBe(2);
  });

  it("goes where it is told, even to one that failed", () => {
    expect(goals(aHistory(up, failed, up), 2)).toEqual([2]);
  });

  it.each([
    ["nothing was ever kept", aHistory(), undefined, "has no generation to go back to", "gantry up -d"],
    ["there is but one", aHistory(up), undefined, "no earlier generation that succeeded", "gantry history"],
    ["there is no such number", aHistory(up, up), 7, "has no generation 7", "gantry history"],
    ["that one took the project away", aHistory(up, down), 2, "took it away", "gantry undo 2"],
    ["that one was too large", aHistory(up, { ...up, hasModel: false }), 2, "too large", "gantry history"],
    ["the project is down", aHistory(up, up, down), undefined, "was taken down by generation 3", "gantry undo"],
  ])("says what can be done when %s", (_when, history, to, message, hint) => {
    expect(() => chooseRollback("shop", history, to)).toThrow(
      expect.objectContaining({
        code: "generation-not-found",
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
      }),
    );
  });
});

describe("an undo", () => {
  it("undoes the last change, when that took something away, and brings back the state before it", () => {
    expect(chooseUndo("shop", aHistory(up, up, down), undefined)).toMatchObject({
      ...{ undone: { number: 3 }, state: { number: 2 } },
    });
    expect(chooseUndo("shop", aHistory(up, { ...down, outcome: "interrupted" }), undefined).undone.number).toBe(2);
    expect(chooseUndo("shop", aHistory(up, { ...down, command: "rm" }), undefined).undone.number).toBe(2);
  });

  it("undoes an older one when it is named", () => {
    expect(chooseUndo("shop", aHistory(up, down, up, down), 2)).toMatchObject({
      ...{ undone: { number: 2 }, state: { number: 1 } },
    });
  });

  it("brings back volumes alone where nothing else was taken away", () => {
    const { state } = chooseUndo("shop", aHistory({ command: "down", removedVolumes: ["data"] }), undefined);
    expect(state).toBeUndefined();
  });

  it.each([
    ["nothing was ever kept", aHistory(), undefined, "has no history", "gantry history"],
    ["the last change took nothing away", aHistory(up, down, up), undefined, "`up`, which took nothing", "rollback"],
    ["it was undone already", aHistory(up, down, { command: "undo", of: 2 }), undefined, "`undo of 2`", "gantry down"],
    ["there is no such number", aHistory(up), 4, "has no generation 4", "gantry history"],
    ["nobody knows what was there", aHistory(down), undefined, "nobody knows what was there before", "gantry up -d"],
  ])("says what can be done when %s", (_when, history, asked, message, hint) => {
    expect(() => chooseUndo("shop", history, asked)).toThrow(
      expect.objectContaining({
        code: "generation-not-found",
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
      }),
    );
  });
});

describe("a removal that ended halfway", () => {
  const half: Change = { ...down, outcome: "interrupted", removedVolumes: ["a", "b"] };
  const rest: Change = { command: "down", removedVolumes: ["b"] };
  const trash = (...entries: ReadonlyArray<[name: string, generation: number]>) =>
    entries.map(([name, generation]) => ({
      ...{ id: name, name, project: "shop", generation, labels: {}, sizeBytes: 1, trashedAt: "", expiresAt: "" },
    }));
  const back = (generations: GenerationSummary[], trashed: ReturnType<typeof trash>, ...there: string[]) =>
    halfRemoved(generations, { trashed, there: new Set(there) }).map(({ name }) => name);

  it("is undone together with the one that completed it, from the state before both", () => {
    const { undone, numbers, state } = chooseUndo("shop", aHistory(up, up, half, rest), undefined);
    expect([undone.number, [...numbers], state?.number]).toEqual([4, [3, 4], 2]);
    expect(undone).toMatchObject({ command: "down", removed: [container], removedVolumes: ["a", "b"] });
    const whole = chooseUndo("shop", aHistory(up, down, up, rest), undefined);
    expect([...whole.numbers]).toEqual([4]);
  });

  it("is undone again when its undo ended halfway", () => {
    const undoing: Change = { command: "undo", of: 2, outcome: "interrupted" };
    expect(chooseUndo("shop", aHistory(up, half, undoing, undoing), undefined).undone.number).toBe(2);
  });

  it("leaves volumes in the trash that the next up brings back, while others of the same are still there", () => {
    const trashed = trash(["a", 2]);
    expect(back(aHistory(up, half), trashed, "b")).toEqual(["a"]);
    expect(back(aHistory(up, { ...half, outcome: "failed" }), trashed, "b")).toEqual(["a"]);
    expect(back(aHistory(up, half, { ...rest, outcome: "cancelled" }), trash(["a", 2], ["b", 3]), "c")).toEqual([]);
  });

  it("has taken all there was when none of them is there, and is over once another change has been made", () => {
    expect(back(aHistory(up, half), trash(["a", 2], ["b", 2]))).toEqual([]);
    expect(back(aHistory(up, half, up), trash(["a", 2]), "b")).toEqual([]);
    expect(back(aHistory(up, down), trash(["a", 2]), "b")).toEqual([]);
    expect(back(aHistory(up, half), trash(["a", 1]), "b")).toEqual([]);
  });

  it("whose undo ended halfway leaves the rest for the next up, whatever is there", () => {
    const undoing: Change = { command: "undo", of: 2, outcome: "interrupted" };
    expect(back(aHistory(up, half, undoing), trash(["b", 2]), "a")).toEqual(["b"]);
    expect(back(aHistory(up, half, undoing), trash(["a", 2], ["b", 2]))).toEqual(["a", "b"]);
    expect(back(aHistory(up, half, { ...undoing, outcome: "succeeded" }), trash(["b", 2]), "a")).toEqual([]);
  });
});

describe("the images of a generation", () => {
  const text = "services:\n  web: { image: nginx:1, pull_policy: always }\n  app: { build: /src }\n";
  const { project } = projectOf(text);
  const images = {
    web: { name: "nginx:1", id: "sha256:old", digest: "nginx@sha256:d1" },
    app: { name: "demo-app", id: "sha256:built" },
  };
  const pin = (byName: Record<string, string>, ids: readonly string[], services = ["app", "web"]) => {
    const there = { byName: new Map(Object.entries(byName)), ids: new Set(ids) };
    const { services: pinned } = withImagesOf(project, { number: 3, images }, { services, there });
    return [...pinned.values()].map(({ image, build, pull_policy }) => ({ image, build, pull_policy }));
  };

  it("keep their names where those still stand for them", () => {
    expect(pin({ "nginx:1": "sha256:old", "demo-app": "sha256:built" }, [])).toEqual([
      { image: undefined, build: { context: "/src" }, pull_policy: undefined },
      { image: "nginx:1", build: undefined, pull_policy: "always" },
    ]);
  });

  it("are used by their ids where a tag has moved on", () => {
    expect(pin({ "nginx:1": "sha256:new", "demo-app": "sha256:newer" }, ["sha256:old", "sha256:built"])).toEqual([
      { image: "sha256:built", build: undefined, pull_policy: undefined },
      { image: "sha256:old", build: undefined, pull_policy: undefined },
    ]);
  });

  it("are pulled by what their registry called them where they are gone", () => {
    expect(pin({}, [], ["web"])[1]).toEqual({ image: "nginx@sha256:d1", build: undefined, pull_policy: undefined });
  });

  it("that nobody can bring back are named", () => {
    expect(() => pin({}, [])).toThrow(
      expect.objectContaining({
        code: "image-not-found",
        message: "Images of generation 3 are no longer here: demo-app of service app (built)",
        hint: expect.stringContaining("--build"),
      }),
    );
  });
});
