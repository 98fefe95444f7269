/** A failure card as lines of a screen. Pure. */
import type { FailureCard } from "../../apply/apply-events.js";
import { printable } from "../../base/printable.js";

/** What happened, the evidence, what to do. */
export function failureLines(card: FailureCard): string[] {
  const { service, message, exitCode, oomKilled, signal, lastProbeOutput, lastLogLines, heldBack, hint } = card;
  const why = oomKilled ? ", out of memory" : signal === undefined ? "" : `, ${signal}`;
  return [
    `${service === undefined ? "" : `${service}: `}${message}`,
    ...(exitCode === undefined ? [] : [`  exit code ${exitCode}${why}`]),
    ...(lastProbeOutput ? [`  probe: ${lastProbeOutput.split("\n")[0]}`] : []),
    ...lastLogLines.map((line) => `  │ ${line}`),
    ...(heldBack.length > 0 ? [`  held back: ${heldBack.join(", ")}`] : []),
    ...(hint ? [`  ${hint}`] : []),
  ].map(printable);
}
