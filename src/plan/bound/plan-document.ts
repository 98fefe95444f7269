/**
 * A plan in a file: what it was drawn from, as digests, and what it does, for people and tools to read.
 *
 * Pure. The schema is `schemas/plan.json`. Neither an environment nor the content of a config or secret is in it, not
 * even as a digest that others could try values against: all digests are made with the user's own key. What is carried
 * out is drawn again and must be the very plan.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../base/json.js";
import type { Cause, Operation, Plan, PlanWarning } from "../operation.js";
import { withoutValues } from "../print/concealed.js";
import { subjectOf } from "../print/operation-words.js";
import { printOperation } from "../print-plan.js";
import type { UpOptions } from "../up-options.js";

/** Members are only added within a version. */
export const planFileVersion = 1;

/** What the command line said of the project; the process environment counts as it is when the plan is carried out. */
export interface PlanRequest {
  readonly cwd: string;
  readonly file?: readonly string[];
  readonly projectName?: string;
  readonly instance?: string;
  readonly projectDirectory?: string;
  readonly envFile?: readonly string[];
  readonly profile?: readonly string[];
  readonly allResources?: boolean;
  readonly compatibility?: boolean;
}

/** The options of `up` in JSON. */
export type SavedOptions = Omit<UpOptions, "scale" | "provided"> & { readonly scale: Readonly<Record<string, number>> };

/** What a plan was drawn from. Values are shown where they tell nothing, and are digests else. */
export interface Basis {
  /** Compose files, env files, and what is bound or delivered, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Variables that the files read, by name. */
  readonly variables: Readonly<Record<string, string>>;
  /** The whole model. */
  readonly model: string;
  /** Each service of it, by its name. */
  readonly services?: Readonly<Record<string, string>>;
  /** By `container NAME`, `network NAME`, `volume NAME`, `image NAME` and `build NAME`, their fields. */
  readonly objects: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The files of build contexts, by the digest that stands for all of them among the fields of a `build NAME`. */
  readonly trees?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface PlanDocument {
  readonly version: 1;
  readonly madeBy: string;
  readonly madeAt: string;
  readonly project: string;
  /** Tells one key from another, and nothing of it. */
  readonly key: string;
  readonly request: PlanRequest;
  readonly options: SavedOptions;
  readonly basis: Basis;
  readonly warnings: readonly PlanWarning[];
  readonly operations: readonly SavedOperation[];
  /** Of all operations with everything that they do. */
  readonly plan: string;
  /** By the user's key, over the rest of the document: nobody else has written it, or changed it. */
  readonly seal: string;
  /** SHA-256 over the rest, the seal included. */
  readonly checksum: string;
}

/** An operation as it is told. */
export interface SavedOperation {
  readonly id: string;
  readonly kind: Operation["kind"];
  readonly subject: ReturnType<typeof subjectOf>;
  readonly cause: Cause;
  readonly after: readonly string[];
  /** Carried out only if no image comes out as another one, or only if one does. */
  readonly onlyIf?: NonNullable<Operation["onlyIf"]>;
  readonly text: string;
}

/** Makes a digest that nobody without the key can try values against. */
export type Digest = (text: string) => string;

/** What a document is made of besides the plan. */
export type DocumentFacts = Pick<PlanDocument, "madeBy" | "madeAt" | "key" | "request" | "basis"> & {
  readonly options: UpOptions;
};

/** The document of `plan`, ready to be written as JSON. */
export function planDocument(plan: Plan, facts: DocumentFacts, digest: Digest): PlanDocument {
  const { scale, provided: _provided, ...options } = facts.options;
  const told: Omit<PlanDocument, "checksum" | "seal"> = {
    version: planFileVersion,
    ...{ madeBy: facts.madeBy, madeAt: facts.madeAt, project: plan.project, key: facts.key },
    request: facts.request,
    options: { ...options, scale: Object.fromEntries(scale) },
    basis: facts.basis,
    warnings: plan.warnings,
    operations: plan.operations.map(savedOperation),
    plan: digestPlan(plan, digest),
  };
  const whole = { ...told, seal: sealOf(told, digest) };
  return { ...whole, checksum: checksumOf(whole) };
}

/** Over all members but the seal and the checksum. */
export function sealOf(document: object, digest: Digest): string {
  return digest(canonicalJson(without(document, ["seal", "checksum"])));
}

/** The options that the plan was drawn with. */
export function optionsOf({ options: { scale, ...options } }: PlanDocument): UpOptions {
  return { ...options, scale: new Map(Object.entries(scale)) };
}

/** Equal for plans that do the same, in the same order, for the same reasons. */
export function digestPlan(plan: Plan, digest: Digest): string {
  return digest(canonicalJson(plan.operations));
}

/** Over all members but `checksum`. */
export function checksumOf(document: object): string {
  return createHash("sha256")
    .update(canonicalJson(without(document, ["checksum"])))
    .digest("hex");
}

function without(document: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(document).filter(([key]) => !names.includes(key)));
}

function savedOperation(operation: Operation): SavedOperation {
  const { id, kind, after, onlyIf } = operation;
  const { changes } = operation.cause;
  const cause = changes ? { ...operation.cause, changes: changes.map(withoutValues) } : operation.cause;
  const told = { id, kind, subject: subjectOf(operation), cause, after, text: printOperation({ ...operation, cause }) };
  return onlyIf ? { ...told, onlyIf } : told;
}
