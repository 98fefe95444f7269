/** What depends on what, as a tree of text: each service under those that need it. Pure. */
import type { Project } from "../../../compose/project.js";
import { cutLine, type Line, type Segment, seg } from "../screen/line.js";
import type { View } from "../screen/zones.js";
import type { ConsoleState } from "../state/console-state.js";
import { type ServiceRow, serviceRows } from "../state/service-rows.js";
import { healthSegment, stateSegment } from "./services-view.js";

/** The tree from `graphTop` on. */
export function graphView(state: ConsoleState, rows: number): View {
  const lines = graphLines(state);
  return { lines: lines.slice(state.graphTop, state.graphTop + rows), zones: [] };
}

/**
 * Services that nothing depends on stand at the left, what they need below them. A service whose own needs were shown
 * before is not unfolded again.
 */
export function graphLines(state: ConsoleState): Line[] {
  const { project } = state.loaded;
  if (!project) return [[], [seg("  The graph needs the project's files.", "dim")]];
  const needed = new Set([...project.services.values()].flatMap(({ depends_on }) => [...depends_on.keys()]));
  const roots = [...project.services.keys()].filter((name) => !needed.has(name));
  const rows = new Map(serviceRows(state).map((row) => [row.key, row]));
  const unfolded = new Set<string>();
  const lines = roots.flatMap((name) =>
    treeOf(name, { project, rows, unfolded, indent: "", branch: "", condition: "" }),
  );
  return [
    [seg("  Each service stands above what it waits for.", "dim")],
    [],
    ...lines.map((line) => cutLine([seg("  "), ...line], state.size.columns)),
  ];
}

interface Place {
  readonly project: Project;
  readonly rows: ReadonlyMap<string, ServiceRow>;
  readonly unfolded: Set<string>;
  /** What stands before the lines below this one. */
  readonly indent: string;
  /** What stands before this one. */
  readonly branch: string;
  readonly condition: string;
}

function treeOf(name: string, place: Place): Line[] {
  const { project, rows, unfolded, indent, branch, condition } = place;
  const needs = [...(project.services.get(name)?.depends_on ?? [])];
  const isKnown = unfolded.has(name);
  unfolded.add(name);
  const row = rows.get(name);
  const state: Segment[] = row
    ? [seg("  "), stateSegment(row), ...(row.health ? [seg(" "), healthSegment(row)] : [])]
    : [];
  const line: Line = [
    seg(branch, "dim"),
    seg(name, "bold"),
    ...state,
    ...(condition ? [seg(`  ${condition}`, "dim")] : []),
    ...(isKnown && needs.length > 0 ? [seg("  (shown above)", "dim")] : []),
  ];
  if (isKnown) return [line];
  const below = needs.flatMap(([other, dependency], at) => {
    const isLast = at === needs.length - 1;
    return treeOf(other, {
      ...place,
      indent: `${indent}${isLast ? "   " : "│  "}`,
      branch: `${indent}${isLast ? "└─ " : "├─ "}`,
      condition: conditionText(dependency),
    });
  });
  return [line, ...below];
}

function conditionText({
  condition,
  required,
  restart,
}: {
  condition: string;
  required?: boolean;
  restart?: boolean;
}): string {
  const words = condition.replace(/^service_/, "").replaceAll("_", " ");
  return [`once ${words}`, ...(required === false ? ["optional"] : []), ...(restart ? ["restarts with it"] : [])].join(
    ", ",
  );
}
