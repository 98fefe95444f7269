/** `gantry undo`: brings back what `down` or `rm` took away. */

import { GantryError } from "../../../../base/errors.js";
import { isRecord } from "../../../../base/json.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { HistoryCalls } from "../../../../client/history-calls.js";
import type { Project } from "../../../../compose/project.js";
import { chooseUndo, type UndoChoice } from "../../../../plan/history/choose-generation.js";
import type { KeptState } from "../../../../plan/history/kept-model.js";
import { withRestored } from "../../../../plan/history/plan-restore.js";
import type { Plan } from "../../../../plan/operation.js";
import type { UpOptions } from "../../../../plan/up-options.js";
import type { RemovedContainer, TrashedVolume } from "../../../../wire/history.js";
import type { CliContext } from "../../../context.js";
import { wholeNumber } from "../load.js";
import { printsJson, warn } from "../output/notice.js";
import { runPlan, takeLock } from "../run-plan.js";
import { type UpFlags, upOptions } from "../up.js";
import { trashOf } from "./history.js";
import { openHistory } from "./open-history.js";
import { projectNameOf } from "./project-name.js";
import { planRestored } from "./restore-state.js";

export interface UndoFlags extends Pick<UpFlags, "wait" | "waitTimeout"> {
  readonly waitLock: boolean;
}

interface Undo extends UndoChoice {
  readonly name: string;
  readonly kept: KeptState | undefined;
  readonly trashed: readonly TrashedVolume[];
}

/** Exit codes as of `up`. Says what cannot come back. */
export async function undo(context: CliContext, flags: UndoFlags, word: string | undefined): Promise<void> {
  const asked = word === undefined ? undefined : wholeNumber(word, "GENERATION", 1);
  const name = await projectNameOf(context);
  if (name === undefined) return;
  const client = await context.connect();
  await using _lock = await takeLock(context, client, { project: name, command: "undo", wait: flags.waitLock });
  const history = await openHistory(context, client);
  const what = await findUndo(client, history, name, asked);
  const there = new Set((await client.volumes.list()).map((volume) => volume.Name));
  checkNames(what, there);
  for (const volume of lostVolumes(what, there)) {
    warn(context, `Volume ${volume} is not in the trash: it comes back empty, if it does`);
  }
  for (const { service, number } of lostReplicas(what)) {
    warn(
      context,
      `Container ${number} of ${service} does not come back: generation ${what.state?.number} has no such service`,
    );
  }
  const rounds = roundsOf(what, upOptions(context, flags, []));
  let coming = what.trashed;
  let isDone = false;
  for (const options of rounds) {
    const drawn = await draw(context, client, { what, options, coming });
    if (!drawn) return;
    if (drawn.plan.operations.length === 0) continue;
    isDone = true;
    coming = [];
    const { plan, project, generation } = drawn;
    const { outcome } = await runPlan(context, client, plan, { command: "undo", project, generation });
    if (outcome !== "succeeded") return;
  }
  if (isDone || context.globals.dryRun || printsJson(context)) return;
  context.stderr.write(`All that generation ${what.undone.number} took away is there: nothing to do\n`);
}

async function findUndo(
  client: EngineClient,
  history: HistoryCalls,
  name: string,
  asked: number | undefined,
): Promise<Undo> {
  const choice = chooseUndo(name, await history.list(name), asked);
  const { undone, numbers, state } = choice;
  const full = state && (await history.get(name, state.number));
  const kept =
    full?.model && full.facts
      ? { model: full.model, facts: full.facts, configs: full.configs, secrets: full.secrets }
      : undefined;
  const trashed = (await trashOf(client))
    .filter(({ project, generation }) => project === name && numbers.has(generation))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (undone.removed.length > 0 || trashed.length > 0) return { name, ...choice, kept, trashed };
  throw new GantryError(
    "generation-not-found",
    `Nothing to undo: generation ${undone.number} left nothing to bring back`,
    {
      hint: "Bring the project up from its files: gantry up -d",
    },
  );
}

/** A volume that was made meanwhile is somebody's, and stays. */
function checkNames({ name, trashed, undone }: Undo, there: ReadonlySet<string>): void {
  const taken = trashed.filter((volume) => there.has(volume.name)).map((volume) => volume.name);
  if (taken.length === 0) return;
  throw new GantryError(
    "volume-name-in-use",
    `Made anew since generation ${undone.number}: volume ${taken.join(", ")}`,
    {
      hint: `To put what is there now into the trash: gantry -p ${name} down -v. Then: gantry undo ${undone.number}`,
    },
  );
}

/** Names of named volumes that were removed and cannot come back with their data; some may never have gone. */
function lostVolumes({ undone, trashed }: Undo, there: ReadonlySet<string>): string[] {
  const kept = new Set(trashed.map(({ name }) => name));
  return undone.removedVolumes.filter((name) => !kept.has(name) && !there.has(name));
}

/**
 * A `down` is undone by applying again all that was there. Of what `rm` removed, only what was up is started: two
 * rounds where there was both.
 */
function roundsOf(what: Undo, base: UpOptions): UpOptions[] {
  const { undone } = what;
  const lost = new Set(lostReplicas(what));
  const replicas = Map.groupBy(
    undone.removed.filter((one) => !lost.has(one)),
    ({ service }) => service,
  );
  const services = [...replicas.keys()].sort();
  const scale = new Map([...replicas].map(([service, some]) => [service, some.length]));
  const isStarted = (service: string) =>
    undone.command === "down" || (replicas.get(service) ?? []).some(({ wasUp }) => wasUp);
  const rounds = [
    { services: services.filter(isStarted), noStart: false },
    { services: services.filter((service) => !isStarted(service)), noStart: true },
  ].filter((round) => round.services.length > 0);
  if (rounds.length === 0) return [{ ...base, services: [], noStart: true, scale }];
  return rounds.map((round) => ({ ...base, ...round, noDeps: true, scale, wait: base.wait && !round.noStart }));
}

/** Of services that the model does not have: orphans, and those of profiles that were not active in it. */
function lostReplicas({ undone, kept }: Undo): readonly RemovedContainer[] {
  if (!kept) return [];
  const services = isRecord(kept.model.services) ? kept.model.services : {};
  return undone.removed.filter(({ service }) => !Object.hasOwn(services, service));
}

/** The plan of one round, and the generation that it is. Undefined when what had to come first failed. */
async function draw(
  context: CliContext,
  client: EngineClient,
  { what, options, coming }: { what: Undo; options: UpOptions; coming: readonly TrashedVolume[] },
) {
  const { name, kept, state, undone } = what;
  const drawn =
    kept && state && options.services.length > 0
      ? await planRestored(context, client, { name, generation: state, kept, options, coming })
      : await nothingButVolumes(client, name);
  if (!drawn) return undefined;
  const { project, observed } = drawn;
  const plan = withRestored(drawn.plan, coming, { generation: undone.number, removed: undone.removed });
  const services = undone.services.length > 0 ? options.services : [];
  const seed = { command: "undo", of: undone.number, project, observed, services } as const;
  return { plan, project, generation: kept ? { ...seed, becomes: { state: kept } } : seed };
}

async function nothingButVolumes(client: EngineClient, name: string) {
  const { observeResources } = await import("../../../../apply/observe.js");
  const { rebuildProject } = await import("../../../../plan/service/rebuilt-project.js");
  const observed = await observeResources(client, name);
  const project: Project = rebuildProject(name, observed);
  const plan: Plan = { project: name, operations: [], warnings: [] };
  return { plan, project, observed };
}
