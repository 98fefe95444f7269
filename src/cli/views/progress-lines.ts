/** The event stream as plain lines, in Docker Compose's words: ` Container shop-web-1  Started  0.4s`. Pure. */
import type { ApplyEvent, EventResource } from "../../apply/apply-events.js";
import { elapsedText } from "../../base/elapsed.js";
import { printable } from "../../base/printable.js";
import type { Style } from "./style.js";

/** The lines of one event, mostly none or one, without line ends. */
export function progressLines(event: ApplyEvent, style: Style): string[] {
  switch (event.kind) {
    case "started":
      // Only what takes long is announced; the rest is told when it is done.
      return event.resource.kind === "image" ? [line(event.resource, event.action)] : [];
    case "waiting":
      return [line(event.resource, style.yellow("Waiting"), `for ${event.waitsFor}`)];
    case "done":
      if (event.step) return [];
      return [line(event.resource, style.green(event.action), elapsedText(event.durationMs))];
    case "progress":
      // What builds, hooks and providers say is what people read; a pull's figures are for the view that moves.
      return /^(build-image|prepare-model|run-(hook|job|provider)) /.test(event.operation)
        ? [` ${event.resource.name} │ ${printable(event.text)}`]
        : [];
    case "failed":
      if (event.optional) return []; // a warning follows
      return [line(event.resource, style.red("Error"), printable(event.failure.message))];
    case "held-back":
      if (event.step) return [];
      return [line(event.resource, style.yellow("Held back"), `because of: ${printable(event.because)}`)];
    case "undone":
      return [line(event.resource, style.yellow("Undone"))];
    case "warning":
      return [
        `${style.yellow("warning:")} ${printable(event.message)}`,
        ...(event.hint ? [`  ${style.cyan("hint:")} ${event.hint}`] : []),
      ];
    default:
      return [];
  }
}

/** `Container shop-web-1`: how Docker Compose names a thing. */
function resourceLabel({ kind, name }: EventResource): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${name}`;
}

function line(resource: EventResource, ...columns: string[]): string {
  return ` ${[resourceLabel(resource), ...columns].join("  ")}`;
}
