/** What lies over a screen: help, the action menu, a question, a line to type. Pure. */
import { widthOf } from "../screen/columns.js";
import { cutText, fillLine, fitText, inverted, type Line, lineWidth, seg } from "../screen/line.js";
import type { View, Zone } from "../screen/zones.js";
import type { ConsoleState, MenuEntry, Overlay } from "../state/console-state.js";

/** Help by screen: keys and what they do. */
const helpSections: ReadonlyArray<
  readonly [title: string, keys: ReadonlyArray<readonly [keys: string, does: string]>]
> = [
  [
    "Everywhere",
    [
      ["1 … 6, tab", "services, logs, details, graph, plan, projects"],
      ["↑ ↓ j k", "one line; pgup pgdn ctrl-u ctrl-d: a page; g G: first, last"],
      ["mouse", "click chooses, the wheel scrolls (shift selects text)"],
      ["esc", "back to the services"],
      ["q, ctrl-c", "leave; containers run on"],
    ],
  ],
  [
    "Services",
    [
      ["enter, l", "logs of the service, or of those marked; L: of all"],
      ["space", "mark; actions and logs then mean all that are marked"],
      ["a", "all actions with the commands that do the same"],
      ["u s x r", "bring up, start, stop, restart"],
      ["c", "scale"],
      ["e", "a shell in the container"],
      ["o y Y", "open in the browser; copy the name, the address"],
    ],
  ],
  [
    "Logs",
    [
      ["/", "search for a regular expression, from here to older lines"],
      ["n N", "the next older, the next newer match"],
      ["&", "show only lines that match; nothing typed shows all"],
      ["f w t", "follow the end; wrap long lines; times"],
      ["← → h l", "sideways"],
      ["y", "copy the line that was found, or the lowest one"],
    ],
  ],
  [
    "Plan",
    [
      ["a", "carry out this very plan"],
      ["r", "look again"],
      ["x", "cancel a run; what succeeded stays"],
    ],
  ],
];

/** Lines of the help, for scrolling. */
export function helpLines(): Line[] {
  return helpSections.flatMap(([title, keys]): Line[] => [
    [seg(title, "bold")],
    ...keys.map(([key, does]): Line => [seg(`  ${fitText(key, 12)}`, "busy"), seg(does)]),
    [],
  ]);
}

/** The overlay's box, and where it stands in the body. Prompts and questions stand in the status line instead. */
export function overlayBox(
  overlay: Overlay,
  { size }: ConsoleState,
  rows: number,
): { view: View; top: number; left: number } | undefined {
  if (overlay.kind === "help")
    return boxed("keys", helpLines().slice(overlay.top, overlay.top + rows - 2), size.columns, rows);
  if (overlay.kind !== "menu") return undefined;
  const width = Math.max(0, ...overlay.entries.map(({ label }) => widthOf(label)));
  const lines = overlay.entries.map((entry, at) => menuLine(entry, width, at === overlay.selected));
  const box = boxed(overlay.title, lines, size.columns, rows);
  const zones = overlay.entries.map(
    (_entry, at): Zone => ({
      row: at + 1,
      from: 0,
      to: lineWidth(box.view.lines[0] ?? []),
      target: { kind: "entry", at },
    }),
  );
  return { ...box, view: { ...box.view, zones } };
}

function menuLine({ key, label, action, reason }: MenuEntry, width: number, isSelected: boolean): Line {
  const behind = action ? `$ ${action.command}` : (reason ?? "");
  const isOff = reason !== undefined;
  const line: Line = [
    seg(`${key} `, isOff ? "dim" : "busy"),
    seg(`${fitText(label, width)}  `, isOff ? "dim" : "plain"),
    seg(behind, "dim"),
  ];
  return isSelected ? inverted(line) : line;
}

function boxed(title: string, content: readonly Line[], columns: number, rows: number) {
  const widest = Math.max(widthOf(title) + 2, ...content.map(lineWidth));
  const inner = Math.min(columns - 6, widest);
  const height = Math.min(rows - 2, content.length);
  const edge = "─".repeat(Math.max(0, inner - widthOf(title) - 1));
  const lines: Line[] = [
    [seg(`╭─ ${cutText(title, inner)} ${edge}╮`, "dim")],
    ...content.slice(0, height).map((line): Line => [seg("│ ", "dim"), ...fillLine(line, inner), seg(" │", "dim")]),
    [seg(`╰${"─".repeat(inner + 2)}╯`, "dim")],
  ];
  return {
    view: { lines, zones: [] as Zone[] },
    top: Math.max(0, Math.floor((rows - lines.length) / 2)),
    left: Math.max(0, Math.floor((columns - inner - 4) / 2)),
  };
}
