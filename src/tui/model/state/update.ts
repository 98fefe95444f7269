/**
 * The console's one rule of change: a state and a message give the next state and what the shell is to do. Pure.
 *
 * Input goes on to `update-input.ts`; answers of the shell and news of the engine are taken here.
 */
import type { ApplyEvent } from "../../../apply/apply-events.js";
import type { LoadedProject, Wish } from "../../../apply/console.js";
import type { Explanation } from "../../../compose/explain/explain.js";
import type { Plan } from "../../../plan/operation.js";
import type { ContainerInspect, ContainerSummary } from "../../../wire/container.js";
import type { InputEvent } from "../input/decode-input.js";
import { advance, emptyProgress } from "../progress-model.js";
import type {
  ConsoleState,
  Effect,
  EngineLink,
  Happening,
  Notice,
  Now,
  Reading,
  RunState,
  Size,
} from "./console-state.js";
import { refreshSources } from "./log-sources.js";
import type { LogMessage } from "./logs-state.js";
import { containerOf, knownProjects, selectedRow } from "./service-rows.js";
import { updateInput } from "./update-input.js";
import { updateLogs } from "./update-logs.js";

export type Message =
  | { readonly kind: "input"; readonly event: InputEvent }
  | { readonly kind: "resized"; readonly size: Size }
  | { readonly kind: "ticked" }
  | { readonly kind: "loaded"; readonly loaded: LoadedProject }
  | { readonly kind: "linked"; readonly engine: EngineLink }
  | { readonly kind: "observed"; readonly containers: readonly ContainerSummary[] }
  | { readonly kind: "happened"; readonly happening: Happening }
  | { readonly kind: "measured"; readonly containerId: string; readonly reading: Reading }
  | {
      readonly kind: "inspected";
      readonly service: string;
      readonly inspect?: ContainerInspect;
      readonly problem?: string;
      readonly environment: ReadonlyMap<string, Explanation>;
    }
  | {
      readonly kind: "planned";
      readonly wish: Wish;
      readonly plan?: Plan;
      readonly text?: string;
      readonly problem?: string;
    }
  | { readonly kind: "run-started"; readonly command: string }
  | { readonly kind: "run-event"; readonly event: ApplyEvent }
  | {
      readonly kind: "run-ended";
      readonly outcome: NonNullable<RunState["outcome"]>;
      readonly failures: readonly string[];
    }
  | { readonly kind: "noticed"; readonly notice: Notice }
  | LogMessage;

export interface Update {
  readonly state: ConsoleState;
  readonly effects: readonly Effect[];
}

/** Readings that a curve is drawn from; the newest. */
const keptReadings = 60;
const keptHappenings = 200;

/** The state after one more message. */
export function update(before: ConsoleState, message: Message, now: Now): Update {
  const state = { ...before, ...now };
  switch (message.kind) {
    case "input":
      return updateInput(state, message.event);
    case "resized":
      return only({ ...state, size: message.size });
    case "ticked":
      return only(state);
    case "loaded":
      return only({ ...state, loaded: message.loaded, isLoading: false });
    case "linked":
      return only({ ...state, engine: message.engine });
    case "observed":
      return observed(state, message.containers);
    case "happened":
      return only({ ...state, happenings: [...state.happenings, message.happening].slice(-keptHappenings) });
    case "measured": {
      const readings = [...(state.readings.get(message.containerId) ?? []), message.reading].slice(-keptReadings);
      return only({ ...state, readings: new Map(state.readings).set(message.containerId, readings) });
    }
    case "inspected":
      return only(inspected(state, message));
    case "planned":
    case "run-started":
    case "run-event":
    case "run-ended":
      return runMessage(state, message);
    case "noticed":
      return only({ ...state, notice: message.notice });
    default: {
      if (!state.logs) return only(state);
      const { logs, effects } = updateLogs(state.logs, message, state.size);
      return { state: { ...state, logs }, effects };
    }
  }
}

