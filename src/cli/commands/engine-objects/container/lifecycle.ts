/** `gantry container start | stop | restart | kill | pause | unpause | rename | rm | wait | top | logs | inspect`. */
import { GantryError } from "../../../../base/errors.js";
import type { CliContext } from "../../../context.js";
import { eachName, inspectNames } from "../../../each-name.js";
import { parseInteger, parseMoment } from "../../../options.js";
import { runSession } from "../../../stdio-session.js";
import { printTable } from "../../../views/table.js";
import { exitCode, forwardSignals } from "./run.js";

type Names = readonly string[];

/** Starts them; with `attach` the one, whose exit code is ours. */
export async function containerStart(
  context: CliContext,
  options: { attach?: boolean; interactive?: boolean; detachKeys?: string },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  if (!options.attach && !options.interactive) return eachName(context, names, (name) => client.containers.start(name));
  const [name] = names;
  if (name === undefined || names.length > 1)
    throw new GantryError("bad-parameter", "Only one container can be attached");
  const { Config, HostConfig, Id } = await client.containers.inspect(name);
  const tty = Config.Tty === true;
  const stdin = options.interactive === true && Config.OpenStdin === true;
  const hijacked = await client.containers.attach(Id, { stdin, stdout: true, stderr: true, tty });
  const wait = client.containers.wait(Id, HostConfig.AutoRemove ? "removed" : "next-exit");
  await wait.registered;
  const giveBack = tty ? () => {} : forwardSignals(context, client, Id);
  try {
    await client.containers.start(Id);
    const resize = (size: { height: number; width: number }) => client.containers.resize(Id, size);
    const outcome = await runSession(context, hijacked, { stdin, resize, ...options });
    context.finish(outcome === "detached" ? 0 : exitCode(await wait.exited));
  } finally {
    giveBack();
  }
}

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
  { timeout }: { timeout?: string },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  const options = timeout === undefined ? {} : { timeoutS: parseInteger(timeout, "--timeout") };
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

/** Removes stopped ones, with `force` running ones too. */
export async function containerRm(
  context: CliContext,
  { force = false, volumes = false }: { force?: boolean; volumes?: boolean },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  await eachName(context, names, (name) => client.containers.remove(name, { force, volumes }));
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
  context.stdout.write(printTable(Titles, Processes));
}

/** A JSON array of what the engine knows. */
export async function containerInspect(context: CliContext, names: Names): Promise<void> {
  const client = await context.connect();
  await inspectNames(context, names, (name) => client.containers.inspect(name));
}

/** Writes stdout to stdout and stderr to stderr. */
export async function containerLogs(
  context: CliContext,
  options: { follow?: boolean; since?: string; until?: string; tail?: string; timestamps?: boolean },
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
  const { follow = false, timestamps = false } = options;
  const [since, until] = [moment(options.since, "--since"), moment(options.until, "--until")];
  const query = { tty: Config.Tty === true, follow, timestamps, tail, since, until };
  for await (const { stream, payload } of client.containers.logs(Id, query, { signal })) {
    const output = stream === "stderr" || stream === "error" ? stderr : stdout;
    if (!output.write(payload)) await new Promise((resolve) => output.once("drain", resolve));
  }
}
