/**
 * What a command did, gathered for machines: every operation with its end, and every failure's card. Pure.
 *
 * The value is what `--report json` writes; its schema is `schemas/report.json`. Members are only added within a
 * version. A command may carry out several plans, one after the other: they stand in one report.
 */
import type { ApplyEvent, EventResource, FailureCard } from "../../../apply/apply-events.js";

export const reportVersion = 1;

export interface RunReport {
  readonly version: typeof reportVersion;
  /** `up`, `down`, … */
  readonly command: string;
  readonly project?: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly outcome: "succeeded" | "failed" | "rolled-back" | "cancelled";
  readonly exitCode: number;
  /** In the order in which they began, those that were held back among them. */
  readonly operations: readonly ReportedOperation[];
  /** Failures of operations, and of the command itself, as a file that cannot be read. */
  readonly failures: readonly FailureCard[];
  readonly warnings: readonly string[];
}

export interface ReportedOperation {
  readonly operation: string;
  readonly resource: EventResource;
  readonly state: "done" | "failed" | "held-back" | "cancelled" | "undone";
  /** Created, Started, Healthy, …; empty unless it was done. */
  readonly action: string;
  readonly startedAt: string;
  readonly durationMs: number;
  /** An inner step of a replacement. */
  readonly step?: true;
  /** Why it was held back. */
  readonly because?: string;
  readonly failure?: FailureCard;
  /** Its failure is put up with. */
  readonly optional?: true;
}

/** What is known of the command besides its events. */
export interface RunFacts {
  readonly command: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly exitCode: number;
  /** Failures that no operation had. */
  readonly problems: readonly FailureCard[];
}

/** Of a command whose updates failed and were taken back. */
export const rolledBackExitCode = 3;

/** As a shell reports a process that was ended by Ctrl-C. */
const cancelledExitCode = 130;

export function runReport(events: readonly ApplyEvent[], facts: RunFacts): RunReport {
  const operations = new Map<string, ReportedOperation>();
  const warnings: string[] = [];
  let project: string | undefined;
  let run = 0;
  for (const event of events) {
    if (event.kind === "run-started") {
      project = event.project;
      run++;
    } else if (event.kind === "warning") warnings.push(event.message);
    else if ("operation" in event) {
      const key = `${run} ${event.operation}`;
      const after = advanced(operations.get(key), event);
      if (after) operations.set(key, after);
    }
  }
  const { command, startedAt, durationMs, exitCode, problems } = facts;
  const listed = [...operations.values()];
  return {
    version: reportVersion,
    command,
    ...(project === undefined ? {} : { project }),
    startedAt,
    durationMs,
    outcome: outcomeOf(events, exitCode),
    exitCode,
    operations: listed,
    failures: [...problems, ...listed.flatMap(({ failure, optional }) => (failure && !optional ? [failure] : []))],
    warnings,
  };
}

/** A code may be that of what ran, so it says what happened only together with the events. */
function outcomeOf(events: readonly ApplyEvent[], exitCode: number): RunReport["outcome"] {
  if (exitCode === 0) return "succeeded";
  if (exitCode === cancelledExitCode) return "cancelled";
  const isRolledBack = events.some((event) => event.kind === "run-ended" && event.outcome === "rolled-back");
  return isRolledBack && exitCode === rolledBackExitCode ? "rolled-back" : "failed";
}

/** The operation after one more event of its own; one that never ended was cancelled. */
function advanced(
  before: ReportedOperation | undefined,
  event: Exclude<ApplyEvent, { kind: "run-started" | "run-ended" | "warning" }>,
): ReportedOperation | undefined {
  const { operation, resource, at } = event;
  const begun = before ?? { operation, resource, state: "cancelled", action: "", startedAt: at, durationMs: 0 };
  switch (event.kind) {
    case "started":
      return { ...begun, startedAt: at, ...(event.step ? { step: true as const } : {}) };
    case "done":
      return { ...begun, state: "done", action: event.action, durationMs: event.durationMs };
    case "failed": {
      const { failure, durationMs, optional } = event;
      return { ...begun, state: "failed", failure, durationMs, ...(optional ? { optional } : {}) };
    }
    case "held-back":
      return { ...begun, state: "held-back", because: event.because };
    case "undone":
      return { ...begun, state: "undone" };
    case "progress":
    case "waiting":
      return before;
  }
}
