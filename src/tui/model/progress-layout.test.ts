import { expect, it } from "vitest";
import type { ApplyEvent } from "../../apply/apply-events.js";
import { type Line, layoutProgress, summarizeProgress } from "./progress-layout.js";
import { advance, emptyProgress, type ProgressModel } from "./progress-model.js";

const at = "2026-01-01T00:00:00Z";
const container = (name: string) => ({ operation: name, resource: { kind: "container", name } as const });
const text = (lines: readonly Line[]) =>
  lines.map((line) =>
    line
      .map((segment) => segment.text)
      .join("")
      .trimEnd(),
  );

function after(events: readonly ApplyEvent[]): ProgressModel {
  return events.reduce((model, event, index) => advance(model, event, index * 1000), emptyProgress);
}

it("shows what goes on, what waits and for what, and what is done, with times", () => {
  const model = after([
    { at, kind: "run-started", command: "up", project: "shop", operations: 3 },
    { at, kind: "started", ...container("shop-db-1"), action: "Starting" },
    { at, kind: "done", ...container("shop-db-1"), action: "Started", durationMs: 1000 },
    { at, kind: "waiting", ...container("shop-web-1"), waitsFor: "db to be healthy" },
    { at, kind: "started", operation: "w", resource: { kind: "image", name: "nginx" }, action: "Pulling" },
    {
      at,
      kind: "progress",
      operation: "w",
      resource: { kind: "image", name: "nginx" },
      text: "Downloading",
      part: "a",
      current: 1_500_000,
      total: 3_000_000,
    },
  ]);
  expect(text(layoutProgress(model, { columns: 80, rows: 24, nowMs: 6000 }))).toEqual([
    "1/3 done  5.0s  1/2 containers, 0/1 image",
    " ✔ Container shop-db-1   Started       1.0s",
    " ○ Container shop-web-1  Waiting       3.0s  for db to be healthy",
    " ● Image nginx           Pulling       2.0s  ━━━━━━──────  1.5 of 3.0 MB",
  ]);
});

it("shows the last line of what a hook or a provider says, without what would move the cursor", () => {
  const said = { at, kind: "progress", operation: "run-hook post_start[0] shop-db-1" } as const;
  const model = after([
    { at, kind: "started", ...container("shop-db-1"), action: "Running" },
    { ...said, resource: container("shop-db-1").resource, text: "making \u001b[2Jtables" },
  ]);
  const [, row = ""] = text(layoutProgress(model, { columns: 80, rows: 24, nowMs: 1000 }));
  expect(row).toContain("making [2Jtables");
});

it("is never taller than half of the terminal nor wider than it, folding what is finished", () => {
  const names = Array.from({ length: 30 }, (_, n) => `shop-service-with-a-long-name-${n}`);
  const model = after([
    ...names.map((name): ApplyEvent => ({ at, kind: "started", ...container(name), action: "Starting" })),
    ...names
      .slice(0, 20)
      .map((name): ApplyEvent => ({ at, kind: "done", ...container(name), action: "Started", durationMs: 1 })),
    {
      at,
      kind: "failed",
      ...container("shop-bad"),
      durationMs: 1,
      failure: { code: "x", message: "broken", phase: "start", lastLogLines: [], heldBack: [] },
    },
  ]);
  const lines = text(layoutProgress(model, { columns: 40, rows: 16, nowMs: 60_000 }));
  expect(lines).toHaveLength(8);
  expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThan(40);
  expect(lines[1]).toMatch(/✘ Container shop-… +Error/);
  expect(lines.filter((line) => line.includes("●"))).toHaveLength(4);
  expect(lines.at(-2)).toMatch(/✔ 20 containers +Started/);
  expect(lines.at(-1)).toBe(" … and 6 working");
});

