/** Chooses what shows a run's events: nothing, JSON lines, plain lines, or the view of `tui/`. All on stderr. */
import { eventStreamVersion } from "../../../../apply/apply-events.js";
import type { EventRenderer } from "../../../../apply/event-renderer.js";
import type { CliContext } from "../../../context.js";
import { progressLines } from "../../../views/progress-lines.js";
import { styleFor } from "../../../views/style.js";
import { type ProgressMode, progressMode, wantsColor } from "./terminal.js";

export interface RendererOptions {
  readonly quiet?: boolean;
  readonly still?: boolean;
  readonly builds?: boolean;
  /** In place of what the terminal, flags and environment come to. */
  readonly mode?: ProgressMode;
}

/**
 * The view is loaded only for it; everything else starts at once. With `still` there are lines in its place; with
 * `builds` nothing but builds is to be shown, which always take long.
 */
export async function createRenderer(
  context: CliContext,
  operations: number,
  { quiet = false, still = false, builds = false, mode: asked }: RendererOptions = {},
): Promise<EventRenderer> {
  const { stderr, clock } = context;
  const long = builds ? Number.POSITIVE_INFINITY : operations;
  const mode = quiet ? "quiet" : (asked ?? progressMode(context, { operations: long }));
  switch (mode) {
    case "quiet":
      return { show: () => {}, tell: (text) => void stderr.write(`${text}\n`), close: async () => {} };
    case "json":
      return {
        ...lineRenderer(stderr, (event) => [JSON.stringify({ version: eventStreamVersion, ...event })]),
        showsBuildSteps: true,
      };
    case "tty": {
      const load = builds ? context.loadBuildView : context.loadProgressView;
      if (load && !still) {
        const create = await load();
        const color = wantsColor(context, stderr);
        const monotonicMs = () => clock.monotonicMs();
        const atExit = (restore: () => void) => context.atExit(restore);
        return create({ stream: stderr, color, startedAtMs: clock.monotonicMs(), monotonicMs, atExit });
      }
      break;
    }
    case "plain":
      break;
  }
  const style = styleFor(wantsColor(context, stderr));
  const heldBack = new Set<string>();
  return lineRenderer(stderr, (event) => {
    if (event.kind === "held-back") {
      const name = `${event.resource.kind} ${event.resource.name}`;
      if (heldBack.has(name)) return []; // its start is held back because its creation was: that says nothing new
      heldBack.add(name);
    }
    return progressLines(event, style);
  });
}

function lineRenderer(
  stream: NodeJS.WriteStream,
  linesOf: (event: Parameters<EventRenderer["show"]>[0]) => readonly string[],
): EventRenderer {
  return {
    show: (event) => {
      for (const line of linesOf(event)) stream.write(`${line}\n`);
    },
    tell: (text) => void stream.write(`${text}\n`),
    close: async () => {},
  };
}
