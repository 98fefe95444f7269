/** What shows one build of `image build`: its text on stdout, or a view, or JSON lines on stderr. */
import type { ApplyEvent, EventResource, FailureCard } from "../../../../apply/apply-events.js";
import type { BuildRun } from "../../../../apply/build/build-image.js";
import type { CliContext } from "../../../context.js";
import { createRenderer } from "../../compose/output/progress.js";
import { progressMode } from "../../compose/output/terminal.js";

/** `end` is called once, with the card of a failure; afterwards the terminal is as it was. */
export interface ShownBuild extends Pick<BuildRun, "onText" | "onStep"> {
  end(failure?: FailureCard | "cancelled"): Promise<void>;
}

export interface ShowOptions {
  readonly name: string;
  readonly quiet: boolean;
  /** The command's own flag, in docker build's words. */
  readonly progress: string | undefined;
  /** Where plain text goes. */
  readonly text: NodeJS.WritableStream;
}

export async function showBuild(
  context: CliContext,
  { name, quiet, progress, text: to }: ShowOptions,
): Promise<ShownBuild> {
  const asked = progress === "rawjson" ? "json" : progress;
  const mode = quiet ? "quiet" : progressMode(context, { operations: Number.POSITIVE_INFINITY, asked });
  if (mode === "quiet") return { onText: () => {}, end: async () => {} };
  if (mode === "plain") return { onText: (text) => void to.write(text), end: async () => {} };
  const renderer = await createRenderer(context, 1, { builds: true, mode });
  const beganMs = context.clock.monotonicMs();
  const run = { command: "image build", project: "", operations: 1 };
  const resource: EventResource = { kind: "image", name };
  const on = { operation: `build-image ${name}`, resource };
  const emit = (event: DistributiveOmit<ApplyEvent, "at">) => {
    renderer.show({ at: context.clock.now().toISOString(), ...event } as ApplyEvent); // as the parameter's type says
  };
  emit({ kind: "run-started", ...run });
  emit({ kind: "started", ...on, action: "Building" });
  return {
    onText: (text) => emit({ kind: "progress", ...on, text: text.trimEnd() }),
    onStep: (build) => emit({ kind: "progress", ...on, text: build.kind === "began" ? build.text : "", build }),
    end: async (failure) => {
      const durationMs = context.clock.monotonicMs() - beganMs;
      if (failure === "cancelled") emit({ kind: "undone", ...on });
      else if (failure) emit({ kind: "failed", ...on, failure, durationMs });
      else emit({ kind: "done", ...on, action: "Built", durationMs });
      emit({
        kind: "run-ended",
        outcome: failure === "cancelled" ? failure : failure ? "failed" : "succeeded",
        durationMs,
        done: failure ? 0 : 1,
      });
      await renderer.close();
    },
  };
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
