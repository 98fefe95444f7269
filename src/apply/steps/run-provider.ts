/**
 * Asks a provider for its service, or to take it away: `PROGRAM compose --project-name=P up|down|stop SERVICE`.
 *
 * Follows Docker Compose's provider extension: one JSON object per line of standard output, `{ type, message }`.
 */
import { deadline } from "../../base/deadline.js";
import { GantryError, messageOf } from "../../base/errors.js";
import type { OperationKind } from "../../plan/operation.js";
import type { ProvidedVariables } from "../../plan/steps/provisions.js";
import { findProvider } from "./find-program.js";
import { type ProgramEnd, runProgram } from "./run-program.js";
import { StepFailure } from "./step-failure.js";

/** Where and with what programs run. `environment` is the project's. */
export interface ProgramContext {
  readonly project: string;
  readonly workingDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

type ProviderRun = Extract<OperationKind, { kind: "run-provider" }>;

/** What a command of the provider can be told. */
interface CommandMetadata {
  readonly parameters?: ReadonlyArray<{ readonly name?: string; readonly required?: boolean }> | null;
}
/** What `compose metadata` answers; a provider need not know it. */
interface Metadata {
  readonly description?: string;
  readonly up?: CommandMetadata;
  readonly down?: CommandMetadata;
  readonly stop?: CommandMetadata;
}

const metadataTimeoutMs = 10_000;

/** Throws "helper-missing" without the program, "bad-parameter" when an option that it needs is not given. */
export async function checkProvider(op: ProviderRun, context: ProgramContext): Promise<void> {
  const path = findProvider(op.type, context.environment);
  const metadata = await readMetadata(path, context);
  const required = (metadata?.[op.command]?.parameters ?? []).flatMap((one) => (one.required && one.name) || []);
  const missing = required.find((name) => !Object.hasOwn(op.options, name));
  if (missing === undefined) return;
  throw new GantryError(
    "bad-parameter",
    `Provider "${op.type}" of service "${op.service}" needs the option ${missing}`,
    {
      hint: `Add it: provider: { type: ${op.type}, options: { ${missing}: … } }`,
    },
  );
}

/** Throws "provider-failed" with what the provider said. `onText` hears its progress. */
export async function runProvider(
  op: ProviderRun,
  context: ProgramContext,
  onText: (text: string) => void,
): Promise<ProvidedVariables> {
  const path = findProvider(op.type, context.environment);
  const metadata = await readMetadata(path, context);
  const variables = { prefixed: {} as Record<string, string>, raw: {} as Record<string, string> };
  if (op.command === "stop" && !metadata?.stop) return variables;
  const known = metadata && new Set((metadata[op.command]?.parameters ?? []).map(({ name }) => name));
  const given = Object.entries(op.options).filter(([name]) => !known || known.has(name));
  const flags = given.flatMap(([name, values]) => values.map((value) => `--${name}=${value}`));
  const args = ["compose", `--project-name=${context.project}`, op.command, ...flags, op.service];
  const end = await runProgram(path, args, {
    ...programOptions(context),
    onLine: (line) => takeMessage(line, op, { variables, onText }),
  }).catch((error: unknown) => {
    context.signal.throwIfAborted();
    throw error instanceof GantryError ? error : failed(op, messageOf(error));
  });
  if (end.exitCode !== 0) throw failed(op, `it exited with code ${end.exitCode ?? "unknown"}`, end);
  return variables;
}

function takeMessage(
  line: string,
  op: ProviderRun,
  { variables, onText }: { variables: Record<"prefixed" | "raw", Record<string, string>>; onText: (t: string) => void },
): void {
  if (line.trim() === "") return;
  const { type, message } = parseMessage(line, op);
  switch (type) {
    case "info":
      onText(message.split("\n")[0] ?? "");
      return;
    case "debug":
      return;
    case "error":
      throw failed(op, message);
    case "setenv":
    case "rawsetenv": {
      const at = message.indexOf("=");
      if (at < 1 || message.includes("\0")) throw failed(op, "it gave a variable without a name");
      variables[type === "setenv" ? "prefixed" : "raw"][message.slice(0, at)] = message.slice(at + 1);
      return;
    }
    default:
      throw failed(op, `it sent a message of the unknown type "${type}"`);
  }
}

/** A line may hold a secret, so it is never shown. */
function parseMessage(line: string, op: ProviderRun): { type: string; message: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw failed(op, "it printed a line that is not JSON");
  }
  const { type, message } = (value ?? {}) as { type?: unknown; message?: unknown };
  if (typeof type === "string" && typeof message === "string") return { type, message };
  throw failed(op, "it printed a line without type and message");
}

/** Undefined when the provider knows no such command, or says nothing of what it takes. */
async function readMetadata(path: string, context: ProgramContext): Promise<Metadata | undefined> {
  using limit = deadline(metadataTimeoutMs, [context.signal]);
  try {
    const { exitCode, stdout } = await runProgram(path, ["compose", "metadata"], {
      ...programOptions(context),
      signal: limit.signal,
    });
    if (exitCode !== 0) return undefined;
    const metadata = JSON.parse(stdout) as Metadata | null; // only members that are looked for are read
    const isEmpty = !metadata?.description && !metadata?.up?.parameters && !metadata?.down?.parameters;
    return isEmpty ? undefined : metadata;
  } catch {
    context.signal.throwIfAborted();
    return undefined;
  }
}

/** How every program of the project runs. */
export function programOptions({ workingDir, environment, signal }: ProgramContext) {
  return { cwd: workingDir, env: environment, signal };
}

function failed(op: ProviderRun, reason: string, end?: ProgramEnd): StepFailure {
  const [first = "", ...more] = reason.split("\n");
  return new StepFailure(
    "provider-failed",
    `Provider "${op.type}" could not ${verbs[op.command]} "${op.service}": ${first}`,
    {
      exitCode: end?.exitCode,
      lines: [...more, ...(end?.errorLines ?? [])],
    },
  );
}

const verbs = { up: "bring up", down: "take down", stop: "stop" };
