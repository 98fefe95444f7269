/** Every project the engine has containers of, and the one of this folder. Pure. */
import { cutLine, fillLine, fitText, inverted, type Line, seg } from "../screen/line.js";
import type { View, Zone } from "../screen/zones.js";
import type { ConsoleState } from "../state/console-state.js";
import { knownProjects } from "../state/service-rows.js";
import { visibleTop } from "./services-view.js";

/** One row for each, the one that is shown marked. */
export function projectsView(state: ConsoleState, rows: number): View {
  const all = knownProjects(state.containers);
  const { columns } = state.size;
  if (all.length === 0) return { lines: [[], [seg("  The engine has no project's containers.", "dim")]], zones: [] };
  const name = Math.min(32, Math.max(7, ...all.map((one) => one.name.length)));
  const top = visibleTop(0, state.projectAt, { length: all.length, rows: rows - 1 });
  const shown = all.slice(top, top + rows - 1);
  const lines = shown.map((one, at): Line => {
    const isHere = one.name === state.loaded.name;
    const tone = one.running === one.all ? "good" : one.running > 0 ? "wait" : "dim";
    const line: Line = [
      seg(isHere ? "● " : "  ", "good"),
      seg(`${fitText(one.name, name)} `, isHere ? "bold" : "plain"),
      seg(`${fitText(`${one.running}/${one.all}`, 8)} `, tone),
      seg(one.workingDir ?? one.configFiles[0] ?? "", "dim"),
    ];
    return top + at === state.projectAt ? inverted(fillLine(line, columns)) : cutLine(line, columns);
  });
  const zones = shown.map(
    (_one, at): Zone => ({ row: at + 1, from: 0, to: columns, target: { kind: "entry", at: top + at } }),
  );
  return { lines: [[seg(`  ${fitText("PROJECT", name)} ${fitText("RUNNING", 8)} FOLDER`, "dim")], ...lines], zones };
}
