/** Differences as text for people: an object a line, its fields below. Pure. */
import type { Drift } from "../compare/drift.js";
import { changeText, type PlanStyle, placeText, plainStyle } from "../print-plan.js";

const signs = { missing: "+", differs: "~", stopped: "~", superfluous: "-" } as const;

/** The text of `gantry diff`. Places are relative to `baseDir` where they are inside it. */
export function printDrift(
  project: string,
  drift: readonly Drift[],
  { baseDir, style = plainStyle }: { baseDir: string; style?: PlanStyle },
): string {
  if (drift.length === 0) return `${project}: as its files say\n`;
  const paints = { "+": style.add, "~": style.change, "-": style.remove };
  const lines = drift.flatMap(({ kind, name, state, reason, changes }) => [
    `${paints[signs[state]](signs[state])} ${kind} ${name}  ${style.dim(reason)}`,
    ...changes.map((change) => style.dim(`    ${changeText(change)}${placeText(change.source, baseDir)}`)),
  ]);
  return `${lines.join("\n")}\n`;
}
