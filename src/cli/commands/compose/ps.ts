/** `gantry ps`: one list call, whatever the size of the project. */
import { GantryError } from "../../../base/errors.js";
import type { ContainerSummary } from "../../../wire/container.js";
import { composeLabels } from "../../../wire/labels.js";
import type { CliContext } from "../../context.js";
import { nameOf, psJson, psTable } from "../../views/ps-view.js";
import { loadProjectOrName } from "./load.js";

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
  const format = flags.format ?? "table";
  if (format !== "table" && format !== "json") throw new GantryError("bad-parameter", `--format: use table or json`);
  const known = await loadProjectOrName(context);
  if (!known) return;
  const { project } = known;
  const isShown = (one: ContainerSummary) =>
    flags.orphans !== false || !project || project.services.has(serviceOf(one));
  const containers = (await listReplicas(context, known.name, { flags, services })).filter(isShown);
  const unknown = services.find((name) => !known.project?.services.has(name) && !containers.some(isOf(name)));
  if (unknown !== undefined && known.project && !known.project.disabledServices.includes(unknown)) {
    throw new GantryError("bad-parameter", `no such service: ${unknown}`);
  }
  if (flags.quiet) for (const { Id } of containers) stdout.write(`${Id}\n`);
  else if (flags.services) stdout.write(lines([...new Set(containers.map(serviceOf))].sort()));
  else if (format === "json")
    stdout.write(lines(containers.map((one) => JSON.stringify(psJson(one, clock.now().getTime())))));
  else stdout.write(psTable(containers, clock.now().getTime(), flags));
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
    throw new GantryError("bad-parameter", `--filter ${word}: only status=… is known`);
  });
  return [...status, ...filtered];
}

function serviceOf(container: ContainerSummary): string {
  return container.Labels[composeLabels.service] ?? "";
}

function isOf(service: string): (container: ContainerSummary) => boolean {
  return (container) => serviceOf(container) === service;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
