/**
 * The lines of the view of builds: a tree of images, stages and steps, with what running steps say.
 *
 * Pure. No taller than half of the terminal, as all progress; never wider than it. Where room is short, what is
 * finished folds first, then what steps say, then steps that wait behind others.
 */
import { elapsedText } from "../../../base/elapsed.js";
import { clipped, type Line, type Screen, type Tone, viewRows } from "../progress-layout.js";
import { type BuildRow, type BuildsModel, pulledBytes, type StageRow, type StepRow } from "./build-model.js";

/** How much is shown of one thing. */
interface Detail {
  /** Steps that have ended, each on its line. */
  readonly finishedSteps: boolean;
  /** Lines of what a running step said. */
  readonly tail: number;
  /** Stages that have ended or not begun. */
  readonly idleStages: boolean;
  /** Builds that have ended. */
  readonly finishedBuilds: boolean;
  /** Words of a build that belong to no step, the last ones. */
  readonly notes?: number;
}

const fewNotes = 3;
/** From all to the least; the first that fits is taken. */
const details: readonly Detail[] = [
  { finishedSteps: true, tail: 8, idleStages: true, finishedBuilds: true },
  { finishedSteps: true, tail: 4, idleStages: true, finishedBuilds: true },
  { finishedSteps: false, tail: 6, idleStages: true, finishedBuilds: true },
  { finishedSteps: false, tail: 3, idleStages: true, finishedBuilds: true },
  { finishedSteps: false, tail: 2, idleStages: false, finishedBuilds: true },
  { finishedSteps: false, tail: 1, idleStages: false, finishedBuilds: false },
  { finishedSteps: false, tail: 0, idleStages: false, finishedBuilds: false },
];
const marks: Record<StepRow["state"] | BuildRow["state"], string> = {
  running: "●",
  done: "✔",
  cached: "✔",
  failed: "✘",
  waiting: "○",
  "held-back": "–",
};
const tones: Record<StepRow["state"] | BuildRow["state"], Tone> = {
  ...{ running: "busy", done: "good", cached: "dim", failed: "bad", waiting: "wait" },
  "held-back": "wait",
};

/** The view at one moment. */
export function layoutBuilds(model: BuildsModel, screen: Screen): Line[] {
  const room = viewRows(screen.rows);
  const fitting = details.map((detail) => allLines(model, detail, screen.nowMs)).find((lines) => lines.length <= room);
  const lines = fitting ?? allLines(model, details.at(-1) as Detail, screen.nowMs); // `details` is not empty
  const hidden = lines.length - room;
  const shown = hidden > 0 ? [...lines.slice(0, room - 1), foldLine(hidden + 1)] : lines;
  return shown.map((line) => clipped(line, screen.columns));
}

/** What stays on the terminal after the view is gone. The whole of a failure stands on its card. */
export function summarizeBuilds(model: BuildsModel, columns: number): Line[] {
  const whole: Detail = { ...(details[0] as Detail), tail: 0, notes: Number.POSITIVE_INFINITY };
  const warnings = model.warnings.map((text): Line => [{ text: `warning: ${text}`, tone: "wait" }]);
  const builds = [...model.builds.values()].flatMap((row) => buildLines(row, whole, row.endedMs ?? row.beganMs));
  return [...warnings, ...builds].map((line) => clipped(line, columns));
}

function allLines({ builds }: BuildsModel, detail: Detail, nowMs: number): Line[] {
  const rows = [...builds.values()];
  const isEnded = ({ state }: BuildRow) => state === "done" || state === "held-back";
  const shown = detail.finishedBuilds ? rows : rows.filter((row) => !isEnded(row));
  const ended = rows.length - shown.length;
  const fold: Line[] = ended > 0 ? [[{ text: ` ✔ ${ended} built`, tone: "good" }]] : [];
  return [...fold, ...shown.flatMap((row) => buildLines(row, detail, nowMs))];
}

