/** Lists the variables that Compose files name, with their defaults. Pure. */
import type { Tree } from "../tree.js";
import { variablesIn } from "./interpolate.js";

export interface VariableInfo {
  readonly name: string;
  /** True when one of its uses is an error without a value. */
  readonly required: boolean;
  /** Of the first use that has one, as written. */
  readonly defaultValue: string;
  /** What replaces a value that is set (`${V:+word}`), as written. */
  readonly alternateValue: string;
}

/** Sorted by name, each once. */
export function variablesOf(trees: readonly Tree[]): VariableInfo[] {
  const found = new Map<string, VariableInfo>();
  const visit = (tree: Tree): void => {
    if (tree.kind === "list") for (const item of tree.items) visit(item);
    if (tree.kind === "map") for (const entry of tree.entries.values()) visit(entry.value);
    if (tree.kind === "scalar" && typeof tree.value === "string") visitText(tree.value);
  };
  const visitText = (text: string): void => {
    for (const { name, operator = "", word } of variablesIn(text)) {
      const known = found.get(name);
      found.set(name, {
        name,
        required: (known?.required ?? false) || operator.endsWith("?"),
        defaultValue: known?.defaultValue || (operator.endsWith("-") ? word : ""),
        alternateValue: known?.alternateValue || (operator.endsWith("+") ? word : ""),
      });
    }
  };
  for (const tree of trees) visit(tree);
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
