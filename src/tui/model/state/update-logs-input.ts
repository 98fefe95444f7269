/** The logs screen's own keys. Pure. */

import { plainText } from "../logs/written-text.js";
import { bodyRows } from "../screen/frame.js";
import type { ConsoleState } from "./console-state.js";
import type { LogsState } from "./logs-state.js";
import type { Update } from "./update.js";
import { anchorAt, cancelSearch, jumpLogs, type LogsUpdate, scrollLogs, searchLogs } from "./update-logs.js";
import { asking } from "./update-overlay.js";

/** Columns that an arrow moves the lines sideways. */
const sidewaysColumns = 20;

/** Undefined for a key that means here what it means everywhere. */
export function logsInput(state: ConsoleState, logs: LogsState, key: string): Update | undefined {
  const { size } = state;
  const to = ({ logs: next, effects }: LogsUpdate): Update => ({ state: { ...state, logs: next }, effects });
  const set = (change: Partial<LogsState>) => to({ logs: { ...logs, ...change }, effects: [] });
  switch (key) {
    case "/":
      return { state: asking(state, "search", ""), effects: [] };
    case "&":
      return { state: asking(state, "filter", logs.filter ?? ""), effects: [] };
    case "n":
      return logs.pattern ? to(searchLogs(logs, { pattern: logs.pattern, direction: "before" }, size)) : undefined;
    case "N":
      return logs.pattern ? to(searchLogs(logs, { pattern: logs.pattern, direction: "after" }, size)) : undefined;
    case "g":
    case "home":
      return to(jumpLogs(logs, "first", size));
    case "G":
    case "end":
      return to(jumpLogs(logs, "last", size));
    case "f":
      return logs.follows ? to(held(logs)) : to(jumpLogs(logs, "last", size));
    case " ":
      return to(scrollLogs(logs, bodyRows(size) - 1, size));
    case "w":
      return set({ wraps: !logs.wraps });
    case "t":
      return set({ stamps: !logs.stamps });
    case "right":
    case "l":
      return set({ left: logs.left + sidewaysColumns });
    case "left":
    case "h":
      return set({ left: Math.max(0, logs.left - sidewaysColumns) });
    case "y": {
      const line = logs.hit ?? logs.lines[anchorAt(logs)];
      const command = `${state.loaded.command} logs ${logs.title.includes(",") ? "" : logs.title}`.trim();
      return (
        line && { state, effects: [{ kind: "act", action: { kind: "copy", text: plainText(line.text), command } }] }
      );
    }
    case "escape":
      return escaped(state, logs);
    default:
      return undefined;
  }
}

function held(logs: LogsState): LogsUpdate {
  const line = logs.lines.at(-1);
  return { logs: { ...logs, follows: false, ...(line ? { anchor: line } : {}) }, effects: [] };
}

/** Ends a search first, then takes its marks away, then leaves. */
function escaped(state: ConsoleState, logs: LogsState): Update | undefined {
  if (logs.busy === "searching") {
    const { logs: next, effects } = cancelSearch(logs, state.size);
    return { state: { ...state, logs: next }, effects };
  }
  const { pattern, hit: _hit, problem: _problem, ...rest } = logs;
  if (pattern === undefined) return undefined;
  return { state: { ...state, logs: rest }, effects: [] };
}
