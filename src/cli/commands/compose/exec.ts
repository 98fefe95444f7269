/** `gantry exec`, `attach`, `port` and `top`: a look into, or a command in, running replicas. */
import { GantryError } from "../../../base/errors.js";
import type { ContainerSummary } from "../../../wire/container.js";
import { composeLabels } from "../../../wire/labels.js";
import type { CliContext } from "../../context.js";
import { nameOf } from "../../views/ps-view.js";
import { printTable } from "../../views/table.js";
import { containerExec } from "../engine-objects/container/exec.js";
import { loadProjectOrName, wholeNumber } from "./load.js";

export interface ExecFlags {
  readonly detach?: boolean;
  readonly env?: readonly string[];
  readonly user?: string;
  readonly workdir?: string;
  readonly privileged?: boolean;
  readonly index?: string;
  /** False with `-T`. */
  readonly tty: boolean;
  readonly interactive?: boolean;
}

/** A terminal when ours is one; the exit code is the command's. */
export async function exec(
  context: CliContext,
  flags: ExecFlags,
  [service = "", ...command]: readonly string[],
): Promise<void> {
  const container = await runningReplica(context, service, flags.index);
  if (!container) return;
  const { stdin, stdout } = context;
  const tty = flags.tty && stdin.isTTY === true && stdout.isTTY === true;
  await containerExec(context, { ...flags, tty, interactive: flags.interactive !== false }, [container.Id, ...command]);
}

/** Joins our terminal or pipes to a running replica's, until its output ends or the user detaches; its exit code. */
export async function attach(
  context: CliContext,
  flags: { index?: string; detachKeys?: string; stdin: boolean; sigProxy: boolean },
  service: string,
): Promise<void> {
  const container = await runningReplica(context, service, flags.index);
  if (!container) return;
  const client = await context.connect();
  const { Config } = await client.containers.inspect(container.Id, { signal: context.signal });
  const tty = Config.Tty === true;
  const stdin = flags.stdin && Config.OpenStdin === true;
  const [{ runSession }, { exitCode, forwardSignals }] = await Promise.all([
    import("../../stdio-session.js"),
    import("../engine-objects/container/run.js"),
  ]);
  const waiting = client.containers.wait(container.Id, "not-running");
  waiting.exited.catch(() => {}); // told below, unless the user detaches before
  await waiting.registered;
  const hijacked = await client.containers.attach(container.Id, { stdin, stdout: true, stderr: true, tty });
  const giveBack = tty || !flags.sigProxy ? () => {} : forwardSignals(context, client, container.Id);
  try {
    const outcome = await runSession(context, hijacked, {
      stdin,
      resize: (size) => client.containers.resize(container.Id, size),
      ...(flags.detachKeys === undefined ? {} : { detachKeys: flags.detachKeys }),
    });
    if (outcome === "ended") context.finish(exitCode(await waiting.exited));
  } finally {
    giveBack();
  }
}

/** The public address of a replica's port. */
export async function port(
  context: CliContext,
  flags: { protocol?: string; index?: string },
  [service = "", privatePort = ""]: readonly string[],
): Promise<void> {
  const container = await runningReplica(context, service, flags.index);
  if (!container) return;
  const { protocol = "tcp" } = flags;
  const found = container.Ports.find(
    (one) => one.PrivatePort === Number(privatePort) && one.Type === protocol && one.PublicPort !== undefined,
  );
  if (!found)
    throw new GantryError("bad-parameter", `no port ${privatePort}/${protocol} for container ${nameOf(container)}`);
  const host = found.IP?.includes(":") ? `[${found.IP}]` : (found.IP ?? "0.0.0.0");
  context.stdout.write(`${host}:${found.PublicPort}\n`);
}

/** The processes of every running replica. */
export async function top(context: CliContext, services: readonly string[]): Promise<void> {
  const containers = await replicas(context);
  if (!containers) return;
  const client = await context.connect();
  for (const container of containers.filter((one) => services.length === 0 || services.includes(serviceOf(one)))) {
    const { Titles, Processes } = await client.containers.top(container.Id, undefined, { signal: context.signal });
    context.stdout.write(`${nameOf(container)}\n${printTable(Titles, Processes)}\n`);
  }
}

/** Replica `index`, or the lowest-numbered; replicas before one-offs. Undefined when the files have errors. */
async function runningReplica(
  context: CliContext,
  service: string,
  index: string | undefined,
): Promise<ContainerSummary | undefined> {
  const containers = await replicas(context);
  if (!containers) return undefined;
  const number = index === undefined ? undefined : wholeNumber(index, "--index", 1);
  const [first] = containers
    .filter((one) => serviceOf(one) === service && (number === undefined || numberOf(one) === number))
    .sort((a, b) => Number(isOneOff(a)) - Number(isOneOff(b)) || numberOf(a) - numberOf(b));
  if (first) return first;
  const which = number === undefined ? "" : ` container #${number}`;
  throw new GantryError("container-not-running", `service "${service}" is not running${which}`, {
    hint: `Start it: gantry up -d ${service}`,
  });
}

async function replicas(context: CliContext): Promise<ContainerSummary[] | undefined> {
  const known = await loadProjectOrName(context);
  if (!known) return undefined;
  const client = await context.connect();
  const label = [`${composeLabels.project}=${known.name}`];
  const found = await client.containers.list({ filters: { label } }, { signal: context.signal });
  return found.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function serviceOf(container: ContainerSummary): string {
  return container.Labels[composeLabels.service] ?? "";
}

function numberOf(container: ContainerSummary): number {
  return Number(container.Labels[composeLabels.containerNumber] ?? 0);
}

function isOneOff(container: ContainerSummary): boolean {
  return container.Labels[composeLabels.oneoff] === "True";
}
