/** `gantry exec`, `attach`, `port` and `top`: a look into, or a command in, running replicas. */
import { GantryError } from "../../../base/errors.js";
import type { CliContext } from "../../context.js";
import { nameOf } from "../../views/ps-view.js";
import { topTable } from "../../views/top-table.js";
import { containerExec } from "../engine-objects/container/exec.js";
import { wholeNumber } from "./load.js";
import { findReplicas, isOneOff, numberOf, runningReplica, serviceOf } from "./replicas.js";

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
  const container = await runningReplica(context, service, flags);
  if (!container) return;
  const { stdin, stdout } = context;
  if (context.globals.dryRun) {
    return void stdout.write(`exec ${nameOf(container)} ${command.join(" ")}: asked for\n`);
  }
  const tty = flags.tty && stdin.isTTY === true && stdout.isTTY === true;
  await containerExec(context, { ...flags, tty, interactive: flags.interactive !== false }, [container.Id, ...command]);
}

/** Joins our terminal or pipes to a running replica's, until its output ends or the user detaches; its exit code. */
export async function attach(
  context: CliContext,
  flags: { index?: string; detachKeys?: string; stdin: boolean; sigProxy?: boolean },
  service: string,
): Promise<void> {
  const container = await runningReplica(context, service, flags);
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
  const keys = flags.detachKeys === undefined ? {} : { detachKeys: flags.detachKeys };
  const hijacked = await client.containers.attach(container.Id, { stdin, stdout: true, stderr: true, tty, ...keys });
  const giveBack = tty || flags.sigProxy === false ? () => {} : forwardSignals(context, client, container.Id);
  try {
    const outcome = await runSession(context, hijacked, {
      stdin,
      resize: (size) => client.containers.resize(container.Id, size),
      ...keys,
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
  [service = "", text = ""]: readonly string[],
): Promise<void> {
  const [privatePort = "", written] = text.split("/"); // `53/udp`, as docker's own `port` has it
  const protocol = flags.protocol ?? written ?? "tcp";
  wholeNumber(privatePort, "port");
  const container = await runningReplica(context, service, flags);
  if (!container) return;
  const found = container.Ports.find(
    (one) => one.PrivatePort === Number(privatePort) && one.Type === protocol && one.PublicPort !== undefined,
  );
  if (!found)
    throw new GantryError("bad-parameter", `no port ${privatePort}/${protocol} for container ${nameOf(container)}`);
  const host = found.IP?.includes(":") ? `[${found.IP}]` : (found.IP ?? "0.0.0.0");
  context.stdout.write(`${host}:${found.PublicPort}\n`);
}

/** The processes of every running replica in one table: the titles of all of them, the command last. */
export async function top(context: CliContext, services: readonly string[]): Promise<void> {
  const containers = await findReplicas(context, { services, oneOffs: true });
  if (!containers) return;
  const client = await context.connect();
  const { signal } = context;
  const found = await Promise.all(containers.map((one) => client.containers.top(one.Id, undefined, { signal })));
  context.stdout.write(
    topTable(
      containers.map((container, at) => ({
        service: serviceOf(container),
        number: isOneOff(container) ? "run" : String(numberOf(container)),
        titles: found[at]?.Titles ?? [],
        processes: found[at]?.Processes ?? [],
      })),
    ),
  );
}
