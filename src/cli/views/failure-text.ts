/** A failure card as text: what happened, to whom, the evidence, what it held back, what to do. Pure. */
import type { FailureCard } from "../../apply/apply-events.js";
import { elapsedText } from "../../base/elapsed.js";
import { printable } from "../../base/printable.js";
import type { Style } from "./style.js";

/** Several lines, each ending with a newline. Control characters of logs are taken out. */
export function failureText(card: FailureCard, style: Style): string {
  const who = card.service === undefined ? "" : `${card.service}: `;
  const facts: Array<[string, string]> = [
    ["phase", card.phase],
    ...fact("exit", exitText(card)),
    ...fact("place", card.source && `${card.source.file}:${card.source.line}`),
    ...probeFacts(card),
    ...fact("held back", card.heldBack.join(", ") || undefined),
  ];
  const lines = [
    `${style.red("error:")} ${style.bold(who)}${printable(card.message)}`,
    ...facts.map(([name, value]) => `  ${style.dim(`${name}:`.padEnd(10))} ${printable(value)}`),
    ...(card.lastLogLines.length > 0 ? [`  ${style.dim("last log lines:")}`] : []),
    ...card.lastLogLines.map((text) => `  ${style.dim("│")} ${printable(text)}`),
    ...(card.hint ? [`  ${style.cyan("hint:")} ${printable(card.hint)}`] : []),
  ];
  return lines.map((text) => `${text}\n`).join("");
}

function exitText({ exitCode, signal, oomKilled }: FailureCard): string | undefined {
  if (exitCode === undefined) return undefined;
  const why = oomKilled ? "out of memory" : signal;
  return why === undefined ? `code ${exitCode}` : `code ${exitCode} (${why})`;
}

/** Each of the last probes with its time of day, how long it took and how it ended. */
function probeFacts({ lastProbes = [], lastProbeOutput }: FailureCard): Array<[string, string]> {
  if (lastProbes.length === 0) return fact("probe", lastProbeOutput && firstLines(lastProbeOutput));
  return lastProbes.map(({ at, durationMs, exitCode, output }): [string, string] => {
    const time = /T(\d\d:\d\d:\d\d)/.exec(at)?.[1] ?? at;
    const took = durationMs === undefined ? "" : ` (${elapsedText(durationMs)})`;
    const said = output === "" ? "" : `: ${firstLines(output)}`;
    return ["probe", `${time}${took} exit code ${exitCode}${said}`];
  });
}

function firstLines(text: string): string {
  return text.split("\n").slice(0, 3).join(" / ");
}

function fact(name: string, value: string | undefined): Array<[string, string]> {
  return value === undefined ? [] : [[name, value]];
}
