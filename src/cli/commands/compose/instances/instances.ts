/** `gantry instances`: the copies of projects on the engine, and removal of those that nobody comes back for. */
import { observeInstances } from "../../../../apply/instances/observe-instances.js";
import { staleReason } from "../../../../apply/instances/staleness.js";
import { observeResources } from "../../../../apply/observe.js";
import { GantryError } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { ObservedInstance } from "../../../../plan/instances/observed-instances.js";
import { planDown } from "../../../../plan/plan-down.js";
import { rebuildProject } from "../../../../plan/service/rebuilt-project.js";
import type { CliContext } from "../../../context.js";
import { writeListing } from "../../../listing.js";
import { instanceListing, instanceRow } from "../../../views/rows/instance-row.js";
import { keepsVolumes } from "../lifecycle.js";
import type { ListFlags } from "../looking/listings.js";
import { confirm } from "../output/confirm.js";
import { runPlan, takeLock } from "../run-plan.js";
import { isLocalEngine } from "./settle.js";

interface Found extends ObservedInstance {
  /** Why nobody will come back for it. */
  readonly stale: string | undefined;
}

/** Sorted by project. JSON is a line for each. */
export async function ls(
  context: CliContext,
  { format, quiet, stale }: Omit<ListFlags, "all"> & { stale?: boolean },
): Promise<void> {
  const found = (await findAll(context)).filter((one) => !stale || one.stale !== undefined);
  const rows = found.map((one) => instanceRow(one, one.stale));
  await writeListing(context, rows, { ...instanceListing, format, quiet: quiet ? "Project" : undefined });
}

/** By the copy's own name or its project's. Volumes stay unless they are asked for. */
export async function rm(
  context: CliContext,
  { volumes = false }: { volumes?: boolean },
  names: readonly string[],
): Promise<void> {
  const all = await findAll(context);
  const chosen = names.map((name) => byName(all, name));
  await removeAll(context, chosen, volumes);
}

/** What is left of copies whose folder, worktree or branch is gone. Asks first. */
export async function prune(
  context: CliContext,
  { volumes = false, force = false }: { volumes?: boolean; force?: boolean },
): Promise<void> {
  if (!(await isLocalEngine(context))) {
    throw new GantryError("not-supported", "Which copies are stale is known on the engine's own host only", {
      hint: "Remove one by its name: gantry instances rm NAME",
    });
  }
  const stale = (await findAll(context)).filter((one) => one.stale !== undefined);
  const doomed = stale.filter((one) => volumes || one.states.length > 0 || one.networks > 0);
  for (const one of doomed) context.stderr.write(`${one.project}: ${one.stale}; ${contentOf(one, volumes)}\n`);
  if (doomed.length > 0 && !force && !context.globals.dryRun) {
    await confirm(context, "Remove all of this?", { otherwise: false, hint: "Go on without a question: --force." });
  }
  await removeAll(context, doomed, volumes);
  const kept = volumes ? [] : stale.flatMap((one) => one.volumes);
  if (kept.length > 0) {
    context.stderr.write(`Volumes were kept: ${kept.join(", ")}. With --volumes they go too.\n`);
  } else if (doomed.length === 0) context.stderr.write("No copy is stale\n");
}

async function findAll(context: CliContext): Promise<Found[]> {
  const client = await context.connect();
  const [instances, isHere] = await Promise.all([observeInstances(client, context.signal), isLocalEngine(context)]);
  return instances.map((one) => ({ ...one, stale: isHere ? staleReason(one) : undefined }));
}

function byName(all: readonly Found[], name: string): Found {
  const exact = all.find(({ project }) => project === name);
  const named = all.filter((one) => one.name === name);
  const [found = exact, ...others] = exact ? [exact] : named;
  if (!found) {
    throw new GantryError("bad-parameter", `There is no copy ${name}`, { hint: "See them all: gantry instances" });
  }
  if (others.length === 0) return found;
  throw new GantryError("bad-parameter", `Several projects have a copy ${name}`, {
    hint: `Name the project: ${named.map(({ project }) => project).join(", ")}`,
  });
}

function contentOf({ states, networks, volumes }: Found, withVolumes: boolean): string {
  const count = (n: number, word: string) => (n === 0 ? [] : [`${n} ${word}${n === 1 ? "" : "s"}`]);
  const parts = [...count(states.length, "container"), ...count(networks, "network")];
  return [...parts, ...(withVolumes ? count(volumes.length, "volume") : [])].join(", ");
}

async function removeAll(context: CliContext, instances: readonly Found[], volumes: boolean): Promise<void> {
  const client = await context.connect();
  for (const { project } of instances) await remove(context, client, { project, volumes });
}

async function remove(
  context: CliContext,
  client: EngineClient,
  { project: name, volumes }: { project: string; volumes: boolean },
): Promise<void> {
  await using _lock = await takeLock(context, client, { project: name, command: "instances rm", wait: true });
  const observed = await observeResources(client, name, { signal: context.signal });
  const project = rebuildProject(name, observed);
  const trash = keepsVolumes(context, client);
  const plan = planDown(project, observed, { services: [], volumes, trash, removeOrphans: true });
  const generation = { command: "down", project, observed, services: [] } as const;
  await runPlan(context, client, plan, { command: "down", generation });
}
