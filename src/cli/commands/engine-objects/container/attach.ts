/** `gantry container attach` and `start`, which may attach. */
import { GantryError } from "../../../../base/errors.js";
import type { CliContext } from "../../../context.js";
import { eachName } from "../../../each-name.js";
import { runSession } from "../../../stdio-session.js";
import { exitCode, forwardSignals } from "./run.js";

type Names = readonly string[];

export interface AttachOptions {
  readonly stdin?: boolean;
  readonly sigProxy?: boolean;
  readonly detachKeys?: string;
}

/** The exit code is the container's, unless the user detaches. */
export async function containerAttach(context: CliContext, options: AttachOptions, [name = ""]: Names): Promise<void> {
  const client = await context.connect();
  const { Config, Id, State } = await client.containers.inspect(name);
  if (!State.Running) {
    throw new GantryError("container-not-running", "You cannot attach to a stopped container, start it first");
  }
  if (State.Paused) {
    throw new GantryError("container-not-running", "You cannot attach to a paused container, unpause it first");
  }
  const tty = Config.Tty === true;
  const stdin = options.stdin !== false && Config.OpenStdin === true;
  const wait = client.containers.wait(Id, "not-running");
  await wait.registered;
  const hijacked = await client.containers.attach(Id, { stdin, stdout: true, stderr: true, tty, ...keysOf(options) });
  const giveBack = tty || options.sigProxy === false ? () => {} : forwardSignals(context, client, Id);
  try {
    const resize = (size: { height: number; width: number }) => client.containers.resize(Id, size);
    const outcome = await runSession(context, hijacked, { ...options, stdin, resize });
    context.finish(outcome === "detached" ? 0 : exitCode(await wait.exited));
  } finally {
    giveBack();
  }
}

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
  const hijacked = await client.containers.attach(Id, { stdin, stdout: true, stderr: true, tty, ...keysOf(options) });
  const wait = client.containers.wait(Id, HostConfig.AutoRemove ? "removed" : "next-exit");
  await wait.registered;
  const giveBack = tty ? () => {} : forwardSignals(context, client, Id);
  try {
    await client.containers.start(Id).catch((error: unknown) => {
      hijacked.stream.destroy(); // else it keeps the process alive
      throw error;
    });
    const resize = (size: { height: number; width: number }) => client.containers.resize(Id, size);
    const outcome = await runSession(context, hijacked, { stdin, resize, ...options });
    context.finish(outcome === "detached" ? 0 : exitCode(await wait.exited));
  } finally {
    giveBack();
  }
}

function keysOf({ detachKeys }: { detachKeys?: string }) {
  return detachKeys === undefined ? {} : { detachKeys };
}
