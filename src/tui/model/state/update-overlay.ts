/** What keys do in help, in the action menu, at a question, and in a line that is typed. Pure. */
import { bodyRows } from "../screen/frame.js";
import { helpLines } from "../views/overlay-view.js";
import { scaleAction } from "./actions.js";
import type { ConsoleState, MenuEntry, Overlay, PromptFor } from "./console-state.js";
import { compilePattern } from "./pattern.js";
import { selectedRow } from "./service-rows.js";
import type { Update } from "./update.js";
import { reopen, searchLogs } from "./update-logs.js";

/** Replicas that may be asked for by hand. */
const mostReplicas = 100;

export function overlayInput(state: ConsoleState, overlay: Overlay, key: string): Update {
  if (key === "escape") return closed(state);
  switch (overlay.kind) {
    case "help": {
      const by = { down: 1, j: 1, up: -1, k: -1, pagedown: 10, pageup: -10 }[key];
      if (by === undefined) return closed(state);
      const most = Math.max(0, helpLines().length - (bodyRows(state.size) - 2));
      return {
        state: { ...state, overlay: { ...overlay, top: Math.max(0, Math.min(overlay.top + by, most)) } },
        effects: [],
      };
    }
    case "menu":
      return menuInput(state, overlay, key);
    case "confirm": {
      if (key !== "enter" && key !== "y") return key === "n" || key === "q" ? closed(state) : { state, effects: [] };
      const { state: rest } = closed(state);
      // On the plan screen that very plan is carried out, not one that is drawn anew.
      const plan = state.screen === "plan" ? state.planned?.plan : undefined;
      const { action } = overlay;
      if (plan) return { state: rest, effects: [{ kind: "apply-plan", plan, command: action.command }] };
      return { state: rest, effects: [{ kind: "act", action }] };
    }
    case "prompt":
      return promptInput(state, overlay, key);
  }
}

/** Begins what an entry stands for: what changes nothing at once, the rest once it is confirmed. */
export function take(state: ConsoleState, entry: MenuEntry): Update {
  if (entry.reason !== undefined) {
    return { state: { ...state, notice: { tone: "wait", text: `${entry.label}: ${entry.reason}` } }, effects: [] };
  }
  const { action } = entry;
  if (!action) return { state: asking(state, "scale", String(selectedRow(state)?.wanted ?? 1)), effects: [] };
  if (action.kind !== "wish") return { state, effects: [{ kind: "act", action }] };
  return { state: { ...state, overlay: { kind: "confirm", action } }, effects: [] };
}

/** A line to be typed, with what is there already. */
export function asking(state: ConsoleState, asks: PromptFor, text: string): ConsoleState {
  return { ...state, overlay: { kind: "prompt", asks, text } };
}

function closed(state: ConsoleState): Update {
  const { overlay: _overlay, ...rest } = state;
  return { state: rest, effects: [] };
}

function menuInput(state: ConsoleState, overlay: Extract<Overlay, { kind: "menu" }>, key: string): Update {
  const { entries, selected } = overlay;
  const by = { down: 1, j: 1, up: -1, k: -1 }[key];
  if (by !== undefined) {
    const next = (selected + by + entries.length) % entries.length;
    return { state: { ...state, overlay: { ...overlay, selected: next } }, effects: [] };
  }
  const chosen = key === "enter" ? entries[selected] : entries.find((entry) => entry.key === key);
  if (chosen) return take(closed(state).state, chosen);
  return key === "q" || key === "a" ? closed(state) : { state, effects: [] };
}

function promptInput(state: ConsoleState, overlay: Extract<Overlay, { kind: "prompt" }>, key: string): Update {
  const { problem: _problem, ...rest } = overlay;
  const typed = (text: string): Update => ({ state: { ...state, overlay: { ...rest, text } }, effects: [] });
  switch (key) {
    case "enter":
      return answered(state, overlay);
    case "backspace":
      return overlay.text === "" ? closed(state) : typed([...overlay.text].slice(0, -1).join(""));
    case "ctrl-u":
      return typed("");
    case "ctrl-w":
      return typed(overlay.text.replace(/\S*\s*$/, ""));
    default:
      // Keys with names are longer than one character.
      return [...key].length === 1 ? typed(overlay.text + key) : { state, effects: [] };
  }
}

function answered(state: ConsoleState, overlay: Extract<Overlay, { kind: "prompt" }>): Update {
  const { text, asks } = overlay;
  const again = (problem: string): Update => ({ state: { ...state, overlay: { ...overlay, problem } }, effects: [] });
  const rest = closed(state).state;
  if (asks === "scale") {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count > mostReplicas) return again(`a number from 0 to ${mostReplicas}`);
    return { state: { ...rest, overlay: { kind: "confirm", action: scaleAction(state, count) } }, effects: [] };
  }
  const compiled = compilePattern(text);
  if (!compiled.ok) return again(compiled.problem);
  if (!state.logs) return { state: rest, effects: [] };
  if (asks === "search") {
    if (text === "") return { state: rest, effects: [] };
    const { hit: _hit, ...logs } = state.logs;
    const found = searchLogs(logs, { pattern: text, direction: "before" }, state.size);
    return { state: { ...rest, logs: found.logs }, effects: found.effects };
  }
  const filtered = reopen(state.logs, { filter: text === "" ? undefined : text });
  return { state: { ...rest, logs: filtered.logs }, effects: filtered.effects };
}
