/** Checks a tree against the Compose schema and words each violation for people, with its place. Pure. */
import { didYouMean } from "../did-you-mean.js";
import { type SchemaError, validate } from "../generated/compose-validator.js";
import type { Report } from "../report.js";
import { itemPath, itemsOf, type MapEntry, memberPath, type Tree, toPlain } from "../tree.js";

/** Reports every violation. Answers whether there was none. */
export function checkSchema(tree: Tree, report: Report): boolean {
  if (validate(toPlain(tree))) return true;
  const errors = validate.errors ?? [];
  for (const error of errors) reportViolation(error, tree, report);
  return false;
}

function reportViolation(error: SchemaError, root: Tree, report: Report): void {
  const node = nodeAt(root, error.instancePath);
  const expected = error.parentSchema?.title;
  switch (error.keyword) {
    case "additionalProperties":
      reportUnknownKey(error, node, report);
      return;
    case "propertyNames": {
      const key = String(error.params.propertyName);
      const details = { expected: "letters, digits, '.', '_' and '-'" };
      report.error(keyPlace(node, key), "bad-name", `"${key}" cannot be a name here`, details);
      return;
    }
    case "required": {
      const missing = String(error.params.missingProperty);
      report.error(node, "missing-key", `${node.path || "The file"} has no "${missing}"`, { expected });
      return;
    }
    case "enum":
      report.error(node, "bad-value", `${nameOf(node)} cannot be ${describe(node)}`, {
        expected,
        hint: enumHint(node, error.params.allowedValues),
      });
      return;
    case "type":
      report.error(node, "wrong-type", `${nameOf(node)} must be ${expected ?? typeNames(error)}`, {
        expected: `${expected ?? typeNames(error)}, got ${describe(node)}`,
        hint: node.kind === "scalar" && node.value === null ? "Remove the key, or give it a value" : undefined,
      });
      return;
    case "uniqueItems": {
      const again = itemsOf(node)[Math.max(Number(error.params.i), Number(error.params.j))] ?? node;
      report.error(again, "bad-value", `${nameOf(node)} has ${describe(again)} twice`, { hint: "Remove one of them" });
      return;
    }
    default:
      return; // `pattern` comes only below `propertyNames`, which was reported with the key itself
  }
}

function reportUnknownKey(error: SchemaError, node: Tree, report: Report): void {
  const key = String(error.params.additionalProperty);
  const known = Object.keys(error.parentSchema?.properties ?? {});
  const where = node.path === "" ? "a Compose file" : node.path;
  report.error(keyPlace(node, key), "unknown-key", `"${key}" is not known in ${where}`, {
    expected: known.length <= 8 ? `one of ${known.join(", ")}` : undefined,
    hint: misplacedHint(node, key) ?? report.suggest(key, known) ?? `Your own keys begin with "x-"`,
  });
}

/** A service at the top level has lost its `services:`. */
function misplacedHint(node: Tree, key: string): string | undefined {
  const value = node.path === "" && node.kind === "map" ? node.entries.get(key)?.value : undefined;
  const isService = value?.kind === "map" && (value.entries.has("image") || value.entries.has("build"));
  return isService ? 'Services stand under "services:", two spaces further in' : undefined;
}

function enumHint(node: Tree, allowed: unknown): string | undefined {
  if (node.kind !== "scalar" || !Array.isArray(allowed)) return undefined;
  return didYouMean(String(node.value), allowed.map(String));
}

function nameOf(node: Tree): string {
  return node.path === "" ? "A Compose file" : node.path;
}

function typeNames(error: SchemaError): string {
  const { type } = error.params;
  const names = (Array.isArray(type) ? type : [type]).filter((name) => name !== "null");
  return names
    .map((name) => (name === "object" ? "a mapping" : name === "array" ? "a list" : `a ${name}`))
    .join(" or ");
}

/** What stands there, in the words a user would take: `the number 5`, `a list`, `nothing`. */
export function describe(node: Tree): string {
  if (node.kind === "list") return "a list";
  if (node.kind === "map") return "a mapping";
  if (node.value === null) return "nothing";
  if (typeof node.value === "string")
    return `"${node.value.length > 60 ? `${node.value.slice(0, 57)}...` : node.value}"`;
  return typeof node.value === "number" ? `the number ${node.text}` : `${node.value}`;
}

function keyPlace(node: Tree, key: string) {
  const entry: MapEntry | undefined = node.kind === "map" ? node.entries.get(key) : undefined;
  return { path: memberPath(node.path, key), at: entry ? [entry.keyAt] : node.at };
}

/** The node under a JSON pointer; the nearest one above when there is none. */
function nodeAt(root: Tree, pointer: string): Tree {
  let node = root;
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    const next =
      node.kind === "map" ? node.entries.get(key)?.value : node.kind === "list" ? node.items[Number(key)] : undefined;
    if (!next) return { ...node, path: node.kind === "list" ? itemPath(node.path, Number(key)) : node.path };
    node = next;
  }
  return node;
}
