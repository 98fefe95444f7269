/** What the progress view knows: one row per resource, folded from the event stream. Pure. */
import type { ApplyEvent, EventResource } from "../../apply/apply-events.js";
import { printable } from "../../base/printable.js";

export type RowState = "working" | "waiting" | "done" | "failed" | "held-back";

export interface Row {
  readonly resource: EventResource;
  readonly state: RowState;
  /** `Starting`, `Started`, … */
  readonly action: string;
  /** What it waits for, or why it stopped. */
  readonly detail: string;
  /** Of the first thing that happened to it, on the view's clock. */
  readonly sinceMs: number;
  /** Undefined while something goes on. */
  readonly endedMs?: number;
  /** Bytes of each layer of a pull, by layer. */
  readonly parts: ReadonlyMap<string, { readonly current: number; readonly total: number }>;
}

export interface ProgressModel {
  /** In the order in which resources were first heard of. */
  readonly rows: ReadonlyMap<string, Row>;
  readonly warnings: readonly string[];
  readonly operations: number;
  readonly ended: number;
  readonly outcome?: "succeeded" | "failed" | "rolled-back" | "cancelled";
}

export const emptyProgress: ProgressModel = { rows: new Map(), warnings: [], operations: 0, ended: 0 };

/** The model after one more event; `nowMs` is the view's monotonic clock. */
export function advance(model: ProgressModel, event: ApplyEvent, nowMs: number): ProgressModel {
  switch (event.kind) {
    case "run-started":
      return { ...model, operations: model.operations + event.operations };
    case "run-ended":
      return { ...model, outcome: event.outcome };
    case "warning":
      return { ...model, warnings: [...model.warnings, event.message] };
    case "started":
      return withRow(model, event.resource, nowMs, { state: "working", action: event.action, detail: "" });
    case "waiting":
      return withRow(model, event.resource, nowMs, {
        state: "waiting",
        action: "Waiting",
        detail: `for ${event.waitsFor}`,
      });
    case "progress":
      return withRow(model, event.resource, nowMs, { ...partOf(model, event), detail: saidIn(event) });
    case "done": {
      // The end of an inner step is not the end of what is done to the resource.
      const ended = event.more ? ({ state: "waiting" } as const) : ({ state: "done", endedMs: nowMs } as const);
      const change = event.step ? {} : { ...ended, action: event.action };
      return counted(withRow(model, event.resource, nowMs, { ...change, detail: "" }));
    }
    case "failed": {
      const detail = event.failure.message.split("\n")[0] ?? "";
      return counted(
        withRow(model, event.resource, nowMs, { state: "failed", action: "Error", detail, endedMs: nowMs }),
      );
    }
    case "undone":
      return withRow(model, event.resource, nowMs, {
        state: "held-back",
        action: "Undone",
        detail: "",
        endedMs: nowMs,
      });
    case "held-back":
      return counted(
        withRow(model, event.resource, nowMs, {
          state: "held-back",
          action: "Held back",
          detail: event.because,
          endedMs: nowMs,
        }),
      );
  }
}

/** `Container shop-web-1`. */
export function labelOf({ kind, name }: EventResource): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${name}`;
}

/** Bytes so far and in all, of every layer heard of; undefined without any. */
export function bytesOf({ parts }: Row): { current: number; total: number } | undefined {
  if (parts.size === 0) return undefined;
  const sum = { current: 0, total: 0 };
  for (const { current, total } of parts.values()) {
    sum.current += current;
    sum.total += total;
  }
  return sum;
}

function withRow(
  model: ProgressModel,
  resource: EventResource,
  nowMs: number,
  change: Partial<Omit<Row, "resource" | "sinceMs">>,
): ProgressModel {
  const key = labelOf(resource);
  const before: Row = model.rows.get(key) ?? {
    resource,
    state: "working",
    action: "",
    detail: "",
    sinceMs: nowMs,
    parts: new Map(),
  };
  const { endedMs: _ended, ...open } = before;
  return { ...model, rows: new Map(model.rows).set(key, { ...open, ...change }) };
}

function partOf(model: ProgressModel, event: Extract<ApplyEvent, { kind: "progress" }>): Partial<Row> {
  const { part, current, total } = event;
  if (part === undefined || current === undefined || total === undefined) return {};
  const parts = model.rows.get(labelOf(event.resource))?.parts ?? new Map();
  // Unpacking counts the same bytes once more: only the download is a measure of what is left.
  if (event.text !== "Downloading") return {};
  return { parts: new Map(parts).set(part, { current, total }) };
}

/** What a program says for itself; a part's text only repeats its figures. */
function saidIn({ part, text }: Extract<ApplyEvent, { kind: "progress" }>): string {
  return part === undefined ? printable(text) : "";
}

function counted(model: ProgressModel): ProgressModel {
  return { ...model, ended: model.ended + 1 };
}
