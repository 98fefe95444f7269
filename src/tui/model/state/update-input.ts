/** What keys, clicks and the wheel do: overlays first, then what works everywhere, then the screen's own. Pure. */
import type { InputEvent } from "../input/decode-input.js";
import { bodyRows } from "../screen/frame.js";
import { targetAt } from "../screen/zones.js";
import { detailLines } from "../views/details-view.js";
import { graphLines } from "../views/graph-view.js";
import { planLines } from "../views/plan-view.js";
import { screenView } from "../views/screen-view.js";
import { actionKeys, actionMenu } from "./actions.js";
import { type ConsoleState, type Effect, type ScreenName, screenNames } from "./console-state.js";
import { showLogs } from "./log-sources.js";
import { knownProjects, selectedRow, serviceRows } from "./service-rows.js";
import { inspectEffects, type Update } from "./update.js";
import { scrollLogs } from "./update-logs.js";
import { logsInput } from "./update-logs-input.js";
import { overlayInput, take } from "./update-overlay.js";

/** The state after an input. */
export function updateInput(state: ConsoleState, event: InputEvent): Update {
  switch (event.kind) {
    case "wheel":
      return state.overlay?.kind === "help"
        ? overlayInput(state, state.overlay, event.rows > 0 ? "down" : "up")
        : scrollBy(state, event.rows);
    case "click":
      return clicked(state, event);
    case "key":
      return pressed(state, event.key);
  }
}

/** Leaves an earlier notice behind, so that what is said is always about the last thing done. */
function pressed(before: ConsoleState, key: string): Update {
  if (key === "ctrl-c") return { state: before, effects: [{ kind: "quit" }] };
  const { notice: _notice, ...state } = before;
  if (state.overlay) return overlayInput(state, state.overlay, key);
  if (state.screen === "logs" && state.logs) {
    const done = logsInput(state, state.logs, key);
    if (done) return done;
  }
  return everywhere(state, key) ?? onScreen(state, key) ?? { state, effects: [] };
}

function everywhere(state: ConsoleState, key: string): Update | undefined {
  const number = Number(key);
  const byNumber = number >= 1 && number <= screenNames.length ? screenNames[number - 1] : undefined;
  if (byNumber) return showScreen(state, byNumber);
  const at = screenNames.indexOf(state.screen);
  const moves: Readonly<Record<string, number>> = { down: 1, j: 1, up: -1, k: -1 };
  const pages: Readonly<Record<string, number>> = {
    pagedown: 1,
    "ctrl-f": 1,
    pageup: -1,
    "ctrl-b": -1,
    "ctrl-d": 0.5,
    "ctrl-u": -0.5,
  };
  const page = pages[key];
  const move = moves[key];
  if (move !== undefined) return scrollBy(state, move);
  if (page !== undefined) return scrollBy(state, Math.round(page * bodyRows(state.size)));
  switch (key) {
    case "q":
      return { state, effects: [{ kind: "quit" }] };
    case "?":
      return { state: { ...state, overlay: { kind: "help", top: 0 } }, effects: [] };
    case "tab":
      return showScreen(state, screenNames[(at + 1) % screenNames.length] ?? "services");
    case "shift-tab":
      return showScreen(state, screenNames[(at + screenNames.length - 1) % screenNames.length] ?? "services");
    case "g":
    case "home":
      return scrollBy(state, -Number.MAX_SAFE_INTEGER);
    case "G":
    case "end":
      return scrollBy(state, Number.MAX_SAFE_INTEGER);
    default:
      return undefined;
  }
}

function onScreen(state: ConsoleState, key: string): Update | undefined {
  if (key === "escape") return escaped(state);
  switch (state.screen) {
    case "services":
      return onServices(state, key) ?? onSelected(state, key);
    case "details":
    case "graph":
      return onSelected(state, key);
    case "plan":
      return onPlan(state, key);
    case "projects":
      return key === "enter" ? switchProject(state, state.projectAt) : undefined;
    default:
      return undefined;
  }
}

function onServices(state: ConsoleState, key: string): Update | undefined {
  switch (key) {
    case "enter":
    case "l":
      return showLogs(state, "selected");
    case "L":
      return showLogs(state, "all");
    case "d":
      return showScreen(state, "details");
    case " ": {
      const service = selectedRow(state)?.service;
      if (service === undefined) return undefined;
      const marked = new Set(state.marked);
      if (!marked.delete(service)) marked.add(service);
      return scrollBy({ ...state, marked }, 1);
    }
    case "p":
      return showScreen(state, "plan");
    default:
      return undefined;
  }
}

/** Actions on the selected service, from each screen that is about it. */
function onSelected(state: ConsoleState, key: string): Update | undefined {
  if (key === "a") {
    const title = state.marked.size > 0 ? `${state.marked.size} services` : (selectedRow(state)?.key ?? "actions");
    const entries = actionMenu(state);
    return { state: { ...state, overlay: { kind: "menu", title, entries, selected: 0 } }, effects: [] };
  }
  if (!actionKeys.some((one) => one === key)) return undefined;
  const entry = actionMenu(state).find((one) => one.key === key);
  return entry && take(state, entry);
}

