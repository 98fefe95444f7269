/** Gathers on one card what a user needs to know about a failed operation. Looks at the container; changes nothing. */
import { constants } from "node:os";
import { type ErrorCode, GantryError, messageOf } from "../../base/errors.js";
import type { EngineClient } from "../../client/engine-client.js";
import type { Operation } from "../../plan/operation.js";
import { subjectOf } from "../../plan/print/operation-words.js";
import type { ContainerInspect } from "../../wire/container.js";
import type { FailureCard, ProbeResult } from "../apply-events.js";
import { idOf, type RunState } from "../perform.js";
import { StepFailure, WaitFailure } from "../steps/step-failure.js";
import type { MaskText } from "./secret-values.js";

const logLines = 10;
/** As many as show whether it is always the same. */
const shownProbes = 3;
const probeOutputChars = 600;
/** A card must not wait for an engine that hangs. */
const lookTimeoutMs = 3000;

/** `heldBack` are the services that do not start because of it. What is masked is secret. Never throws. */
export async function failureCard(
  op: Operation,
  error: unknown,
  run: Pick<RunState, "client" | "created"> & { readonly mask: MaskText },
  heldBack: readonly string[],
): Promise<FailureCard> {
  const container = concernedContainer(op, error, run);
  const look = container === undefined ? undefined : await lookAt(run.client, container);
  const lines = error instanceof StepFailure ? error.lines : (look?.lines ?? []);
  const code = error instanceof GantryError ? error.code : "internal";
  const hint = (error instanceof GantryError ? error.hint : undefined) ?? hintFor(code, op, look?.inspect);
  const own = error instanceof StepFailure ? error.source : undefined;
  const source = own ?? op.cause.changes?.[0]?.source ?? op.cause.source;
  const service = subjectOf(op).service ?? ("services" in op ? op.services[0] : undefined);
  return {
    code,
    message: run.mask(messageOf(error)),
    phase: phaseOf(op),
    ...(service === undefined ? {} : { service }),
    ...(look ? { container: look.inspect.Name.replace(/^\//, "") } : {}),
    ...(error instanceof StepFailure ? exitCodeOf(error) : exitOf(look?.inspect)),
    lastLogLines: lines.map(run.mask),
    ...probesOf(look?.inspect, run.mask),
    heldBack,
    ...(hint === undefined ? {} : { hint: run.mask(hint) }),
    ...(source ? { source: { file: source.file, line: source.line, column: source.column } } : {}),
  };
}

/** The container whose state and logs explain the failure: one that has run, or should have. */
function concernedContainer(op: Operation, error: unknown, run: Pick<RunState, "created">): string | undefined {
  if (error instanceof WaitFailure) return error.container;
  if (op.kind === "wait-for") return op.containers[0] && idOf(op.containers[0], run);
  if (op.kind === "start-container" || op.kind === "restart-container") return idOf(op.container, run);
  return undefined;
}

interface Look {
  readonly inspect: ContainerInspect;
  readonly lines: readonly string[];
}

async function lookAt(client: EngineClient, id: string): Promise<Look | undefined> {
  const signal = AbortSignal.timeout(lookTimeoutMs);
  try {
    const inspect = await client.containers.inspect(id, { signal });
    const lines = await lastLines(client, inspect, signal).catch(() => []);
    return { inspect, lines };
  } catch {
    return undefined; // the failure itself is what counts
  }
}

async function lastLines(client: EngineClient, inspect: ContainerInspect, signal: AbortSignal): Promise<string[]> {
  const query = { stdout: true, stderr: true, tail: logLines, tty: inspect.Config.Tty === true };
  const chunks: Uint8Array[] = [];
  for await (const { payload } of client.containers.logs(inspect.Id, query, { signal })) chunks.push(payload);
  const text = Buffer.concat(chunks).toString("utf8").replace(/\r/g, "").trimEnd();
  return text === "" ? [] : text.split("\n").slice(-logLines);
}

function exitCodeOf({ exitCode }: StepFailure): Pick<FailureCard, "exitCode"> {
  return exitCode === undefined ? {} : { exitCode };
}

function exitOf(inspect: ContainerInspect | undefined): Pick<FailureCard, "exitCode" | "signal" | "oomKilled"> {
  if (!inspect || inspect.State.Running || inspect.State.Status === "created") return {};
  const { ExitCode, OOMKilled } = inspect.State;
  const signal = Object.entries(constants.signals).find(([, number]) => number === ExitCode - 128)?.[0];
  return {
    exitCode: ExitCode,
    ...(signal === undefined ? {} : { signal }),
    ...(OOMKilled ? { oomKilled: true } : {}),
  };
}

function probesOf(
  inspect: ContainerInspect | undefined,
  mask: MaskText,
): Pick<FailureCard, "lastProbeOutput" | "lastProbes"> {
  const log = inspect?.State.Health?.Log ?? [];
  const lastProbes = log.slice(-shownProbes).map(({ Start, End, ExitCode, Output }): ProbeResult => {
    const durationMs = Date.parse(End) - Date.parse(Start);
    return {
      at: Start,
      ...(durationMs >= 0 ? { durationMs } : {}),
      exitCode: ExitCode,
      output: mask(Output.trim()).slice(-probeOutputChars),
    };
  });
  const last = lastProbes.at(-1);
  if (!last) return {};
  if (last.exitCode === 0) return { lastProbes };
  return { lastProbeOutput: last.output || `(no output, exit code ${last.exitCode})`, lastProbes };
}

function phaseOf(op: Operation): string {
  if (op.kind === "wait-for") return op.condition === "completed" ? "wait" : "health";
  if (op.kind === "watch-replica") return "health";
  if (op.kind === "take-over") return op.kind;
  if (op.kind === "judge-update") return "update";
  if (op.kind === "run-hook" || op.kind === "run-job") return op.hook.replace(/\[\d+\]$/, "");
  if (op.kind === "run-provider" || op.kind === "prepare-model") return "provide";
  return op.kind.slice(0, op.kind.indexOf("-"));
}

function hintFor(code: ErrorCode, op: Operation, inspect: ContainerInspect | undefined): string | undefined {
  const service = subjectOf(op).service;
  switch (code) {
    case "command-not-found":
      return `Check "command" and "entrypoint" of service "${service}": its image has no such program.`;
    case "image-not-found":
      return "Check the image's name and tag, or import it: gantry image import.";
    case "registry-unreachable":
      return "Check the network and the registry's address, then run the command again.";
    case "registry-denied":
      return "Log in to the registry, or check that the image may be pulled.";
    case "unhealthy":
    case "dependency-failed":
      if (inspect?.State.OOMKilled) return `Raise "mem_limit" of service "${service}".`;
      return `See the whole log with: gantry logs ${service}`;
    case "port-in-use":
      return "Stop what listens there, or publish another port.";
    default:
      if (inspect?.State.OOMKilled) return `Raise "mem_limit" of service "${service}".`;
      return inspect && service ? `See the whole log with: gantry logs ${service}` : undefined;
  }
}
