/** The services of the project, one row each, and below them what has happened. Pure. */
import type { ContainerSummary } from "../../../wire/container.js";
import { composeLabels } from "../../../wire/labels.js";
import { widthOf } from "../screen/columns.js";
import { cutLine, fillLine, fitText, inverted, type Line, type Segment, seg, type Tone } from "../screen/line.js";
import { spark } from "../screen/spark.js";
import type { View, Zone } from "../screen/zones.js";
import type { ConsoleState, Reading } from "../state/console-state.js";
import { type ServiceRow, selectedRow, serviceRows } from "../state/service-rows.js";
import { ageText, clockText, sizeText, upMs } from "./words.js";

interface Column {
  readonly title: string;
  readonly width: number;
  cell(row: ServiceRow): Segment;
}

/** Height that events are given where the table leaves it. */
const leastEventRows = 4;
const sparkColumns = 8;
/** Of wide screens, where there is room for what one looks at seldom. */
const wideColumns = 130;

/** Table and events in `rows` lines. */
export function servicesView(state: ConsoleState, rows: number): View {
  const all = serviceRows(state);
  if (all.length === 0) return { lines: emptyLines(state), zones: [] };
  const { columns } = state.size;
  const table = columnsOf(state, all, columns);
  const selected = selectedRow(state)?.key;
  const free = rows - 1 - all.length;
  const eventRows = free >= leastEventRows ? free - 1 : 0;
  const tableRows = rows - 1 - (eventRows > 0 ? eventRows + 1 : 0);
  const top = visibleTop(
    state.top,
    all.findIndex(({ key }) => key === selected),
    { length: all.length, rows: tableRows },
  );
  const shown = all.slice(top, top + tableRows);
  const isPart = shown.length < all.length;
  const zones = shown.map(
    (row, at): Zone => ({ row: at + 1, from: 0, to: columns, target: { kind: "row", key: row.key } }),
  );
  const lines: Line[] = [
    titleLine(table, columns, isPart ? `${top + 1}–${top + shown.length}/${all.length}` : ""),
    ...shown.map((row) => {
      const line = rowLine(row, table, { isMarked: state.marked.has(row.service), isSelected: row.key === selected });
      return row.key === selected ? inverted(fillLine(line, columns)) : cutLine(line, columns);
    }),
  ];
  if (eventRows > 0) lines.push(...eventLines(state, eventRows));
  return { lines, zones };
}

/** The first row that is shown so that the selected one is. */
export function visibleTop(top: number, selected: number, { length, rows }: { length: number; rows: number }): number {
  const highest = Math.max(0, length - rows);
  if (selected < 0) return Math.min(top, highest);
  return Math.min(Math.max(0, Math.min(Math.max(top, selected - rows + 1), selected)), highest);
}

const stateWords: Record<ServiceRow["state"], { mark: string; word: string; tone: Tone }> = {
  running: { mark: "●", word: "running", tone: "good" },
  partly: { mark: "◐", word: "running", tone: "wait" },
  paused: { mark: "‖", word: "paused", tone: "wait" },
  restarting: { mark: "◌", word: "restarting", tone: "wait" },
  created: { mark: "○", word: "created", tone: "dim" },
  exited: { mark: "○", word: "exited", tone: "dim" },
  failed: { mark: "✘", word: "exited", tone: "bad" },
  absent: { mark: "·", word: "not created", tone: "dim" },
};

/** `● running`, `✘ exited 137`, `◐ 1/2 run`. */
export function stateSegment(row: ServiceRow): Segment {
  const { mark, word, tone } = stateWords[row.state];
  if (row.state === "partly") return seg(`${mark} ${row.running}/${row.wanted} run`, tone);
  const code =
    row.exitCode !== undefined && (row.state === "exited" || row.state === "failed") ? ` ${row.exitCode}` : "";
  const count = row.state === "running" && row.wanted > 1 ? ` ${row.running}/${row.wanted}` : "";
  return seg(`${mark} ${word}${code}${count}`, tone);
}

