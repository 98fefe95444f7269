/** A plan as text, for people and tests, and as JSON, for programs. Pure. */
import type { SourceLocation } from "../base/diagnostic.js";
import { formatDuration } from "../compose/normalize/units.js";
import type { Cause, FieldChange, Operation, Plan } from "./operation.js";
import { concealedOperation } from "./print/concealed.js";
import { subjectOf } from "./print/operation-words.js";
import type { Monitor } from "./rollout/update-policy.js";

/** `gantry plan --format json` and saved plans: fields are only added within a version. */
const planVersion = 1;

const nanosPerMs = 1e6;

/** Styles of the text; identity functions without colour. */
export interface PlanStyle {
  readonly add: (text: string) => string;
  readonly change: (text: string) => string;
  readonly remove: (text: string) => string;
  readonly dim: (text: string) => string;
}

/** No colour. */
export const plainStyle: PlanStyle = { add: (t) => t, change: (t) => t, remove: (t) => t, dim: (t) => t };

/** One line: `create-container shop-web-1: configuration changed (services.web.image: a → b)`. */
export function printOperation(operation: Operation): string {
  const subject =
    operation.kind === "wait-for" ? `${operation.service} ${operation.condition}` : subjectOf(operation).name;
  const network = "network" in operation ? `${operation.network} ` : "";
  const hook = "hook" in operation ? `${operation.hook} ` : "";
  const command = operation.kind === "run-provider" ? `${operation.command} ` : "";
  const remedy = `${conditionOf(operation)}${operation.remedies ? "on failure: " : ""}`;
  const changes = operation.cause.changes?.map((change) => changeText(change)) ?? [];
  const detail = changes.length > 0 ? ` (${changes.join("; ")})` : "";
  return `${remedy}${operation.kind} ${network}${hook}${command}${subject}: ${operation.cause.reason}${detail}`;
}

/**
 * The text of `gantry plan`: a summary, then one line per operation with its sign, verb, object and cause; field
 * changes stand below. Places are relative to `baseDir` where they are inside it.
 */
export function printPlan(plan: Plan, { baseDir, style = plainStyle }: { baseDir: string; style?: PlanStyle }): string {
  const warnings = plan.warnings.map(({ message, hint }) => `warning: ${message}${hint ? `\n  hint: ${hint}` : ""}`);
  const summary = plan.operations.length === 0 ? [`${plan.project}: nothing to do`] : [summaryOf(plan)];
  const remedies = remediesOf(plan.operations);
  const headed = plan.operations.map((op) => ({
    op,
    head: `${conditionOf(op)}${remedies.has(op.id) ? "on failure: " : ""}${headOf(op)}`,
  }));
  const width = Math.max(0, ...headed.map(({ head }) => head.length));
  const lines = headed.flatMap(({ op, head }) => operationLines(op, { head, width, baseDir, style }));
  return `${[...warnings, ...summary, ...lines].join("\n")}\n`;
}

/** The plan as a JSON value. Contents of configs and secrets are left out, values that look like credentials hidden. */
export function planToJson(plan: Plan): unknown {
  return {
    version: planVersion,
    project: plan.project,
    warnings: plan.warnings,
    operations: plan.operations.map(concealedOperation),
  };
}

const conditions = { "same-images": "if no image is another: ", "other-images": "if the image is another: " };

function conditionOf({ onlyIf }: Operation): string {
  return onlyIf ? conditions[onlyIf] : "";
}

/** Of what is done when all goes well, and whatever images come. */
function summaryOf(plan: Plan): string {
  const counts = { "+": 0, "~": 0, "-": 0 };
  const remedies = remediesOf(plan.operations);
  const expected = plan.operations.filter(({ id, onlyIf }) => !remedies.has(id) && !onlyIf);
  for (const operation of expected) counts[signOf(operation)]++;
  const { length } = expected;
  const total = `${length} operation${length === 1 ? "" : "s"}`;
  const more = plan.operations.filter(({ id, onlyIf }) => onlyIf === "other-images" && !remedies.has(id)).length;
  const perhaps = more > 0 ? `, ${more} more if images are others` : "";
  const kinds = `${counts["+"]} to add, ${counts["~"]} to change, ${counts["-"]} to remove`;
  return `${plan.project}: ${total} (${kinds})${perhaps}`;
}

