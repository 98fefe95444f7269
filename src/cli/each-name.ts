/** Does one thing to several objects that the user named. */
import { GantryError, messageOf } from "../base/errors.js";
import { printable } from "../base/printable.js";
import type { CliContext } from "./context.js";

/**
 * All at once; prints each name that succeeded, in the order given, and each error. The exit code is 1 when one failed.
 */
export async function eachName(
  context: CliContext,
  names: readonly string[],
  act: (name: string) => Promise<unknown>,
): Promise<void> {
  const { stdout, stderr, signal } = context;
  const results = await Promise.allSettled(names.map(act));
  signal.throwIfAborted();
  for (const [at, result] of results.entries()) {
    if (result.status === "fulfilled") {
      stdout.write(`${names[at]}\n`);
      continue;
    }
    context.finish(1);
    stderr.write(`error: ${printable(messageOf(result.reason))}\n`);
    if (result.reason instanceof GantryError && result.reason.hint) stderr.write(`hint: ${result.reason.hint}\n`);
  }
}

/** What `inspect` gives for each name, in the order given; a missing one is reported and the exit code is 1. */
export async function inspectAll<T>(
  context: CliContext,
  names: readonly string[],
  inspect: (name: string) => Promise<T>,
): Promise<T[]> {
  const results = await Promise.allSettled(names.map(inspect));
  for (const result of results) {
    if (result.status === "fulfilled") continue;
    context.finish(1);
    context.stderr.write(`error: ${printable(messageOf(result.reason))}\n`);
  }
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}
