/** Makes a model ready by Docker Model Runner's program: pulled, configured, and where it answers. */
import { type GantryError, messageOf } from "../../base/errors.js";
import type { ModelSpec } from "../../compose/project.js";
import { findModelRunner } from "./find-program.js";
import { type ProgramEnd, runProgram } from "./run-program.js";
import { type ProgramContext, programOptions } from "./run-provider.js";
import { StepFailure } from "./step-failure.js";

/** The first version that takes flags of the runtime. */
const flagsSince = [1, 0, 6];

/** The address at which models answer. Throws "helper-missing" without the program, "provider-failed". */
export async function prepareModel(
  model: ModelSpec,
  context: ProgramContext,
  onText: (text: string) => void,
): Promise<string> {
  const path = findModelRunner(context.environment);
  const run = async (args: readonly string[], what: string, onLine?: (line: string) => void) => {
    const end = await runProgram(path, args, { ...programOptions(context), ...(onLine ? { onLine } : {}) }).catch(
      (error: unknown) => {
        context.signal.throwIfAborted();
        throw failed(model, `${what}: ${messageOf(error)}`);
      },
    );
    if (end.exitCode === 0) return end.stdout;
    throw failed(model, `${what}: it exited with code ${end.exitCode ?? "unknown"}`, end);
  };
  const tags = modelTags(await run(["ls", "--json"], "asking for the models here"), model);
  if (!tags.includes(model.model)) {
    onText("Pulling");
    await run(["pull", model.model], "pulling it", (line) => line.trim() !== "" && onText(line));
  }
  const flags = model.runtime_flags.length > 0 && (await takesFlags(run)) ? ["--", ...model.runtime_flags] : [];
  if (flags.length === 0 && model.runtime_flags.length > 0) onText("runtime_flags left out: docker-model is too old");
  const size = model.context_size ? ["--context-size", String(model.context_size)] : [];
  await run(["configure", ...size, model.model, ...flags], "configuring it");
  return endpointOf(await run(["status", "--json"], "asking where it answers"), model);
}

/** Throws "helper-missing" without the program. */
export function checkModelRunner({ environment }: ProgramContext): void {
  findModelRunner(environment);
}

async function takesFlags(run: (args: readonly string[], what: string) => Promise<string>): Promise<boolean> {
  const text = await run(["docker-cli-plugin-metadata"], "asking for its version").catch(() => "");
  const found = /"Version"\s*:\s*"v?(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number);
  if (!found) return false;
  const at = flagsSince.findIndex((part, index) => part !== found[index]);
  return at < 0 || (found[at] ?? 0) > (flagsSince[at] ?? 0);
}

function modelTags(text: string, model: ModelSpec): string[] {
  const list = parsed(text, model);
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: { tags?: unknown }) => (Array.isArray(one?.tags) ? one.tags.map(String) : []));
}

function endpointOf(text: string, model: ModelSpec): string {
  const { endpoint } = (parsed(text, model) ?? {}) as { endpoint?: unknown };
  if (typeof endpoint === "string" && endpoint !== "") return endpoint;
  throw failed(model, "docker-model does not say where it answers");
}

function parsed(text: string, model: ModelSpec): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw failed(model, "docker-model answered what is not JSON");
  }
}

function failed(model: ModelSpec, reason: string, end?: ProgramEnd): GantryError {
  const lines = end?.errorLines ?? [];
  return new StepFailure("provider-failed", `Model "${model.key}": ${reason}`, { exitCode: end?.exitCode, lines });
}
