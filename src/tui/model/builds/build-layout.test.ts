import { expect, it } from "vitest";
import type { ApplyEvent } from "../../../apply/apply-events.js";
import type { BuildEvent } from "../../../wire/build.js";
import { layoutBuilds, summarizeBuilds } from "./build-layout.js";
import { advanceBuilds, type BuildsModel, noBuilds } from "./build-model.js";

const at = "2026-01-01T00:00:00Z";

/** A model after these events of the image `web`, one second apart. */
function afterwards(events: readonly BuildEvent[], more: readonly ApplyEvent[] = []): BuildsModel {
  const on = { at, operation: "build-image web", resource: { kind: "image", name: "web" } as const };
  const all: ApplyEvent[] = [
    { ...on, kind: "started", action: "Building" },
    ...events.map((build): ApplyEvent => ({ ...on, kind: "progress", text: "", build })),
    ...more,
  ];
  return all.reduce((model, event, index) => advanceBuilds(model, event, index * 1000), noBuilds);
}

function screen(model: BuildsModel, rows = 40, columns = 100): string[] {
  return layoutBuilds(model, { rows, columns, nowMs: 10_000 }).map((line) => line.map(({ text }) => text).join(""));
}

const planned: BuildEvent = {
  kind: "planned",
  stages: [
    { index: 0, name: "pages", base: "python", steps: 2 },
    { index: 1, base: "nginx", steps: 2 },
  ],
  totalSteps: 4,
};
const began = (step: number, stage: number, text: string): BuildEvent => ({
  kind: "began",
  step,
  stage,
  text,
  line: 1,
});
const ended = (step: number, outcome: "done" | "cached" | "failed"): BuildEvent => ({ kind: "ended", step, outcome });

it("shows stages side by side, what their steps say, and what waits for what", () => {
  const model = afterwards([
    planned,
    ...[began(1, 0, "FROM python AS pages"), ended(1, "cached"), began(2, 0, "RUN make"), began(3, 1, "FROM nginx")],
    ...[ended(3, "done"), began(4, 1, "COPY --from=pages /out /html")],
    { kind: "output", step: 2, text: "one\n\u001b[91mtwo\u001b[0m\n10%\r20%" },
  ]);
  expect(screen(model)).toEqual([
    " ● web  2/4 steps  1 cached  10.0s",
    "   pages  from python  1/2",
    "     ✔ cached  FROM python AS pages",
    "     ●   6.0s  RUN make",
    "              │ one",
    "              │ two",
    "              │ 20%",
    "   stage-1  from nginx  1/2",
    "     ✔   1.0s  FROM nginx",
    "     ○   3.0s  COPY --from=pages /out /html  waits for pages",
  ]);
});

it("folds what is finished before what goes on, and never has more lines than there is room", () => {
  const output: BuildEvent = { kind: "output", step: 2, text: "a\nb\nc\nd\ne\nf\ng\nh\ni\n" };
  const model = afterwards([planned, began(1, 0, "FROM python"), ended(1, "done"), began(2, 0, "RUN make"), output]);
  expect(screen(model, 14)).toEqual([
    " ● web  1/4 steps  10.0s",
    "   pages  from python  1/2",
    "     ●   6.0s  RUN make",
    "              │ g",
    "              │ h",
    "              │ i",
    "   stage-1  from nginx  0/2",
  ]);
  for (let rows = 1; rows < 20; rows += 1)
    expect(screen(model, rows).length).toBeLessThanOrEqual(Math.max(4, rows / 2));
});

it("is no wider than the terminal", () => {
  const model = afterwards([planned, began(1, 0, `RUN ${"x".repeat(300)}`)]);
  for (const line of screen(model, 40, 50)) expect(line.length).toBeLessThan(50);
});

it("shows how far a pull is", () => {
  const pulling = (part: string, current: number): BuildEvent => ({
    kind: "pulling",
    step: 1,
    part,
    current,
    total: 2e6,
  });
  const model = afterwards([
    planned,
    began(1, 0, "FROM python"),
    pulling("a", 1e6),
    pulling("b", 5e5),
    pulling("a", 2e6),
  ]);
  expect(screen(model)[2]).toContain("FROM python  2.5 of 4.0 MB");
});

it("leaves the tree on the terminal, with the step that failed and without what steps said", () => {
  const card = { code: "build-failed", message: "no", phase: "build", heldBack: [], lastLogLines: [] };
  const failed: ApplyEvent = {
    ...{ at, kind: "failed", operation: "build-image web", resource: { kind: "image", name: "web" } },
    ...{ failure: card, durationMs: 5000 },
  };
  const model = afterwards(
    [planned, began(1, 0, "FROM python"), ended(1, "done"), began(2, 0, "RUN no"), ended(2, "failed")],
    [failed],
  );
  expect(summarizeBuilds(model, 80).map((line) => line.map(({ text }) => text).join(""))).toEqual([
    " ✘ web  Error  2/4 steps  6.0s",
    "   pages  from python  2/2",
    "     ✔   1.0s  FROM python",
    "     ✘   1.0s  RUN no",
    "   stage-1  from nginx  0/2",
  ]);
});

it("shows the builds of an engine that does not tell its stages beforehand", () => {
  expect(screen(afterwards([began(1, 0, "FROM busybox AS one"), ended(1, "done"), began(2, 1, "FROM one")]))).toEqual([
    " ● web  1/2 steps  10.0s",
    "   one  from busybox",
    "     ✔   1.0s  FROM busybox AS one",
    "   stage-1  from one",
    "     ●   7.0s  FROM one",
  ]);
});
