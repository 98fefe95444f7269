/** `gantry doctor`: what the host has, what it lacks, and whether an engine answers. */
import { isGantryError, messageOf } from "../../../base/errors.js";
import { printChoice } from "../../../client/choose/print-choice.js";
import { printIdentity } from "../../../client/engines/engine-identity.js";
import type { CliContext, HostFinding } from "../../context.js";

const marks = { ok: "ok", warning: "warn", missing: "MISSING" } as const;

/** Exit code 1 when something is missing. Starts no engine. */
export async function doctor(context: CliContext, { format }: { format: "table" | "json" }): Promise<void> {
  const findings = await findingsFor(context);
  if (findings.some(({ state }) => state === "missing")) context.finish(1);
  context.stdout.write(
    format === "json" ? `${JSON.stringify(findings, null, 2)}\n` : findings.map(printFinding).join(""),
  );
}

/** Which engine and why; then what it needs of this host, where it is ours. */
async function findingsFor(context: CliContext): Promise<HostFinding[]> {
  const choice = await context.chooseEngine();
  const chosen: HostFinding = { name: "chosen engine", state: "ok", detail: printChoice(choice) };
  if (choice.kind === "external") return [chosen, await checkExternal(context)];
  return [chosen, ...(await context.checkHost()), await checkEngine(context)];
}

async function checkExternal(context: CliContext): Promise<HostFinding> {
  try {
    const { engine } = await context.connect();
    return { name: "engine", state: "ok", detail: printIdentity(engine) };
  } catch (error) {
    const fix = isGantryError(error) && error.hint ? error.hint : "Start it, or choose another one with --engine";
    return { name: "engine", state: "missing", detail: messageOf(error), fix };
  }
}

async function checkEngine(context: CliContext): Promise<HostFinding> {
  try {
    const status = await context.engine.status();
    const detail = status
      ? `version ${status.version}, process ${status.pid}`
      : "not running; commands start it when they need it";
    return { name: "engine", state: "ok", detail };
  } catch (error) {
    return { name: "engine", state: "warning", detail: messageOf(error), fix: "See engine.log in the state directory" };
  }
}

function printFinding({ name, state, detail, fix }: HostFinding): string {
  const line = `${marks[state].padEnd(8)} ${name.padEnd(18)} ${detail}\n`;
  return fix && state !== "ok" ? `${line}${" ".repeat(9)}fix: ${fix}\n` : line;
}