function operationLines(
  op: Operation,
  { head: text, width, baseDir, style }: { head: string; width: number; baseDir: string; style: PlanStyle },
): string[] {
  const sign = signOf(op);
  const paint = sign === "+" ? style.add : sign === "-" ? style.remove : style.change;
  const changes = op.cause.changes ?? [];
  const [only] = changes;
  const head = `${paint(sign)} ${text.padEnd(width)}`;
  if (only && changes.length === 1) {
    return [`  ${head}  ${style.dim(`${op.cause.reason}: ${changeText(only)}${placeText(only.source, baseDir)}`)}`];
  }
  const cause = style.dim(`${op.cause.reason}${placeText(op.cause.source, baseDir)}`);
  const below = op.isStep ? [] : changes;
  return [
    `  ${head}  ${cause}`,
    ...below.map((change) => style.dim(`      ${changeText(change)}${placeText(change.source, baseDir)}`)),
  ];
}

function headOf(op: Operation): string {
  const { kind, name } = subjectOf(op);
  switch (op.kind) {
    case "wait-for":
      return `wait for ${op.service} to be ${op.condition.replaceAll("-", " ")}`;
    case "rename-container":
      return `rename container ${op.container.name === op.to ? "" : `${op.container.name} `}to ${op.to}`;
    case "connect-network":
      return `connect container ${name} to ${op.network}`;
    case "disconnect-network":
      return `disconnect container ${name} from ${op.network}`;
    case "run-hook":
    case "run-job":
      return `run ${op.hook} of ${op.kind === "run-hook" ? name : `service ${op.service}`}`;
    case "run-provider":
      return `${op.command} ${name} by provider ${op.type}`;
    case "watch-replica":
      return `watch container ${name}${limitText(op.monitor)}`;
    case "take-over":
      return op.from ? `container ${name} takes over` : `publish container ${name}`;
    case "drain-container":
      return `drain container ${name}, at most ${formatDuration(op.limitMs * nanosPerMs)}`;
    case "discard-replacement":
      return `discard the new container ${name}`;
    case "judge-update":
      return `${op.action === "rollback" ? "put back" : "leave the rest of"} service ${name} if too many failed`;
    case "pause-update":
      return `pause for ${formatDuration(op.delayMs * nanosPerMs)}`;
    case "create-container":
      return op.isStep ? `recreate container ${name}` : `create container ${name}`;
    case "build-image":
      return `${op.again ? "rebuild" : "build"} image ${name}`;
    default:
      return `${op.kind.slice(0, op.kind.indexOf("-"))} ${kind} ${name}`;
  }
}

const addingKinds: readonly Operation["kind"][] = ["pull-image", "build-image", "restore-volume"];

function limitText({ checkedMs, uncheckedMs }: Monitor): string {
  const text = (ms: number) => formatDuration(ms * nanosPerMs);
  if (checkedMs === uncheckedMs) return checkedMs > 0 ? ` for ${text(checkedMs)}` : "";
  return ` until it is healthy, or for ${text(uncheckedMs)}`;
}

/** Ids of what is done only when something failed. */
function remediesOf(operations: readonly Operation[]): ReadonlySet<string> {
  const remedies = new Set<string>();
  // Operations stand after all that they wait for.
  for (const { id, remedies: own, after } of operations)
    if (own || after.some((one) => remedies.has(one))) remedies.add(id);
  return remedies;
}

function signOf(op: Operation): "+" | "~" | "-" {
  if (op.isStep && op.kind !== "remove-volume") return "~";
  if ("again" in op && op.again) return "~";
  if (op.kind.startsWith("create-") || addingKinds.includes(op.kind)) return "+";
  if (op.kind === "run-provider") return op.command === "up" ? "+" : "-";
  return op.kind.startsWith("remove-") ? "-" : "~";
}

/** `services.web.image: nginx:1 → nginx:2`. */
export function changeText({ path, old, new: next }: FieldChange): string {
  if (old === undefined && next === undefined) return `${path} changed`;
  return `${path}: ${old ?? "(unset)"} → ${next ?? "(unset)"}`;
}

/** ` (compose.yaml:3)`, or nothing. */
export function placeText(source: SourceLocation | undefined, baseDir: string): string {
  if (!source) return "";
  const prefix = `${baseDir.replace(/\/$/, "")}/`;
  const file = source.file.startsWith(prefix) ? source.file.slice(prefix.length) : source.file;
  return ` (${file}:${source.line})`;
}

/** The first line of a cause, for events and cards. */
export function causeText({ reason, changes }: Cause): string {
  const [first] = changes ?? [];
  return first ? `${reason}: ${changeText(first)}` : reason;
}
