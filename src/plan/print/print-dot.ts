/** A plan as a graph for Graphviz: an operation is a box, an arrow goes to what waits for it. Pure. */
import type { Plan } from "../operation.js";
import { printOperation } from "../print-plan.js";

/**
 * `gantry plan --format dot`. A dashed box depends on what images come. A dashed arrow only waits for the end, whatever
 * it is; a dotted one leads to a remedy.
 */
export function planToDot(plan: Plan): string {
  const nodes = plan.operations.map((op) => {
    const [what = op.id, ...why] = printOperation(op).split(": ");
    const style = op.onlyIf ? " style=dashed" : "";
    return `  ${quoted(op.id)} [shape=box${style} label=${quoted([what, why.join(": ")].join("\n"))}];`;
  });
  const edges = plan.operations.flatMap((op) => [
    ...op.after.map((id) => `  ${quoted(id)} -> ${quoted(op.id)};`),
    ...(op.settled ?? []).map((id) => `  ${quoted(id)} -> ${quoted(op.id)} [style=dashed];`),
    ...(op.remedies ?? []).map((id) => `  ${quoted(id)} -> ${quoted(op.id)} [style=dotted];`),
  ]);
  return [`digraph ${quoted(plan.project)} {`, ...nodes, ...edges, "}", ""].join("\n");
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