function only(state: ConsoleState): Update {
  return { state, effects: [] };
}

/** What details show may be another container now, or the same in another state. */
function observed(before: ConsoleState, containers: readonly ContainerSummary[]): Update {
  const ids = new Set(containers.map(({ Id }) => Id));
  const readings = new Map([...before.readings].filter(([id]) => ids.has(id)));
  const projectAt = Math.max(0, Math.min(before.projectAt, knownProjects(containers).length - 1));
  const loaded = before.loaded.name === undefined && before.isLoading ? guessed(before, containers) : before.loaded;
  const state = { ...before, loaded, containers, readings, hasObserved: true, observedAtMs: before.nowMs, projectAt };
  return state.screen === "details" ? { state, effects: inspectEffects(state) } : refreshSources(state);
}

/** The one project that was made from this folder, if there is one. */
function guessed({ loaded, folder }: ConsoleState, containers: readonly ContainerSummary[]): LoadedProject {
  const [found, other] = knownProjects(containers).filter(({ workingDir }) => workingDir === folder);
  return folder === undefined || !found || other ? loaded : { ...loaded, name: found.name };
}

/** Looks at the container of the selected row, where it has one. */
export function inspectEffects(state: ConsoleState): Effect[] {
  const row = selectedRow(state);
  const container = containerOf(row);
  if (!row) return [];
  return [{ kind: "inspect", containerId: container?.Id ?? "", service: row.service }];
}

function inspected(
  state: ConsoleState,
  { service, inspect, problem, environment }: Extract<Message, { kind: "inspected" }>,
): ConsoleState {
  if (selectedRow(state)?.service !== service) return state;
  const { top } = state.details;
  const found = { ...(inspect ? { inspect } : {}), ...(problem === undefined ? {} : { problem }) };
  return { ...state, details: { ...found, environment, top } };
}

function runMessage(
  state: ConsoleState,
  message: Extract<Message, { kind: "planned" | "run-started" | "run-event" | "run-ended" }>,
): Update {
  switch (message.kind) {
    case "planned": {
      const { plan, text = "", problem, wish } = message;
      const found = { ...(plan ? { plan, text } : {}), ...(problem === undefined ? {} : { problem }) };
      return only({ ...state, planned: { wish, ...found, top: 0 } });
    }
    case "run-started": {
      const run: RunState = { command: message.command, progress: emptyProgress, failures: [] };
      const { notice: _notice, ...rest } = state;
      return only({ ...rest, run });
    }
    case "run-event": {
      const { run } = state;
      if (!run) return only(state);
      return only({ ...state, run: { ...run, progress: advance(run.progress, message.event, state.monotonicMs) } });
    }
    case "run-ended":
      return only(runEnded(state, message));
  }
}

/** On another screen than the plan's its end is a notice, and the run is over; a failure stays to be looked at. */
function runEnded(state: ConsoleState, { outcome, failures }: Extract<Message, { kind: "run-ended" }>): ConsoleState {
  const { run, planned: _planned, ...rest } = state;
  if (!run) return state;
  const ended: RunState = { ...run, outcome, failures };
  // What was planned has been done: the plan screen draws it anew.
  if (state.screen === "plan") return { ...rest, run: ended };
  const { command } = run;
  if (outcome === "succeeded") return { ...rest, notice: { tone: "good", text: "✔ done", command } };
  if (outcome === "cancelled") return { ...rest, notice: { tone: "wait", text: "cancelled", command } };
  const [first = "it failed"] = failures;
  if (outcome === "rolled-back") {
    const why = first.replace(/^error: /, "");
    return { ...rest, run: ended, notice: { tone: "wait", text: `↺ rolled back: ${why}  (5 shows all)`, command } };
  }
  return {
    ...rest,
    run: ended,
    notice: { tone: "bad", text: `✘ ${first.replace(/^error: /, "")}  (5 shows all)`, command },
  };
}
