/** What `up` would change and why; while it is carried out, how far it is; and after, how it ended. Pure. */

import { layoutProgress } from "../progress-layout.js";
import { cutLine, type Line, lineWidth, seg, type Tone, wrapText } from "../screen/line.js";
import type { View } from "../screen/zones.js";
import type { ConsoleState, PlanState, RunState } from "../state/console-state.js";

/** A run takes the place of the plan it carries out. */
export function planView(state: ConsoleState, rows: number): View {
  const { run, planned, size } = state;
  if (run) return { lines: runLines(run, state, rows), zones: [] };
  if (!planned) return { lines: [[], [seg("  Looking at what would change …", "dim")]], zones: [] };
  const lines = planLines(planned, size.columns);
  return { lines: lines.slice(planned.top, planned.top + rows), zones: [] };
}

/** All lines of the plan. */
export function planLines({ plan, text = "", problem }: PlanState, columns: number): Line[] {
  if (problem) return [[], ...problem.split("\n").map((text) => cutLine([seg(`  ${text}`, "bad")], columns))];
  if (!plan) return [[], [seg("  Looking at what would change …", "dim")]];
  const lines = text.trimEnd().split("\n");
  const hint: Line = plan.operations.length > 0 ? [seg("  a carries out this very plan", "dim")] : [];
  return [...lines.flatMap((text) => planLine(text, columns)), [], hint];
}

/** A reason that does not fit beside what is done stands below it, whole. */
function planLine(text: string, columns: number): Line[] {
  const line = toned(text);
  if (lineWidth(line) <= columns) return [line];
  const why = line.at(-1)?.text.trim() ?? "";
  const head = line.slice(0, -1);
  const indent = head.length > 0 ? 6 : 2;
  const below = wrapText(why, columns - indent - 1).map((row): Line => [seg(" ".repeat(indent)), seg(row, "dim")]);
  return head.length > 0 ? [cutLine(head, columns), ...below] : below;
}

const signTones: Readonly<Record<string, Tone>> = { "+": "good", "~": "wait", "-": "bad" };

function toned(text: string): Line {
  const sign = /^ {2}([+~-]) (.*)$/.exec(text);
  if (sign) return [seg(`  ${sign[1]} `, signTones[sign[1] ?? ""] ?? "plain"), ...split(sign[2] ?? "")];
  if (text.startsWith("   ")) return [seg(text, "dim")];
  return [seg(`  ${text}`, text.startsWith("warning") ? "wait" : "bold")];
}

/** What is done, and behind two blanks why. */
function split(text: string): Line {
  const gap = text.indexOf("  ");
  return gap < 0 ? [seg(text)] : [seg(text.slice(0, gap)), seg(text.slice(gap), "dim")];
}

function runLines(run: RunState, { size, monotonicMs }: ConsoleState, rows: number): Line[] {
  const tail = run.outcome ? [[], ...endLines(run)] : [];
  const room = Math.max(3, rows - Math.min(tail.length, Math.floor(rows / 2)));
  const ended = run.outcome ? lastMoment(run, monotonicMs) : monotonicMs;
  const body = layoutProgress(run.progress, { columns: size.columns - 2, rows: Math.ceil(room / 0.75), nowMs: ended });
  const head: Line = [seg(`  ${run.command}`, "bold")];
  const lines = [head, ...body.map((line): Line => [seg("  "), ...line]), ...tail];
  return lines.map((line) => cutLine(line, size.columns)).slice(0, rows);
}

function endLines({ outcome, failures }: RunState): Line[] {
  const words: Record<NonNullable<RunState["outcome"]>, Line> = {
    succeeded: [seg("  ✔ done", "good"), seg("  esc goes back", "dim")],
    failed: [seg("  ✘ it failed", "bad"), seg("  esc goes back; what succeeded stays", "dim")],
    "rolled-back": [seg("  ↺ rolled back", "wait"), seg("  esc goes back; what ran before runs on", "dim")],
    cancelled: [seg("  – cancelled", "wait"), seg("  esc goes back; what succeeded stays", "dim")],
  };
  return [outcome ? words[outcome] : [], ...failures.map((text): Line => [seg(`  ${text}`)])];
}

/** When the last resource ended, so that the clock stands still. */
function lastMoment({ progress }: RunState, nowMs: number): number {
  return Math.max(0, ...[...progress.rows.values()].map((row) => row.endedMs ?? 0)) || nowMs;
}
