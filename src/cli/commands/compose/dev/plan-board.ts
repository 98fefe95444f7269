/** Shows a plan that is being carried out as tasks: each ends when its operations have. */
import type { ApplyEvent } from "../../../../apply/apply-events.js";
import type { EventRenderer } from "../../../../apply/event-renderer.js";
import { elapsedText } from "../../../../base/elapsed.js";
import { printable } from "../../../../base/printable.js";
import { type PlanTask, tasksOf } from "../../../../dev/plan-tasks.js";
import type { Plan } from "../../../../plan/operation.js";
import type { CliContext } from "../../../context.js";
import { type ListrTask, runTasks } from "./tasks.js";

/** A renderer for `runPlan`; its `close` waits until the last line is drawn. */
export function showAsTasks(context: CliContext, plan: Plan): EventRenderer {
  const parts = tasksOf(plan).map((task) => new Part(task));
  const byOperation = new Map(parts.flatMap((part) => part.operations.map((id) => [id, part] as const)));
  // What failed is told by cards, with the last lines of output.
  const shown = runTasks(context, parts.map(taskOf), { concurrent: true, exitOnError: false }).catch(() => {});
  return {
    show: (event) => {
      if (event.kind === "warning") context.stderr.write(`warning: ${printable(event.message)}\n`);
      if ("operation" in event) byOperation.get(event.operation)?.show(event);
    },
    tell: (text) => void context.stderr.write(`${text}\n`),
    close: async () => {
      for (const part of parts) part.giveUp();
      await shown;
    },
  };
}

function taskOf(part: Part): ListrTask {
  return {
    title: part.title,
    task: async (_, task) => {
      part.tell = (text) => {
        task.output = text;
      };
      task.title = `${part.title}  ${await part.ended}`;
    },
  };
}

/** One task; resolves with the last thing that happened to it. */
class Part {
  readonly title: string;
  readonly operations: readonly string[];
  readonly ended: Promise<string>;
  readonly #open: Set<string>;
  #resolve: (last: string) => void = () => {};
  #reject: (error: Error) => void = () => {};
  #last = "";
  #durationMs = 0;
  tell: (text: string) => void = () => {};

  constructor({ title, operations }: PlanTask) {
    this.title = title;
    this.operations = operations;
    this.#open = new Set(operations);
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ended.catch(() => {}); // told by the list, if it is drawn at all
  }

  show(event: Extract<ApplyEvent, { readonly operation: string }>): void {
    switch (event.kind) {
      case "started":
        return void this.tell(event.action);
      case "progress":
        return void this.tell(printable(event.text));
      case "waiting":
        return void this.tell(`waits for ${event.waitsFor}`);
      case "done":
        if (!event.step) this.#last = event.action.toLowerCase();
        this.#durationMs = Math.max(this.#durationMs, event.durationMs);
        this.#open.delete(event.operation);
        if (this.#open.size === 0) this.#resolve(`${this.#last} ${elapsedText(this.#durationMs)}`.trim());
        return;
      case "failed":
        return void this.#reject(new Error(printable(event.failure.message)));
      case "held-back":
        return void this.#reject(new Error(`held back: ${printable(event.because)}`));
    }
  }

  /** The run is over; what has not ended was cancelled. */
  giveUp(): void {
    if (this.#open.size > 0) this.#reject(new Error("cancelled"));
  }
}
