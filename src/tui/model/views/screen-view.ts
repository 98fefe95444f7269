/** The whole screen: as many lines as the terminal has, none wider, and what a click means where. Pure. */

import { elapsedText } from "../../../base/elapsed.js";
import { bodyRows, bodyTop } from "../screen/frame.js";
import { cutLine, fillLine, headOfLine, type Line, lineWidth, type Segment, seg } from "../screen/line.js";
import { paddedLines, type View, type Zone } from "../screen/zones.js";
import { type ConsoleState, type ScreenName, screenNames } from "../state/console-state.js";
import { serviceRows } from "../state/service-rows.js";
import { detailsView } from "./details-view.js";
import { graphView } from "./graph-view.js";
import { logsView } from "./logs-view.js";
import { overlayBox } from "./overlay-view.js";
import { planView } from "./plan-view.js";
import { projectsView } from "./projects-view.js";
import { servicesView } from "./services-view.js";

/** Of less room nothing useful can be made. */
const least = { columns: 40, rows: 8 };

/** Drawn anew from the state at every change. */
export function screenView(state: ConsoleState): View {
  const { columns, rows } = state.size;
  if (columns < least.columns || rows < least.rows) {
    const text = `${columns}×${rows} is too small: ${least.columns}×${least.rows} will do`;
    return { lines: paddedLines([cutLine([seg(text)], columns)], rows), zones: [] };
  }
  const height = bodyRows(state.size);
  const body = bodyView(state, height);
  const tabs = tabLine(state);
  const keys = keyLine(state);
  const whole = [titleLine(state), tabs.line, ...paddedLines(body.lines, height), statusLine(state), keys.line];
  const lines = whole.map((line) => cutLine(line, columns));
  const zones = [
    ...tabs.zones,
    ...body.zones.map((zone) => ({ ...zone, row: zone.row + bodyTop })),
    ...keys.zones.map((zone) => ({ ...zone, row: rows - 1 })),
  ];
  return withOverlay(state, { lines, zones });
}

function bodyView(state: ConsoleState, rows: number): View {
  switch (state.screen) {
    case "services":
      return servicesView(state, rows);
    case "logs":
      return logsView(state.logs, { size: state.size, rows });
    case "details":
      return detailsView(state, rows);
    case "graph":
      return graphView(state, rows);
    case "plan":
      return planView(state, rows);
    case "projects":
      return projectsView(state, rows);
  }
}

function titleLine(state: ConsoleState): Line {
  const rows = serviceRows(state).filter(({ replica }) => replica === undefined);
  const running = rows.filter((row) => row.state === "running").length;
  const wrong = rows.filter((row) => row.state === "failed" || row.health === "unhealthy").length;
  const { engine, loaded, size } = state;
  const left: Line = [
    seg(" gantry ", "bold"),
    seg(loaded.name ?? "", "busy"),
    seg(rows.length > 0 ? `  ${running} of ${rows.length} running` : "", "dim"),
    ...(wrong > 0 ? [seg(`  ${wrong} in trouble`, "bad")] : []),
  ];
  const right: Line =
    engine.kind === "up"
      ? [seg(`${engine.label} `, "dim")]
      : [seg(engine.kind === "gone" ? `${engine.reason} ` : "connecting … ", engine.kind === "gone" ? "bad" : "dim")];
  return spread(left, right, size.columns);
}

function tabLine({ screen, size }: ConsoleState): { line: Line; zones: Zone[] } {
  const zones: Zone[] = [];
  const line: Segment[] = [seg(" ")];
  for (const [at, name] of screenNames.entries()) {
    const text = ` ${at + 1} ${name} `;
    const from = lineWidth(line);
    zones.push({ row: 1, from, to: from + text.length, target: { kind: "key", key: String(at + 1) } });
    line.push(name === screen ? { text, tone: "bold", inverse: true } : seg(text, "dim"), seg(" "));
  }
  const help = "? help ";
  const from = size.columns - help.length;
  zones.push({ row: 1, from, to: size.columns, target: { kind: "key", key: "?" } });
  return { line: spread(line, [seg(help, "dim")], size.columns), zones };
}