/** Health in its tone; blank for what has no check. */
export function healthSegment({ health }: Pick<ServiceRow, "health">): Segment {
  if (!health) return seg("–", "dim");
  return seg(health, health === "healthy" ? "good" : health === "unhealthy" ? "bad" : "wait");
}

function columnsOf(state: ConsoleState, rows: readonly ServiceRow[], columns: number): Column[] {
  const isWide = columns >= wideColumns;
  const widest = Math.max(7, ...rows.map((row) => widthOf(nameText(row))));
  const image = isWide ? Math.min(40, Math.max(5, ...rows.map((row) => widthOf(imageText(state, row))))) : 0;
  const fixed: Column[] = [
    { title: "STATE", width: 13, cell: stateSegment },
    { title: "HEALTH", width: 9, cell: healthSegment },
    { title: "CPU", width: sparkColumns + 5, cell: (row) => cpuCell(state, row) },
    { title: "MEMORY", width: sparkColumns + 6, cell: (row) => memoryCell(state, row) },
    ...(isWide ? [{ title: "UP", width: 6, cell: (row: ServiceRow) => seg(upText(state, row), "dim") }] : []),
    ...(isWide ? [{ title: "IMAGE", width: image, cell: (row: ServiceRow) => seg(imageText(state, row), "dim") }] : []),
  ];
  const taken = fixed.reduce((sum, { width }) => sum + width + 1, 3);
  const name = Math.min(widest, Math.max(7, Math.min(32, columns - taken - 12)));
  const ports = Math.max(5, columns - taken - name - 1);
  return [
    {
      title: "SERVICE",
      width: name,
      cell: (row) => seg(nameText(row), row.replica ? "dim" : row.isOrphan ? "wait" : "plain"),
    },
    ...fixed,
    { title: "PORTS", width: ports, cell: (row) => seg(portText(row), "plain") },
  ];
}

/** `note` says at the right edge which rows are shown, where not all are; the last title makes way for it. */
function titleLine(table: readonly Column[], columns: number, note: string): Line {
  const titles = table.map(({ title, width }) => fitText(title, width));
  const whole = `  ${titles.join(" ")}`.trimEnd();
  const text = widthOf(whole) + widthOf(note) < columns ? whole : `  ${titles.slice(0, -1).join(" ")}`.trimEnd();
  const gap = Math.max(1, columns - widthOf(text) - widthOf(note));
  return cutLine([seg(note === "" ? whole : `${text}${" ".repeat(gap)}${note}`, "dim")], columns);
}

function rowLine(
  row: ServiceRow,
  table: readonly Column[],
  { isMarked, isSelected }: { isMarked: boolean; isSelected: boolean },
): Line {
  const mark = seg(isMarked ? "✓ " : isSelected ? "▸ " : "  ", isMarked ? "busy" : "plain");
  const cells = table.map(({ width, cell }) => {
    const segment = cell(row);
    return { ...segment, text: `${fitText(segment.text, width)} ` };
  });
  return [mark, ...cells];
}

function nameText({ service, replica, isOrphan }: ServiceRow): string {
  if (replica !== undefined) return `  └ ${replica}`;
  return isOrphan ? `${service} (orphan)` : service;
}

function imageText({ loaded }: ConsoleState, row: ServiceRow): string {
  return row.containers[0]?.Image ?? loaded.project?.services.get(row.service)?.image ?? "";
}

function cpuCell(state: ConsoleState, row: ServiceRow): Segment {
  const readings = readingsOf(state, row);
  const last = readings.at(-1);
  if (!last || row.running === 0) return seg("");
  const percent = last.cpu >= 100 ? `${Math.round(last.cpu)}%` : `${last.cpu.toFixed(last.cpu < 10 ? 1 : 0)}%`;
  return seg(
    `${spark(
      readings.map(({ cpu }) => cpu),
      sparkColumns,
      10,
    )}${percent.padStart(5)}`,
    "busy",
  );
}

