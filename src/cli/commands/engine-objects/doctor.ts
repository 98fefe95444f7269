/** `gantry doctor`: what the host has, what it lacks, and whether an engine answers. */
import { messageOf } from "../../../base/errors.js";
import type { CliContext, HostFinding } from "../../context.js";

const marks = { ok: "ok", warning: "warn", missing: "MISSING" } as const;

/** Exit code 1 when something is missing. Starts no engine. */
export async function doctor(context: CliContext, { format }: { format: "table" | "json" }): Promise<void> {
  const findings = [...(await context.checkHost()), await checkEngine(context)];
  if (findings.some(({ state }) => state === "missing")) context.finish(1);
  context.stdout.write(
    format === "json" ? `${JSON.stringify(findings, null, 2)}\n` : findings.map(printFinding).join(""),
  );
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