it("tells once what many wait for, and does not take what has yet to be started for done", () => {
  const names = Array.from({ length: 40 }, (_, n) => `web-${n}`);
  const model = after([
    ...names
      .slice(0, 30)
      .map((name): ApplyEvent => ({ at, kind: "waiting", ...container(name), waitsFor: "db to be healthy" })),
    ...names
      .slice(30)
      .map(
        (name): ApplyEvent => ({ at, kind: "done", ...container(name), action: "Created", more: true, durationMs: 1 }),
      ),
    { at, kind: "started", ...container("db"), action: "Starting" },
  ]);
  expect(text(layoutProgress(model, { columns: 80, rows: 24, nowMs: 60_000 }))).toEqual([
    "10/0 done  1m00s",
    " ● Container db   Starting     20.0s",
    " ○ 30 containers  Waiting      1m00s  for db to be healthy",
    " ○ 10 containers  Created      30.0s",
  ]);
});

it("keeps a kind together, and folds kinds that are through into a line each when room is short", () => {
  const image = (name: string) => ({ operation: name, resource: { kind: "image", name } as const });
  const pulled = ["a", "b", "c"].flatMap((name): ApplyEvent[] => [
    { at, kind: "started", ...image(name), action: "Pulling" },
    { at, kind: "done", ...image(name), action: "Pulled", durationMs: 1 },
  ]);
  const started = ["x", "y"].map(
    (name): ApplyEvent => ({ at, kind: "started", ...container(name), action: "Starting" }),
  );
  const [first, ...rest] = pulled;
  const model = after([...(first ? [first] : []), ...started, ...rest]);
  expect(text(layoutProgress(model, { columns: 60, rows: 24, nowMs: 9000 })).map((line) => line.slice(0, 14))).toEqual([
    "3/0 done  9.0s",
    " ✔ Image a    ",
    " ✔ Image b    ",
    " ✔ Image c    ",
    " ● Container x",
    " ● Container y",
  ]);
  expect(text(layoutProgress(model, { columns: 60, rows: 5, nowMs: 9000 }))).toEqual([
    "3/0 done  9.0s  3/3 images, 0/2 containers",
    " ✔ 3 images     Pulled        7.0s",
    " ● Container x  Starting      8.0s",
    " ● Container y  Starting      7.0s",
  ]);
});

it("counts wide characters as the two columns they take", () => {
  const model = after([
    { at, kind: "started", ...container("a"), action: "Running" },
    { at, kind: "progress", ...container("a"), text: "漢字".repeat(40) },
  ]);
  const [, row = ""] = text(layoutProgress(model, { columns: 60, rows: 24, nowMs: 1000 }));
  expect(row.endsWith("…")).toBe(true);
  expect(row.length + [...row].filter((one) => one > "一").length).toBeLessThan(60);
});

it("leaves every resource's last state behind", () => {
  const model = after([
    { at, kind: "started", ...container("a"), action: "Starting" },
    { at, kind: "done", ...container("a"), action: "Started", durationMs: 1 },
    { at, kind: "held-back", ...container("b"), because: "wait-for a healthy failed" },
  ]);
  expect(text(summarizeProgress(model, 80))).toEqual([
    " ✔ Container a  Started       1.0s",
    " – Container b  Held back     0.0s  wait-for a healthy failed",
  ]);
});

it("cuts a long failure at the terminal's edge: the card has the whole of it", () => {
  const message = `cannot start: ${"because ".repeat(40)}`;
  const failure = { code: "x", message, phase: "start", lastLogLines: [], heldBack: [] };
  const model = after([{ at, kind: "failed", ...container("web"), durationMs: 1, failure }]);
  const [line = ""] = text(summarizeProgress(model, 60));
  expect([...line].length).toBeLessThan(60);
  expect(line).toMatch(/cannot start: beca.*…$/);
});

it("draws something on the smallest of terminals", () => {
  expect(layoutProgress(emptyProgress, { columns: 1, rows: 1, nowMs: 0 }).length).toBeLessThanOrEqual(1);
});