function buildLines(row: BuildRow, detail: Detail, nowMs: number): Line[] {
  const { name, state, word, stages, notes } = row;
  const steps = stages.flatMap(({ rows }) => rows);
  const ended = steps.filter((step) => step.state !== "running").length;
  const total = stages.reduce((sum, stage) => sum + (stage.steps ?? stage.rows.length), 0);
  const cached = steps.filter((step) => step.state === "cached").length;
  const facts = [
    ...(total > 0 ? [`${ended}/${total} steps`] : []),
    ...(cached > 0 ? [`${cached} cached`] : []),
    elapsedText((row.endedMs ?? nowMs) - row.beganMs),
  ];
  const header: Line = [
    { text: ` ${marks[state]} `, tone: tones[state] },
    { text: name, tone: "plain" },
    ...(word === "" ? [] : [{ text: `  ${word}`, tone: tones[state] } as const]),
    { text: `  ${facts.join("  ")}`, tone: "dim" },
  ];
  const told = detail.finishedSteps ? notes.slice(-(detail.notes ?? fewNotes)) : [];
  const noteLines = told.map((text): Line => [{ text: `   ${text}`, tone: "wait" }]);
  const isFolded = state === "done" && !detail.finishedSteps;
  const shown = stages.filter((stage) => detail.idleStages || isActive(stage));
  return [
    header,
    ...noteLines,
    ...(isFolded ? [] : shown.flatMap((stage) => stageLines(stage, { row, detail, nowMs }))),
  ];
}

function isActive({ rows }: StageRow): boolean {
  return rows.some(({ state }) => state === "running" || state === "failed");
}

function stageLines(stage: StageRow, { row, detail, nowMs }: { row: BuildRow; detail: Detail; nowMs: number }): Line[] {
  const { label, base, rows, steps } = stage;
  const ended = rows.filter(({ state }) => state !== "running").length;
  const isDone = steps !== undefined && ended === steps && !rows.some(({ state }) => state === "failed");
  const tone = rows.length === 0 ? "dim" : isDone ? "good" : isActive(stage) ? "busy" : "plain";
  const count = steps === undefined ? "" : `  ${ended}/${steps}`;
  const header: Line = [
    { text: `   ${label}`, tone },
    { text: `  from ${base}${count}`, tone: "dim" },
  ];
  const isShown = ({ state, text }: StepRow) =>
    state === "running" || state === "failed" || (detail.finishedSteps && !ownLabel.test(text));
  return [header, ...rows.filter(isShown).flatMap((step) => stepLines(step, { row, detail, nowMs }))];
}

/** Of the project; nobody wrote it. */
const ownLabel = /^LABEL com\.docker\.compose\./;

/** The stage that a step takes something from and that is not done yet. */
function awaited({ text, state }: StepRow, { stages }: BuildRow): StageRow | undefined {
  const name = /(?:--from=|\bfrom=|^FROM\s+(?:--\S+\s+)*)([^\s,]+)/i.exec(text)?.[1]?.toLowerCase();
  if (state !== "running" || name === undefined) return undefined;
  const stage = stages.find(({ label, index }) => label === name || String(index) === name);
  const isOpen = stage && (stage.rows.length < (stage.steps ?? 0) || stage.rows.some((row) => row.state === "running"));
  return isOpen ? stage : undefined;
}

function stepLines(step: StepRow, { row, detail, nowMs }: { row: BuildRow; detail: Detail; nowMs: number }): Line[] {
  const { text } = step;
  const other = awaited(step, row);
  const state = other ? "waiting" : step.state;
  const bytes = state === "running" ? pulledBytes(step) : undefined;
  const amount = bytes ? `  ${megabytes(bytes.current)} of ${megabytes(bytes.total)} MB` : "";
  const time = state === "cached" ? "cached" : elapsedText((step.endedMs ?? nowMs) - step.beganMs);
  const header: Line = [
    { text: `     ${marks[state]} `, tone: tones[state] },
    { text: `${time.padStart(6)}  `, tone: "dim" },
    { text: text + amount, tone: state === "cached" || other ? "dim" : "plain" },
    ...(other ? [{ text: `  waits for ${other.label}`, tone: "wait" } as const] : []),
  ];
  if (state !== "running" && state !== "failed") return [header];
  const open = step.open.trim() === "" ? [] : [step.open.replace(/\r+$/, "").split("\r").at(-1) ?? ""];
  const said = detail.tail === 0 ? [] : [...step.tail, ...open].slice(-detail.tail);
  return [header, ...said.map((line): Line => [{ text: `              │ ${line}`, tone: "dim" }])];
}

function foldLine(count: number): Line {
  return [{ text: ` … and ${count} lines more`, tone: "dim" }];
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
