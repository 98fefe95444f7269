/** Substitutes variables in every string value of a tree, never in keys. Pure. */

import type { SourceLocation } from "../../base/diagnostic.js";
import { nearestWord } from "../did-you-mean.js";
import { placeKey, type VariableUse } from "../project.js";
import type { Report } from "../report.js";
import { mapEntries, type ScalarTree, type Tree } from "../tree.js";
import { interpolate } from "./interpolate.js";

/** Warned of once per variable and load, as one unset variable often stands in many places. */
export interface Variables {
  readonly values: Readonly<Record<string, string>>;
  readonly warned: Set<string>;
  /** True leaves every value as written. */
  readonly keepsText?: boolean | undefined;
  /** Filled with the variables that each value read, by the value's place as `placeKey` writes it. */
  readonly uses?: Map<string, readonly VariableUse[]> | undefined;
  /** Filled with the text of each scalar once its variables are replaced, by its place. */
  readonly texts?: Map<string, string> | undefined;
  /** Where env files set variables. */
  readonly places?: ReadonlyMap<string, SourceLocation> | undefined;
}

/** The tree with variables replaced; problems go to `report` with the place of the value that has them. */
export function interpolateTree(tree: Tree, variables: Variables, report: Report): Tree {
  if (variables.keepsText) return tree;
  if (tree.kind === "list") {
    return { ...tree, items: tree.items.map((item) => interpolateTree(item, variables, report)) };
  }
  if (tree.kind === "map") return mapEntries(tree, (value) => interpolateTree(value, variables, report));
  const hasVariables = typeof tree.value === "string" && tree.value.includes("$");
  const replaced = hasVariables ? interpolateScalar(tree, variables, report) : tree;
  const place = variables.texts && tree.at.at(-1);
  if (place) variables.texts?.set(placeKey(place), replaced.text);
  return replaced;
}

function interpolateScalar(tree: ScalarTree, variables: Variables, report: Report): ScalarTree {
  const { values, warned } = variables;
  const read = new Set<string>();
  const result = interpolate(String(tree.value), (name) => {
    read.add(name);
    return Object.hasOwn(values, name) ? values[name] : undefined;
  });
  remember(tree, read, variables);
  switch (result.kind) {
    case "ok":
      for (const name of new Set(result.unset)) {
        if (warned.has(name)) continue;
        warned.add(name);
        const hint = `Set it in .env, or write \${${name}:-default}`;
        report.warn(tree, "unset-variable", `Variable ${name} is not set, an empty text is used`, { hint });
      }
      return { ...tree, value: result.value, text: result.value };
    case "missing": {
      const near = nearestWord(result.variable, Object.keys(values));
      report.error(
        tree,
        "missing-variable",
        `Required variable ${result.variable} is missing a value${result.message ? `: ${result.message}` : ""}`,
        {
          hint: near
            ? `${near} is set: is it the one you mean?`
            : `Set ${result.variable} in the environment or in .env`,
        },
      );
      return tree;
    }
    case "malformed":
      report.error(tree, "bad-interpolation", `Cannot read the variable in "${shorten(result.fragment)}"`, {
        expected: "${NAME}, ${NAME:-default}, ${NAME:+word} or ${NAME:?message}",
        hint: "A literal $ is written $$",
      });
      return tree;
  }
}

function remember(tree: ScalarTree, read: ReadonlySet<string>, { values, uses, places }: Variables): void {
  const place = tree.at.at(-1);
  if (!place || !uses) return;
  const all = [...read].map((name): VariableUse => {
    const source = places?.get(name);
    return { name, from: source ?? (Object.hasOwn(values, name) ? "process" : "nowhere") };
  });
  uses.set(placeKey(place), all);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
