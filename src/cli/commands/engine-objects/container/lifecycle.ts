/** `gantry container stop | restart | kill | pause | unpause | rename | rm | wait | top | logs | inspect`. */
import type { CliContext } from "../../../context.js";
import { eachName } from "../../../each-name.js";
import { writeInspected } from "../../../listing.js";
import { parseInteger, parseMoment } from "../../../options.js";
import { printTable } from "../../../views/table.js";
import { exitCode } from "./run.js";

type Names = readonly string[];

/** Signal, grace, SIGKILL; nothing to do is fine. */
export async function containerStop(
  context: CliContext,
  { timeout, signal }: { timeout?: string; signal?: string },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  const options = {
    ...(timeout === undefined ? {} : { timeoutS: parseInteger(timeout, "--timeout") }),
    ...(signal === undefined ? {} : { signal }),
  };
  await eachName(context, names, (name) => client.containers.stop(name, options, { signal: context.forced }));
}

/** Stop and start. */
export async function containerRestart(
  context: CliContext,
  { timeout, signal }: { timeout?: string; signal?: string },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  const options = {
    ...(timeout === undefined ? {} : { timeoutS: parseInteger(timeout, "--timeout") }),
    ...(signal === undefined ? {} : { signal }),
  };
  await eachName(context, names, (name) => client.containers.restart(name, options));
}

/** Sends a signal. */
export async function containerKill(context: CliContext, { signal }: { signal: string }, names: Names): Promise<void> {
  const client = await context.connect();
  await eachName(context, names, (name) => client.containers.kill(name, signal));
}

/** Freezes or thaws. */
export async function containerPause(context: CliContext, action: "pause" | "unpause", names: Names): Promise<void> {
  const client = await context.connect();
  await eachName(context, names, (name) => client.containers[action](name));
}

/** Gives a container another name. */
export async function containerRename(context: CliContext, [name = "", next = ""]: Names): Promise<void> {
  await (await context.connect()).containers.rename(name, next);
}

/** Removes stopped ones, with `force` running ones too; with `force` a missing one is fine. */
export async function containerRm(
  context: CliContext,
  { force = false, volumes = false, link = false }: { force?: boolean; volumes?: boolean; link?: boolean },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  await eachName(context, names, (name) => client.containers.remove(name, { force, volumes, link }));
}

/** Prints each exit code in the order given. */
export async function containerWait(context: CliContext, names: Names): Promise<void> {
  const client = await context.connect();
  const { signal } = context;
  const waits = names.map((name) => client.containers.wait(name, "not-running", { signal }).exited);
  for (const wait of waits) context.stdout.write(`${exitCode(await wait)}\n`);
}

/** The processes in a container. */
export async function containerTop(context: CliContext, [name = "", ...psArgs]: Names): Promise<void> {
  const client = await context.connect();
  const { Titles, Processes } = await client.containers.top(name, psArgs.join(" ") || undefined);
  context.stdout.write(printTable(Titles, Processes, { least: 20 }));
}

/** A JSON array of what the engine knows, or a line by the template for each. */
export async function containerInspect(
  context: CliContext,
  { format, size = false }: { format?: string; size?: boolean },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  const inspect = (name: string) => client.containers.inspect(name, { size });
  await writeInspected(context, names, { kind: "container", format, inspect });
}

/** Writes stdout to stdout and stderr to stderr. */
export async function containerLogs(
  context: CliContext,
  options: { follow?: boolean; since?: string; until?: string; tail?: string; timestamps?: boolean; details?: boolean },
  [name = ""]: Names,
): Promise<void> {
  const client = await context.connect();
  const { signal, stdout, stderr } = context;
  const now = context.clock.now();
  const { Config, Id } = await client.containers.inspect(name, { signal });
  const moment = (text: string | undefined, what: string) =>
    text === undefined ? undefined : parseMoment(text, { now, what });
  const tail =
    options.tail === undefined || options.tail === "all" ? ("all" as const) : parseInteger(options.tail, "--tail");
  const { follow = false, timestamps = false, details = false } = options;
  const [since, until] = [moment(options.since, "--since"), moment(options.until, "--until")];
  const query = { tty: Config.Tty === true, follow, timestamps, details, tail, since, until };
  for await (const { stream, payload } of client.containers.logs(Id, query, { signal })) {
    const output = stream === "stderr" || stream === "error" ? stderr : stdout;
    if (!output.write(payload)) await new Promise((resolve) => output.once("drain", resolve));
  }
}
