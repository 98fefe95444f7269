/** What the view of builds knows: each build's stages and their steps, folded from the event stream. Pure. */
import type { ApplyEvent } from "../../../apply/apply-events.js";
import { printable } from "../../../base/printable.js";
import type { BuildEvent, BuildStage } from "../../../wire/build.js";

export type StepState = "running" | "done" | "cached" | "failed";

export interface StepRow {
  readonly number: number;
  readonly text: string;
  readonly state: StepState;
  /** On the view's clock. */
  readonly beganMs: number;
  readonly endedMs?: number;
  /** The last lines that it said. */
  readonly tail: readonly string[];
  /** A line that has not ended yet. */
  readonly open: string;
  /** Bytes of each layer of a pull. */
  readonly parts: ReadonlyMap<string, { readonly current: number; readonly total: number }>;
}

export interface StageRow {
  readonly index: number;
  /** Its name, or its number. */
  readonly label: string;
  readonly base: string;
  /** Undefined where the engine does not say beforehand. */
  readonly steps: number | undefined;
  /** Those that have begun, in their order. */
  readonly rows: readonly StepRow[];
}

export interface BuildRow {
  readonly name: string;
  readonly state: "waiting" | "running" | "done" | "failed" | "held-back";
  /** `Built`, `Checked`, or why it was held back. */
  readonly word: string;
  readonly beganMs: number;
  readonly endedMs?: number;
  readonly stages: readonly StageRow[];
  /** Words of the build that belong to no step. */
  readonly notes: readonly string[];
}

export interface BuildsModel {
  /** By operation, in the order in which they were first heard of. */
  readonly builds: ReadonlyMap<string, BuildRow>;
  readonly warnings: readonly string[];
  readonly operations: number;
}

export const noBuilds: BuildsModel = { builds: new Map(), warnings: [], operations: 0 };

/** Sequences by which programs colour what they say, and the builder marks standard error. */
const colors = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, "g");
/** More than any terminal has room for. */
const tailLines = 40;
const lineChars = 500;

/** The model after one more event; `nowMs` is the view's monotonic clock. */
export function advanceBuilds(model: BuildsModel, event: ApplyEvent, nowMs: number): BuildsModel {
  switch (event.kind) {
    case "run-started":
      return { ...model, operations: model.operations + event.operations };
    case "warning":
      return { ...model, warnings: [...model.warnings, event.message] };
    case "started":
      return change(model, event, nowMs, (row) => ({ ...row, state: "running" }));
    case "waiting":
      return change(model, event, nowMs, (row) => ({ ...row, state: "waiting", word: `for ${event.waitsFor}` }));
    case "progress": {
      const { build, text } = event;
      if (build) return change(model, event, nowMs, (row) => withStep(row, build, nowMs));
      const note = printable(text).trim();
      const isSaidAnyway = note === "" || /^Successfully (?:built|tagged) /.test(note);
      return isSaidAnyway ? model : change(model, event, nowMs, (row) => ({ ...row, notes: [...row.notes, note] }));
    }
    case "done":
      if (event.step) return model;
      return change(model, event, nowMs, (row) => ({ ...row, state: "done", word: event.action, endedMs: nowMs }));
    case "failed":
      return change(model, event, nowMs, (row) => ({ ...stopped(row, nowMs), state: "failed", word: "Error" }));
    case "held-back":
      return change(model, event, nowMs, (row) => ({
        ...row,
        state: "held-back",
        word: event.because,
        endedMs: nowMs,
      }));
    case "undone":
      return change(model, event, nowMs, (row) => ({ ...stopped(row, nowMs), state: "held-back", word: "cancelled" }));
    case "run-ended":
      return model;
  }
}

/** Bytes so far and in all of a step's pull; undefined without one. */
export function pulledBytes({ parts }: StepRow): { current: number; total: number } | undefined {
  if (parts.size === 0) return undefined;
  const all = [...parts.values()];
  const sum = (of: (part: { current: number; total: number }) => number) =>
    all.reduce((total, one) => total + of(one), 0);
  return { current: sum(({ current }) => current), total: sum(({ total }) => total) };
}

function change(
  model: BuildsModel,
  { operation, resource }: Extract<ApplyEvent, { operation: string }>,
  nowMs: number,
  how: (row: BuildRow) => BuildRow,
): BuildsModel {
  const fresh: BuildRow = { name: resource.name, state: "running", word: "", beganMs: nowMs, stages: [], notes: [] };
  return { ...model, builds: new Map(model.builds).set(operation, how(model.builds.get(operation) ?? fresh)) };
}

function withStep(row: BuildRow, event: BuildEvent, nowMs: number): BuildRow {
  switch (event.kind) {
    case "planned":
      return { ...row, stages: event.stages.map(stageRow) };
    case "began": {
      const { step: number, text, stage } = event;
      const begun: StepRow = {
        ...{ number, text: printable(text).replace(/\s+/g, " "), state: "running", beganMs: nowMs },
        ...{ tail: [], open: "", parts: new Map() },
      };
      const known = row.stages.some(({ index }) => index === stage) ? row.stages : [...row.stages, unplanned(event)];
      const stages = known.map((one) => (one.index === stage ? { ...one, rows: [...one.rows, begun] } : one));
      return { ...row, state: "running", stages };
    }
    case "output":
      return changeStep(row, event.step, (step) => said(step, event.text));
    case "pulling": {
      const { part, current, total } = event;
      return changeStep(row, event.step, (step) => ({
        ...step,
        parts: new Map(step.parts).set(part, { current, total }),
      }));
    }
    case "ended":
      return changeStep(row, event.step, (step) => ({ ...step, state: event.outcome, endedMs: nowMs }));
  }
}

function stageRow({ index, name, base, steps }: BuildStage): StageRow {
  return { index, label: name ?? `stage-${index}`, base: printable(base), steps, rows: [] };
}

/** Of an engine that tells its stages one by one. */
function unplanned({ stage, text }: Extract<BuildEvent, { kind: "began" }>): StageRow {
  const [, base = "", name] = /^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?/i.exec(printable(text)) ?? [];
  return { index: stage, label: name ?? `stage-${stage}`, base, steps: undefined, rows: [] };
}

function changeStep(row: BuildRow, number: number, how: (step: StepRow) => StepRow): BuildRow {
  const stages = row.stages.map((stage) => {
    if (!stage.rows.some((step) => step.number === number)) return stage;
    return { ...stage, rows: stage.rows.map((step) => (step.number === number ? how(step) : step)) };
  });
  return { ...row, stages };
}

/** A program that rewrites its line is shown as its terminal would show it. */
function said(step: StepRow, text: string): StepRow {
  const lines = (step.open + text.replace(colors, "")).split("\n");
  const open = (lines.pop() ?? "").slice(-lineChars);
  const whole = lines.map((line) => printable(line.replace(/\r+$/, "").split("\r").at(-1) ?? "").slice(0, lineChars));
  return { ...step, open, tail: [...step.tail, ...whole.filter((line) => line !== "")].slice(-tailLines) };
}

/** Nothing goes on in a build that has failed. */
function stopped(row: BuildRow, nowMs: number): BuildRow {
  const end = (step: StepRow): StepRow =>
    step.state === "running" ? { ...step, endedMs: step.endedMs ?? nowMs } : step;
  return { ...row, endedMs: nowMs, stages: row.stages.map((stage) => ({ ...stage, rows: stage.rows.map(end) })) };
}
