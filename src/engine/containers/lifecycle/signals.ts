/** Signals by name and number, and what the start of a container can fail with. Pure. */
import { constants } from "node:os";
import { GantryError, messageOf } from "../../../base/errors.js";

const numbers: Readonly<Record<string, number>> = constants.signals;
const lastSignal = 64;
const realTimeMin = 34;

/** A name with or without SIG in any case, `RTMIN+n`, `RTMAX-n`, or a number. Throws "bad-parameter". */
export function signalNumber(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, "");
  const realTime = /^(RTMIN|RTMAX)(?:([+-])(\d+))?$/.exec(name);
  const number = realTime ? realTimeNumber(realTime) : /^\d+$/.test(name) ? Number(name) : numbers[`SIG${name}`];
  if (number !== undefined && number >= 1 && number <= lastSignal) return number;
  throw new GantryError("bad-parameter", `Invalid signal: ${text}`);
}

/** Signals that ask a process to end: after one of them the restart policy leaves the container alone. */
export function asksToEnd(signal: number, stopSignal: number): boolean {
  return signal === stopSignal || ["SIGKILL", "SIGTERM", "SIGINT", "SIGQUIT"].some((name) => numbers[name] === signal);
}

/** Docker's exit code of a container whose process could not be started. */
export function startFailureCode(error: unknown): 126 | 127 | 128 {
  const text = messageOf(error).toLowerCase();
  if (/permission denied|is a directory/.test(text)) return 126;
  if (/executable file not found|no such file or directory/.test(text)) return 127;
  return error instanceof GantryError && error.code === "command-not-found" ? 127 : 128;
}

function realTimeNumber(parsed: RegExpExecArray): number {
  const base = parsed[1] === "RTMIN" ? realTimeMin : lastSignal;
  const offset = Number(parsed[3] ?? 0);
  return parsed[2] === "-" ? base - offset : base + offset;
}
