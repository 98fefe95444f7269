/** `gantry cp`, `export`, `commit` and `stats`: the commands of single containers, on a service's. */
import { GantryError } from "../../../base/errors.js";
import { noSuchService } from "../../../plan/service/no-such-service.js";
import { composeLabels } from "../../../wire/labels.js";
import type { CliContext } from "../../context.js";
import { nameOf } from "../../views/ps-view.js";
import { containerCp, parsePlace } from "../engine-objects/container/copy.js";
import { containerStats, type StatsOptions } from "../engine-objects/container/stats.js";
import { containerCommit, containerExport } from "../engine-objects/container/upkeep.js";
import { loadProjectOrName, wholeNumber } from "./load.js";
import { findReplicas, numberOf, runningReplica } from "./replicas.js";

interface CopyFlags {
  readonly all?: boolean;
  readonly index?: string;
  readonly archive?: boolean;
  readonly followLink?: boolean;
}

/** From the first replica, to every one; stopped ones count too. */
export async function cp(
  context: CliContext,
  flags: CopyFlags,
  [source = "", target = ""]: readonly string[],
): Promise<void> {
  const [from, to] = [parsePlace(source), parsePlace(target)];
  if (from && to) throw new GantryError("bad-parameter", "copying between services is not supported");
  const place = from ?? to;
  if (!place)
    throw new GantryError("bad-parameter", "unknown copy direction", { hint: "Write one side as SERVICE:PATH" });
  const service = place.container;
  const found = await findReplicas(context, { all: true, oneOffs: flags.all === true, services: [service] });
  if (!found) return;
  const index = flags.index === undefined ? undefined : wholeNumber(flags.index, "--index");
  const replicas = index ? found.filter((one) => numberOf(one) === index) : found;
  const [first] = replicas;
  if (!first) {
    const which = index ? ` #${index}` : "";
    throw new GantryError("container-not-found", `no container${which} found for service "${service}"`);
  }
  const named = (id: string) => `${id}:${place.path}`;
  if (context.globals.dryRun) {
    const sides = (name: string) => (from ? [`${name}:${from.path}`, target] : [source, `${name}:${place.path}`]);
    const lines = (from ? [first] : replicas).map((one) => `copy ${sides(nameOf(one)).join(" to ")}: asked for\n`);
    return void context.stdout.write(lines.join(""));
  }
  if (from) return containerCp(context, flags, [named(first.Id), target]);
  if (source === "-" && replicas.length > 1) {
    throw new GantryError("bad-parameter", `standard input can go to one container; "${service}" has several`, {
      hint: "Use --index",
    });
  }
  for (const { Id } of replicas) await containerCp(context, flags, [source, named(Id)]);
}

/** A tar of a replica's root file system. */
export async function exportService(
  context: CliContext,
  flags: { output?: string; index?: string },
  service: string,
): Promise<void> {
  const container = await runningReplica(context, service, { index: flags.index, all: true });
  if (!container) return;
  if (context.globals.dryRun) return void context.stdout.write(`export ${nameOf(container)}: asked for\n`);
  await containerExport(context, flags, [container.Id]);
}

/** Prints the new image's id. */
export async function commit(
  context: CliContext,
  flags: { author?: string; message?: string; change?: readonly string[]; pause?: boolean; index?: string },
  [service = "", ...name]: readonly string[],
): Promise<void> {
  const container = await runningReplica(context, service, { index: flags.index, all: true });
  if (!container) return;
  if (context.globals.dryRun) {
    return void context.stdout.write(`commit ${[nameOf(container), ...name].join(" as ")}: asked for\n`);
  }
  await containerCommit(context, flags, [container.Id, ...name]);
}

/** Of the named services' containers, or of all of the project's. */
export async function stats(context: CliContext, flags: StatsOptions, services: readonly string[]): Promise<void> {
  const known = await loadProjectOrName(context);
  if (!known) return;
  const unknown = services.find((name) => known.project && !known.project.services.has(name));
  if (unknown !== undefined) throw noSuchService(unknown, [...(known.project?.services.keys() ?? [])]);
  const label = [`${composeLabels.project}=${known.name}`];
  if (services.length === 0) return containerStats(context, { ...flags, filters: { label } }, []);
  const client = await context.connect();
  const found = await client.containers.list(
    { all: flags.all === true, filters: { label } },
    { signal: context.signal },
  );
  const ids = found.filter((one) => services.includes(one.Labels[composeLabels.service] ?? "")).map(({ Id }) => Id);
  if (ids.length > 0) await containerStats(context, flags, ids);
}