function onPlan(state: ConsoleState, key: string): Update | undefined {
  const { run, planned } = state;
  if (run && !run.outcome) return key === "x" ? { state, effects: [{ kind: "cancel-run" }] } : undefined;
  if (run) return undefined;
  const command = `${state.loaded.command} up -d`;
  if (key === "r") return showScreen(state, "plan");
  if (key !== "a" || !planned?.plan || planned.plan.operations.length === 0) return undefined;
  const action = { kind: "wish", wish: planned.wish, command } as const;
  return { state: { ...state, overlay: { kind: "confirm", action } }, effects: [] };
}

function escaped(state: ConsoleState): Update {
  if (state.run?.outcome) {
    const { run: _run, ...rest } = state;
    return state.screen === "plan" ? showScreen(rest, "plan") : { state: rest, effects: [] };
  }
  if (state.screen !== "services") return showScreen(state, "services");
  return { state: { ...state, marked: new Set() }, effects: [] };
}

/** Goes to a screen and asks for what it shows. */
export function showScreen(state: ConsoleState, screen: ScreenName): Update {
  const next: ConsoleState = { ...state, screen };
  const leaves: Effect[] = state.screen === "logs" && screen !== "logs" ? [{ kind: "close-logs" }] : [];
  const shown = (one: ConsoleState, ...effects: Effect[]): Update => ({ state: one, effects: [...leaves, ...effects] });
  switch (screen) {
    case "logs":
      return showLogs(state, "selected");
    case "details": {
      const details = { environment: new Map(), top: 0 };
      const cleared: ConsoleState = { ...next, details };
      return shown(cleared, ...inspectEffects(cleared));
    }
    case "plan": {
      if (state.run) return shown(next);
      const { planned: _planned, ...rest } = next;
      return shown(rest, { kind: "draw-plan", wish: { kind: "up", services: [] } });
    }
    case "projects": {
      const here = knownProjects(state.containers).findIndex(({ name }) => name === state.loaded.name);
      return shown({ ...next, projectAt: Math.max(0, here) });
    }
    default:
      return shown(next);
  }
}

function switchProject(state: ConsoleState, at: number): Update {
  const project = knownProjects(state.containers)[at];
  if (!project) return { state, effects: [] };
  const { selected: _selected, planned: _planned, logs: _logs, ...rest } = state;
  const { name, configFiles, workingDir } = project;
  const other = { name, configFiles, ...(workingDir === undefined ? {} : { workingDir }) };
  const next: ConsoleState = { ...rest, screen: "services", marked: new Set(), top: 0, isLoading: true };
  return { state: next, effects: [{ kind: "switch-project", project: other }] };
}

/** Moves what the screen moves: a selection, or the text. */
function scrollBy(state: ConsoleState, by: number): Update {
  const stay = (next: ConsoleState): Update => ({ state: next, effects: [] });
  const room = bodyRows(state.size);
  const clamp = (top: number, length: number) => Math.max(0, Math.min(top, length - room));
  switch (state.screen) {
    case "services": {
      const rows = serviceRows(state);
      const at = Math.max(
        0,
        rows.findIndex(({ key }) => key === selectedRow(state)?.key),
      );
      const next = rows[Math.max(0, Math.min(at + by, rows.length - 1))];
      return stay(next ? { ...state, selected: next.key } : state);
    }
    case "projects": {
      const last = knownProjects(state.containers).length - 1;
      return stay({ ...state, projectAt: Math.max(0, Math.min(state.projectAt + by, last)) });
    }
    case "logs": {
      if (!state.logs) return stay(state);
      const { logs, effects } = scrollLogs(state.logs, by, state.size);
      return { state: { ...state, logs }, effects };
    }
    case "details": {
      const top = clamp(state.details.top + by, detailLines(state).length);
      return stay({ ...state, details: { ...state.details, top } });
    }
    case "graph":
      return stay({ ...state, graphTop: clamp(state.graphTop + by, graphLines(state).length) });
    case "plan": {
      const { planned } = state;
      if (!planned) return stay(state);
      const length = planLines(planned, state.size.columns).length;
      return stay({ ...state, planned: { ...planned, top: clamp(planned.top + by, length) } });
    }
  }
}

/** A click selects; on what is selected already it is as good as enter. */
function clicked(state: ConsoleState, place: { row: number; column: number }): Update {
  const target = targetAt(screenView(state).zones, place);
  if (!target) return { state, effects: [] };
  switch (target.kind) {
    case "key":
      return pressed(state, target.key);
    case "row":
      if (selectedRow(state)?.key === target.key) return pressed(state, "enter");
      return { state: { ...state, selected: target.key }, effects: [] };
    case "entry":
      if (state.overlay?.kind === "menu") {
        const chosen: ConsoleState = { ...state, overlay: { ...state.overlay, selected: target.at } };
        return pressed(chosen, "enter");
      }
      if (state.projectAt === target.at) return pressed(state, "enter");
      return { state: { ...state, projectAt: target.at }, effects: [] };
  }
}
