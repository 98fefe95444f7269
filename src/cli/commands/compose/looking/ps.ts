/** `gantry ps`: one list call, whatever the size of the project. */
import { GantryError } from "../../../../base/errors.js";
import { noSuchService } from "../../../../plan/service/no-such-service.js";
import type { ContainerSummary } from "../../../../wire/container.js";
import { composeLabels } from "../../../../wire/labels.js";
import type { CliContext } from "../../../context.js";
import { writeListing } from "../../../listing.js";
import { nameOf, psListing, psRow } from "../../../views/ps-view.js";
import { loadProjectOrName } from "../load.js";
import { serviceOf } from "../replicas.js";

export interface PsFlags {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly services?: boolean;
  readonly status?: readonly string[];
  readonly filter?: readonly string[];
  readonly format?: string;
  /** False with `--no-orphans`. */
  readonly orphans?: boolean;
  /** False with `--no-trunc`. */
  readonly trunc: boolean;
}

/** Running containers, or all with `--all` or `--status`; sorted by name. */
export async function ps(context: CliContext, flags: PsFlags, services: readonly string[]): Promise<void> {
  const { stdout, clock } = context;
  const known = await loadProjectOrName(context);
  if (!known) return;
  const { project } = known;
  const isShown = (one: ContainerSummary) =>
    flags.orphans !== false || !project || project.services.has(serviceOf(one));
  const containers = (await listReplicas(context, known.name, { flags, services })).filter(isShown);
  const names = [...(project?.services.keys() ?? []), ...(project?.disabledServices ?? [])];
  const unknown = services.find((name) => !names.includes(name) && !containers.some(isOf(name)));
  if (unknown !== undefined && project) throw noSuchService(unknown, names);
  if (flags.quiet) return void stdout.write(lines(containers.map(({ Id }) => Id)));
  if (flags.services) return void stdout.write(lines([...new Set(containers.map(serviceOf))].sort()));
  const now = clock.now().getTime();
  const format = flags.format ?? context.dockerConfig().psFormat;
  await writeListing(
    context,
    containers.map((one) => psRow(one, now, flags)),
    { ...psListing, format },
  );
}

/** The project's containers, sorted by name. One-offs only with `--all`. */
async function listReplicas(
  context: CliContext,
  project: string,
  { flags, services }: { flags: PsFlags; services: readonly string[] },
): Promise<ContainerSummary[]> {
  const client = await context.connect();
  const statuses = wantedStatuses(flags);
  const label = [`${composeLabels.project}=${project}`];
  const all = flags.all === true || statuses.length > 0;
  const found = await client.containers.list({ all, filters: { label } }, { signal: context.signal });
  return found
    .filter((one) => statuses.length === 0 || statuses.includes(one.State))
    .filter((one) => flags.all || one.Labels[composeLabels.oneoff] !== "True")
    .filter((one) => services.length === 0 || services.includes(serviceOf(one)))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function wantedStatuses({ status = [], filter = [] }: PsFlags): string[] {
  const filtered = filter.map((word) => {
    if (word.startsWith("status=")) return word.slice("status=".length);
    throw new GantryError("bad-usage", `--filter ${word}: only status=… is known`, {
      hint: "docker compose knows no other either: source=… is not implemented there",
    });
  });
  return [...status, ...filtered];
}

function isOf(service: string): (container: ContainerSummary) => boolean {
  return (container) => serviceOf(container) === service;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
