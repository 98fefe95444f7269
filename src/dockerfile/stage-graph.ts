/**
 * Which stages a build needs, and what each is made from.
 *
 * Pure. Stages that the target does not reach are left out; those that do not reach one another may run side by side.
 */
import type { Diagnostic } from "../base/diagnostic.js";
import { didYouMean } from "../base/did-you-mean.js";
import { GantryError } from "../base/errors.js";
import type { Dockerfile, Instruction, Place, Stage } from "./dockerfile.js";
import { expandWord, type Variables } from "./expand.js";
import { parseRunMount } from "./run-mount.js";

/** What `FROM`, `--from` and `from=` name. `named` is a context that the build was given under that name. */
export type Origin =
  | { readonly kind: "scratch" }
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "image"; readonly image: string };

export interface PlannedStage extends Stage {
  readonly base: Origin;
  readonly platform?: string;
  /** Indexes of the stages that it takes something from. */
  readonly needs: readonly number[];
}

export interface StageGraph {
  readonly target: PlannedStage;
  /** In the order of the file; the target and what it needs. */
  readonly needed: readonly PlannedStage[];
}

export interface GraphInput {
  readonly dockerfile: Dockerfile;
  /** Name or number; undefined is the last stage. */
  readonly target?: string;
  readonly globals: Variables;
  /** Names of the additional contexts. */
  readonly named: ReadonlySet<string>;
  /** What places are called. */
  readonly file: string;
}

/** Throws "bad-parameter" with the place in the Dockerfile. */
export function planStages({ dockerfile, target, globals, named, file }: GraphInput): StageGraph {
  const { stages, escapeToken } = dockerfile;
  const all = stages.map((stage): PlannedStage => {
    const fail = (message: string, place: Place, hint?: string) => refuse(message, { file, place, hint });
    const expand = (text: string) => expandWord(text, { escapeToken, variables: globals });
    const { image, place, platform: asked } = stage.from;
    const name = expand(image);
    if (name === "") fail(`base name (${image}) should not be blank`, place);
    const base = originOf(name, { before: stages.slice(0, stage.index), named, numbers: false });
    const platform = asked === undefined ? undefined : expand(asked);
    const sources = stage.steps.flatMap((step) => sourcesOf(step, fail));
    const taken = sources.map((from) => originOf(from, { before: stages.slice(0, stage.index), named, numbers: true }));
    const later = sources.find((from) => stages.slice(stage.index).some((one) => one.name === from.toLowerCase()));
    if (later !== undefined) fail(`stage ${JSON.stringify(later)} is used before it is defined`, place);
    const needs = [base, ...taken].flatMap((one) => (one.kind === "stage" ? [one.index] : []));
    return { ...stage, base, needs: [...new Set(needs)].sort((a, b) => a - b), ...(platform ? { platform } : {}) };
  });
  const wanted = findTarget(all, target);
  const reached = new Set<number>();
  const visit = (index: number) => {
    if (reached.has(index)) return;
    reached.add(index);
    for (const next of all[index]?.needs ?? []) visit(next);
  };
  visit(wanted.index);
  return { target: wanted, needed: all.filter(({ index }) => reached.has(index)) };
}

/**
 * `numbers`: a stage may be named by its number, which FROM does not allow. A context takes the place of the stage and
 * of the image that has its name; `alpine` and `alpine:latest` are one name of an image.
 */
export function originOf(
  name: string,
  { before, named, numbers }: { before: readonly Stage[]; named: ReadonlySet<string>; numbers: boolean },
): Origin {
  if (name === "scratch") return { kind: "scratch" };
  const given = [...named].find((one) => contextName(one) === contextName(name));
  if (given !== undefined) return { kind: "named", name: given };
  const own = before.findLast((stage) => stage.name === name.toLowerCase());
  if (own) return { kind: "stage", index: own.index };
  if (numbers && /^\d+$/.test(name)) {
    const index = Number(name);
    if (index < before.length) return { kind: "stage", index };
    throw new GantryError("bad-parameter", `invalid stage index ${name}: it must be one of an earlier stage`);
  }
  return { kind: "image", image: name };
}

function contextName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^docker\.io\/(?:library\/)?/, "")
    .replace(/:latest$/, "");
}

function sourcesOf(step: Instruction, fail: (message: string, place: Place, hint?: string) => never): string[] {
  const plain = (from: string, what: string): string[] => {
    if (!from.includes("$")) return [from];
    const hint = "Define a stage with FROM and an ARG from before the first FROM, and name that stage";
    return fail(`variable expansion is not supported for ${what}`, step.place, hint);
  };
  if (step.kind === "copy" && step.from !== undefined) return plain(step.from, "--from");
  if (step.kind !== "run") return [];
  return step.mounts.flatMap((text) => {
    try {
      const mount = parseRunMount(text, (value) => value);
      return "from" in mount && mount.from !== undefined ? plain(mount.from, "from of --mount") : [];
    } catch (error) {
      // Whether a number or a size is right is known once its variables have values.
      if (error instanceof GantryError && !text.includes("$")) return fail(error.message, step.place, error.hint);
      if (error instanceof GantryError) return [];
      throw error;
    }
  });
}

function findTarget(stages: readonly PlannedStage[], target: string | undefined): PlannedStage {
  const last = stages.at(-1);
  const found =
    target === undefined || target === ""
      ? last
      : (stages.findLast(({ name }) => name === target.toLowerCase()) ??
        (/^\d+$/.test(target) ? stages[Number(target)] : undefined));
  if (found) return found;
  const names = stages.flatMap(({ name }) => name ?? []);
  const hint = target === undefined ? undefined : didYouMean(target, names);
  throw new GantryError(
    "bad-parameter",
    `target stage ${JSON.stringify(target)} could not be found`,
    hint ? { hint } : {},
  );
}

function refuse(message: string, where: { file: string; place: Place; hint: string | undefined }): never {
  const { file, place, hint } = where;
  const source: Diagnostic["source"] = { file, line: place.line, column: place.column };
  throw new GantryError("bad-parameter", message, { source, ...(hint ? { hint } : {}) });
}
