/** What has moved between a plan and its carrying out, one sentence each. Pure. */
import { GantryError } from "../../base/errors.js";
import { shortId } from "../../oci/short-id.js";
import { changedFiles } from "../build/build-sources.js";
import type { Basis, PlanDocument, SavedOperation } from "./plan-document.js";

type Fields = Readonly<Record<string, string>>;

/** Fields whose values say something to people, and tell nothing that is secret. */
const shownFields: readonly string[] = ["state", "exitCode", "id", "image"];

/** Files alone: what can be told before anything is loaded. */
export function movedFiles(before: Fields, now: Fields): string[] {
  return differing(before, now).map(([path, old, next]) => {
    if (next === undefined || next === missing) return `file ${path}: it is gone`;
    return `file ${path}: ${old === undefined || old === missing ? "it is new" : "its content changed"}`;
  });
}

/** What moved is told in at most so many lines. */
const shownLines = 20;

/** That a plan is not carried out, with the sentences that say why. */
export function planMoved(message: string, sentences: readonly string[]): GantryError {
  const shown = sentences.slice(0, shownLines).map((line) => `\n  ${line}`);
  const more = sentences.length > shownLines ? `\n  and ${sentences.length - shownLines} more` : "";
  return new GantryError("plan-moved", `${message}${shown.join("")}${more}`, {
    hint: "Look at what has to be done now: gantry plan",
  });
}

/** A file that is not there, or cannot be read. */
export const missing = "-";

/** Everything, in the order in which people look for it: files, variables, objects; the model when nothing else has. */
export function whatMoved(before: Basis, now: Basis): string[] {
  const variables = differing(before.variables, now.variables).map(([name]) => `variable ${name}: its value changed`);
  const names = [...new Set([...Object.keys(before.objects), ...Object.keys(now.objects)])].sort();
  const objects = names.flatMap((name) =>
    name.startsWith("build ")
      ? movedBuild(name, before, now)
      : movedObject(name, before.objects[name], now.objects[name]),
  );
  const found = [...movedFiles(before.files, now.files), ...variables, ...objects];
  return found.length > 0 || before.model === now.model ? found : movedModel(before, now);
}

/** The same files, and another model: a variable that a container is handed as it is, an instance, the time. */
function movedModel(before: Basis, now: Basis): string[] {
  const services = differing(before.services ?? {}, now.services ?? {}).map(([name]) => `service ${name}`);
  return (services.length > 0 ? services : ["the model"]).map(
    (what) => `${what}: the same files say something else now`,
  );
}

/** Nothing that is known has moved, and still another plan would be drawn: by another version, or another time. */
export function otherOperations(document: PlanDocument, now: readonly SavedOperation[]): string[] {
  const before = new Set(document.operations.map(({ text }) => text));
  const after = new Set(now.map(({ text }) => text));
  const gone = [...before].filter((text) => !after.has(text)).map((text) => `no longer planned: ${text}`);
  const fresh = [...after].filter((text) => !before.has(text)).map((text) => `planned now: ${text}`);
  const all = [...gone, ...fresh];
  return all.length > 0 ? all : ["the plan: the same operations are carried out in another way now"];
}

function movedObject(name: string, before: Fields | undefined, now: Fields | undefined): string[] {
  if (!before) return [`${name}: it is new`];
  if (!now) return [`${name}: it is gone`];
  const fields = differing(before, now);
  // Another object under the name: what else differs says nothing.
  const telling = fields.some(([field]) => field === "id") ? fields.filter(([field]) => field === "id") : fields;
  return telling.map(([field, old, next]) => {
    const values = `${valueText(old)} → ${valueText(next)}`;
    return shownFields.includes(field) ? `${name}: ${field}: ${values}` : `${name}: ${field} changed`;
  });
}

/** The files of a context are named where both sides know them. */
function movedBuild(name: string, before: Basis, now: Basis): string[] {
  const fields = differing(before.objects[name] ?? {}, now.objects[name] ?? {});
  return fields.flatMap(([field, old = "", next = ""]) => {
    const [had, has] = [before.trees?.[old], now.trees?.[next]];
    const files = had && has && changedFiles(field, { digest: old, files: had }, { digest: next, files: has });
    return (files ?? [`${field} changed`]).map((text) => `${name}: ${text}`);
  });
}

function valueText(value: string | undefined): string {
  if (value === undefined) return "(unset)";
  return /^(sha256:)?[0-9a-f]{64}$/.test(value) ? shortId(value) : value;
}

function differing(before: Fields, now: Fields): Array<[string, string | undefined, string | undefined]> {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return keys.filter((key) => before[key] !== now[key]).map((key) => [key, before[key], now[key]]);
}