function memoryCell(state: ConsoleState, row: ServiceRow): Segment {
  const readings = readingsOf(state, row);
  const last = readings.at(-1);
  if (!last || row.running === 0) return seg("");
  const values = readings.map(({ memory }) => memory);
  const curve = spark(values, sparkColumns, Math.max(...values) * 1.2);
  return seg(`${curve}${sizeText(last.memory).padStart(6)}`, "busy");
}

/** Sums of a service's replicas, reading by reading from the newest. */
function readingsOf({ readings }: ConsoleState, { containers }: ServiceRow): Reading[] {
  const all = containers.filter(({ State }) => State === "running").map(({ Id }) => readings.get(Id) ?? []);
  const length = Math.max(0, ...all.map((own) => own.length));
  return Array.from({ length }, (_none, at) => {
    const back = length - at;
    const sum = { cpu: 0, memory: 0 };
    for (const own of all) {
      sum.cpu += own.at(-back)?.cpu ?? 0;
      sum.memory += own.at(-back)?.memory ?? 0;
    }
    return sum;
  });
}

function upText({ nowMs, observedAtMs }: ConsoleState, { containers, running }: ServiceRow): string {
  const first = containers.find(({ State }) => State === "running");
  return first && running > 0 ? ageText(upMs(first.Status) + nowMs - observedAtMs) : "";
}

/** `8080→80`, published ones first, each once. */
export function portText({ containers }: Pick<ServiceRow, "containers">): string {
  const ports = containers.flatMap(({ Ports }) => Ports);
  const text = (port: ContainerSummary["Ports"][number]) => {
    const kind = port.Type === "tcp" ? "" : `/${port.Type}`;
    if (!port.PublicPort) return `${port.PrivatePort}${kind}`;
    const isOwn = port.IP && !["0.0.0.0", "::", ""].includes(port.IP);
    return `${isOwn ? `${port.IP}:` : ""}${port.PublicPort}→${port.PrivatePort}${kind}`;
  };
  const open = ports.filter(({ PublicPort }) => PublicPort);
  const shown = [
    ...open,
    ...ports.filter((port) => !port.PublicPort && !open.some((one) => one.PrivatePort === port.PrivatePort)),
  ];
  return [...new Set(shown.map(text))].join(" ");
}

function eventLines({ happenings, size }: ConsoleState, rows: number): Line[] {
  const title: Line = [seg(`${"─".repeat(2)} events ${"─".repeat(Math.max(0, size.columns - 10))}`, "dim")];
  const shown = happenings.slice(-rows).map((one): Line => {
    return cutLine(
      [seg(`  ${clockText(one.atMs)}  `, "dim"), seg(`${fitText(one.service, 14)}  `), seg(one.text, one.tone)],
      size.columns,
    );
  });
  return [cutLine(title, size.columns), ...(shown.length > 0 ? shown : [[seg("  nothing has happened yet", "dim")]])];
}

function emptyLines({ loaded, isLoading, hasObserved, engine, size }: ConsoleState): Line[] {
  const say = (...texts: Segment[]): Line => cutLine([seg("  "), ...texts], size.columns);
  if (isLoading) return [[], say(seg("Reading the project …", "dim"))];
  if (loaded.problems.length > 0) return [[], ...loaded.problems.map((text) => say(seg(text, "plain")))];
  if (engine.kind === "gone" && !hasObserved) {
    return [[], say(seg(engine.reason, "bad")), ...(engine.hint ? [say(seg(engine.hint, "dim"))] : [])];
  }
  if (!hasObserved) return [[], say(seg("Looking at the engine …", "dim"))];
  return [[], say(seg("This project has no services."))];
}

/** Containers that `run` made, which have no row of their own. */
export function oneOffCount({ containers, loaded }: ConsoleState): number {
  return containers.filter(
    ({ Labels }) => Labels[composeLabels.project] === loaded.name && Labels[composeLabels.oneoff] === "True",
  ).length;
}
