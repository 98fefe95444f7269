/**
 * `gantry container run` and `create`.
 *
 * Order of an attached run: create, attach, begin to wait, start. So no byte of the output and no quick exit is missed.
 */
import { GantryError, isGantryError } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { ContainerCreateBody, WaitReply } from "../../../../wire/container.js";
import type { CliContext } from "../../../context.js";
import { pullImage } from "../../../pull-image.js";
import { proxyVariables } from "../../../registry-auth/docker-proxies.js";
import { runSession } from "../../../stdio-session.js";
import { attachedStreams, createBody } from "./create/create-body.js";
import { readCreateFiles, reserveIdFile } from "./create/create-files.js";
import type { CreateOptions } from "./create/create-options.js";

/** As the docker CLI has them: the engine's fault, a command that cannot be executed, one that is not there. */
const runExitCodes = { failed: 125, notExecutable: 126, notFound: 127 } as const;

/** A container that never ran is removed in milliseconds; the failure is what the user waits for. */
const removalLimitMs = 5000;

/** Prints the id. */
export async function containerCreate(
  context: CliContext,
  options: CreateOptions,
  [image = "", ...command]: readonly string[],
): Promise<void> {
  const client = await context.connect();
  const body = await readBody(context, { options, image, command, attach: true });
  context.stdout.write(`${await create(context, client, { body, options })}\n`);
}

/** The exit code is the container's; 125 to 127 when it did not start. */
export async function containerRun(
  context: CliContext,
  options: CreateOptions,
  [image = "", ...command]: readonly string[],
): Promise<void> {
  try {
    const attach = !options.detach;
    const body = await readBody(context, { options, image, command, attach });
    const client = await context.connect();
    const id = await create(context, client, { body, options });
    if (attach) context.finish(await runAttached(context, client, { id, options }));
    else {
      await start(client, { id, options });
      context.stdout.write(`${id}\n`);
    }
  } catch (error) {
    context.finish(exitCodeOf(error));
    throw error;
  }
}

async function readBody(
  context: CliContext,
  { options, ...rest }: { options: CreateOptions; image: string; command: readonly string[]; attach: boolean },
): Promise<ContainerCreateBody> {
  const { stdin, stdout, cwd, env } = context;
  if (options.tty && options.interactive && rest.attach && !stdin.isTTY) {
    throw new GantryError("bad-parameter", "The input is not a terminal", { hint: "Leave out -t to use it as a pipe" });
  }
  const consoleSize: [number, number] | undefined = stdout.isTTY ? [stdout.rows, stdout.columns] : undefined;
  const files = await readCreateFiles(options, cwd);
  const proxies = proxyVariables(context.dockerConfig().proxies, env);
  return createBody({ options, ...rest, cwd, env, proxies, files, ...(consoleSize ? { consoleSize } : {}) });
}

async function create(
  context: CliContext,
  client: EngineClient,
  { body, options }: { body: ContainerCreateBody; options: CreateOptions },
): Promise<string> {
  const { signal, stderr } = context;
  const name = body.Image ?? "";
  await using idFile = await reserveIdFile(options.cidfile, context.cwd);
  const { platform, quiet } = options;
  const pull = () => pullImage(context, client, { name, platform, quiet, output: stderr });
  const tryCreate = () => client.containers.create(options.name, body, { signal });
  if (options.pull === "always") await pull();
  const reply = await tryCreate().catch(async (error: unknown) => {
    if (!isGantryError(error, "image-not-found") || options.pull !== "missing") throw error;
    if (!quiet) stderr.write(`Unable to find image '${name}' locally\n`);
    await pull();
    return tryCreate();
  });
  for (const warning of reply.Warnings ?? []) stderr.write(`warning: ${warning}\n`);
  await idFile.write(reply.Id);
  return reply.Id;
}

async function runAttached(
  context: CliContext,
  client: EngineClient,
  { id, options }: { id: string; options: CreateOptions },
): Promise<number> {
  const tty = options.tty === true;
  const { stdin, ...output } = attachedStreams({ options, attach: true });
  const keys = options.detachKeys === undefined ? {} : { detachKeys: options.detachKeys };
  const [hijacked, waiting] = await Promise.all([
    client.containers.attach(id, { stdin, ...output, tty, ...keys }),
    registered(client.containers.wait(id, options.rm ? "removed" : "next-exit")),
  ]);
  const giveBack = tty || options.sigProxy === false ? () => {} : forwardSignals(context, client, id);
  try {
    await start(client, { id, options }).catch((error: unknown) => {
      hijacked.stream.destroy();
      throw error;
    });
    const outcome = await runSession(context, hijacked, {
      stdin,
      resize: (size) => client.containers.resize(id, size),
      ...keys,
    });
    return outcome === "detached" ? 0 : exitCode(await waiting.exited);
  } finally {
    giveBack();
  }
}

/** Resolves when the engine has begun to wait; the exit itself is still to come, so it travels in an object. */
async function registered(wait: { registered: Promise<void>; exited: Promise<WaitReply> }) {
  await wait.registered;
  return { exited: wait.exited };
}

/** A container that was to remove itself and did not even start leaves nothing behind. */
async function start(client: EngineClient, { id, options }: { id: string; options: CreateOptions }): Promise<void> {
  try {
    await client.containers.start(id);
  } catch (error) {
    if (options.rm) await removeFailed(client, id);
    throw error;
  }
}

/** Removes it, or waits for the engine, which may be doing so by itself; either way nothing is told but the failure. */
async function removeFailed(client: EngineClient, id: string): Promise<void> {
  await client.containers.remove(id, { force: true, volumes: true }).catch(() => {});
  const signal = AbortSignal.timeout(removalLimitMs);
  await client.containers.wait(id, "removed", { signal }).exited.catch(() => {});
}

/** What the user sends us is the container's; it decides when to end. */
export function forwardSignals(context: CliContext, client: EngineClient, id: string): () => void {
  return context.takeSignals((name) => {
    client.containers.kill(id, name).catch(() => {}); // it may have just ended
  });
}

/** Throws when the wait itself failed. */
export function exitCode(reply: WaitReply): number {
  if (reply.Error?.Message) throw new GantryError("internal", reply.Error.Message);
  return reply.StatusCode;
}

function exitCodeOf(error: unknown): number {
  if (!isGantryError(error)) return runExitCodes.failed;
  if (/permission denied|is a directory/i.test(error.message)) return runExitCodes.notExecutable;
  return error.code === "command-not-found" ? runExitCodes.notFound : runExitCodes.failed;
}
