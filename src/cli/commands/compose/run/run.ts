/**
 * `gantry run`: one command in a container of its own, with what the service depends on started before.
 *
 * Attached before the start, so that no byte of the output and no quick exit is missed.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { GantryError } from "../../../../base/errors.js";
import type { EngineClient, Hijacked } from "../../../../client/engine-client.js";
import type { Project } from "../../../../compose/project.js";
import type { Plan } from "../../../../plan/operation.js";
import { type OneOff, planRun } from "../../../../plan/run/plan-run.js";
import type { UpOptions } from "../../../../plan/up-options.js";
import type { WaitReply } from "../../../../wire/container.js";
import type { CliContext } from "../../../context.js";
import { runSession } from "../../../stdio-session.js";
import { exitCode, forwardSignals } from "../../engine-objects/container/run.js";
import { loadModel } from "../load.js";
import { runPlan, takeLock } from "../run-plan.js";
import { lookBeforePlan, upOptions } from "../up.js";
import { type RunFlags, readOneOff } from "./one-off.js";

/** The one-off of one run, once it has started. */
interface Running {
  readonly id: string;
  /** Undefined in the background. */
  readonly attached?: { readonly hijacked: Hijacked; readonly exited: Promise<WaitReply> };
}

/** The exit code is the command's; 1 when it could not be started, with a card. */
export async function run(
  context: CliContext,
  flags: RunFlags,
  [service = "", ...command]: readonly string[],
): Promise<void> {
  const project = await loadModel(context, [service]);
  if (!project) return;
  if (project.remotes) await (await import("../remotes.js")).confirmRemotes(context, project, flags.yes);
  const oneOff = readOneOff(flags, {
    service,
    command,
    project,
    cwd: context.cwd,
    home: context.env.HOME ?? "/root",
    slug: randomBytes(32).toString("hex"),
    isTerminal: context.stdin.isTTY === true && context.stdout.isTTY === true,
    envFiles: await readEnvFiles(context, flags.envFromFile ?? []),
  });
  const client = await context.connect();
  const running = await start(context, client, { project, oneOff, flags });
  if (!running) return;
  if (!running.attached) return void context.stdout.write(`${running.id}\n`);
  await stayAttached(context, client, { oneOff, id: running.id, ...running.attached });
}

/** Carries the plan out under the project's lock. Undefined when it failed: cards were printed. */
async function start(
  context: CliContext,
  client: EngineClient,
  { project, oneOff, flags }: { project: Project; oneOff: OneOff; flags: RunFlags },
): Promise<Running | undefined> {
  const lock = { project: project.name, command: "run", wait: flags.waitLock };
  await using _lock = await takeLock(context, client, lock);
  const quiet = flags.quiet ? { quiet: true } : {};
  const plan = await drawPlan(context, client, { project, oneOff, flags });
  if (!plan) return undefined;
  let running: Running | undefined;
  const { outcome } = await runPlan(context, client, plan, {
    command: "run",
    project,
    ...quiet,
    beforeStart: async ({ id, createdBy }) => {
      const made = plan.operations.find((op) => op.id === createdBy);
      if (made?.kind !== "create-container" || made.number !== 0) return;
      running = oneOff.detach ? { id } : { id, attached: await attach(client, id, oneOff) };
    },
  });
  if (outcome === "succeeded") return running;
  running?.attached?.hijacked.stream.destroy();
  running?.attached?.exited.catch(() => {}); // told by the card
  if (running && oneOff.autoRemove) await client.containers.remove(running.id, { force: true }).catch(() => {});
  return undefined;
}

/** As for `up`: where a pull or a provider may change what has to be done, it comes first. Undefined: it failed. */
async function drawPlan(
  context: CliContext,
  client: EngineClient,
  { project, oneOff, flags }: { project: Project; oneOff: OneOff; flags: RunFlags },
): Promise<Plan | undefined> {
  const options: UpOptions = upOptions(context, flags, [oneOff.service]);
  const quiet = { quiet: flags.quiet === true, quietPulls: flags.quietPull === true };
  const looked = await lookBeforePlan(context, client, { project, options, ...quiet });
  return looked && planRun(project, looked.observed, { oneOff, options: looked.options });
}

async function attach(client: EngineClient, id: string, { tty, interactive, autoRemove }: OneOff) {
  const waiting = client.containers.wait(id, autoRemove ? "removed" : "next-exit");
  const [hijacked] = await Promise.all([
    client.containers.attach(id, { stdin: interactive, stdout: true, stderr: true, tty }),
    waiting.registered,
  ]);
  return { hijacked, exited: waiting.exited };
}

async function stayAttached(
  context: CliContext,
  client: EngineClient,
  { oneOff, id, hijacked, exited }: { oneOff: OneOff; id: string; hijacked: Hijacked; exited: Promise<WaitReply> },
): Promise<void> {
  const giveBack = oneOff.tty ? () => {} : forwardSignals(context, client, id);
  try {
    const outcome = await runSession(context, hijacked, {
      stdin: oneOff.interactive,
      resize: (size) => client.containers.resize(id, size),
    });
    if (outcome === "ended") context.finish(exitCode(await exited));
    else exited.catch(() => {}); // we leave before it ends
  } finally {
    giveBack();
  }
}

function readEnvFiles({ cwd }: CliContext, names: readonly string[]): Promise<Array<{ name: string; text: string }>> {
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(resolve(cwd, name), "utf8").catch((cause: unknown) => {
        throw new GantryError("bad-parameter", `--env-from-file: ${name} cannot be read`, { cause });
      });
      return { name, text };
    }),
  );
}