/** What is asked, else what a run does, else the last notice. */
function statusLine(state: ConsoleState): Line {
  const { overlay, notice, run, size, screen } = state;
  if (overlay?.kind === "prompt") {
    const sign = { search: "/", filter: "&", scale: "replicas: " }[overlay.asks];
    const problem = overlay.problem ? [seg(`  ${overlay.problem}`, "bad")] : [];
    return cutLine(
      [seg(` ${sign}`, "busy"), seg(overlay.text), { text: " ", tone: "plain", inverse: true }, ...problem],
      size.columns,
    );
  }
  if (overlay?.kind === "confirm") {
    return cutLine(
      [seg(" $ ", "dim"), seg(overlay.action.command, "bold"), seg("   enter runs it, esc does not", "busy")],
      size.columns,
    );
  }
  if (run && !run.outcome && screen !== "plan") {
    const begun = Math.min(...[...run.progress.rows.values()].map(({ sinceMs }) => sinceMs), state.monotonicMs);
    const done = `${run.progress.ended}/${run.progress.operations} done  ${elapsedText(state.monotonicMs - begun)}`;
    return cutLine([seg(" ● ", "busy"), seg(`$ ${run.command}  `), seg(done, "dim")], size.columns);
  }
  if (!notice) return [];
  const command = notice.command ? [seg(`   $ ${notice.command}`, "dim")] : [];
  return cutLine([seg(` ${notice.text}`, notice.tone), ...command], size.columns);
}

const screenKeys: Record<ScreenName, ReadonlyArray<readonly [key: string, does: string]>> = {
  services: [
    ["enter", "logs"],
    ["a", "actions"],
    ["s", "start"],
    ["x", "stop"],
    ["r", "restart"],
    ["e", "shell"],
    ["space", "mark"],
    ["L", "all logs"],
    ["q", "quit"],
  ],
  logs: [
    ["/", "search"],
    ["n", "next"],
    ["&", "filter"],
    ["f", "follow"],
    ["w", "wrap"],
    ["t", "times"],
    ["esc", "back"],
  ],
  details: [
    ["↓", "scroll"],
    ["a", "actions"],
    ["e", "shell"],
    ["esc", "back"],
  ],
  graph: [
    ["↓", "scroll"],
    ["esc", "back"],
  ],
  plan: [
    ["a", "carry out"],
    ["r", "look again"],
    ["↓", "scroll"],
    ["esc", "back"],
  ],
  projects: [
    ["enter", "switch"],
    ["esc", "back"],
  ],
};
const overlayKeys = {
  help: [
    ["↓", "scroll"],
    ["esc", "close"],
  ],
  menu: [
    ["↓", "choose"],
    ["enter", "take"],
    ["esc", "close"],
  ],
  confirm: [
    ["enter", "run it"],
    ["esc", "leave it"],
  ],
  prompt: [
    ["enter", "done"],
    ["esc", "leave it"],
  ],
} as const;
/** Keys of the footer whose name is not what the input calls them. */
const keyNames: Readonly<Record<string, string>> = { esc: "escape", space: " ", "↓": "down" };

function keyLine(state: ConsoleState): { line: Line; zones: Zone[] } {
  const keys = keysOf(state);
  const zones: Zone[] = [];
  const line: Segment[] = [seg(" ")];
  for (const [key, does] of keys) {
    if (zones.length > 0) line.push(seg("   "));
    const from = lineWidth(line);
    line.push(seg(key, "busy"), seg(` ${does}`, "dim"));
    zones.push({ row: 0, from, to: lineWidth(line) + 1, target: { kind: "key", key: keyNames[key] ?? key } });
  }
  return { line: cutLine(line, state.size.columns), zones };
}

function keysOf({ overlay, run, screen }: ConsoleState): ReadonlyArray<readonly [key: string, does: string]> {
  if (overlay) return overlayKeys[overlay.kind];
  if (screen !== "plan" || !run) return screenKeys[screen];
  return run.outcome ? [["esc", "back to the plan"]] : [["x", "cancel"]];
}

/** The left part gives way to the right one. */
function spread(left: Line, right: Line, columns: number): Line {
  const taken = Math.min(lineWidth(right), Math.floor(columns / 2));
  return [...fillLine(left, columns - taken), ...cutLine(right, taken)];
}

function withOverlay(state: ConsoleState, { lines, zones }: View): View {
  const box = state.overlay && overlayBox(state.overlay, state, bodyRows(state.size));
  if (!box) return { lines, zones: state.overlay ? zones.filter(({ row }) => row === state.size.rows - 1) : zones };
  const covered = lines.map((line, row): Line => {
    const over = box.view.lines[row - bodyTop - box.top];
    if (!over) return line;
    const before = headOfLine(line, box.left).map((segment): Segment => ({ text: segment.text, tone: "dim" }));
    return cutLine([...before, ...over], state.size.columns);
  });
  const own = box.view.zones.map((zone) => ({
    ...zone,
    row: zone.row + bodyTop + box.top,
    from: zone.from + box.left,
    to: zone.to + box.left,
  }));
  return { lines: covered, zones: own };
}
