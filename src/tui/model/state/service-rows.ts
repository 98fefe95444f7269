/** The rows of the services screen: what the files ask for, beside what the engine has. Pure. */

import type { ProjectName } from "../../../apply/console.js";
import type { ContainerSummary, HealthStatus } from "../../../wire/container.js";
import { composeLabels } from "../../../wire/labels.js";
import type { ConsoleState } from "./console-state.js";

export type ServiceState = "running" | "partly" | "paused" | "restarting" | "created" | "exited" | "failed" | "absent";

/** A service, or below it one of its replicas when it has several. */
export interface ServiceRow {
  /** `web`, or `web 2` for a replica. */
  readonly key: string;
  readonly service: string;
  readonly replica?: number;
  readonly state: ServiceState;
  /** Of a service in part: how many run, of how many. */
  readonly running: number;
  readonly wanted: number;
  readonly exitCode?: number;
  readonly health?: HealthStatus;
  readonly containers: readonly ContainerSummary[];
  readonly isOrphan: boolean;
}

/** Sorted by name; services without a container too, and containers whose service no file has. */
export function serviceRows(state: Pick<ConsoleState, "loaded" | "containers">): ServiceRow[] {
  const { project } = state.loaded;
  const own = projectContainers(state);
  const names = new Set([...(project?.services.keys() ?? []), ...own.map(serviceOf)]);
  return [...names].sort().flatMap((service) => {
    const containers = own.filter((one) => serviceOf(one) === service).sort((a, b) => numberOf(a) - numberOf(b));
    const wanted = project?.services.get(service)?.scale ?? containers.length;
    const isOrphan = project !== undefined && !project.services.has(service) && containers.length > 0;
    const row = rowOf(service, containers, { wanted, isOrphan });
    if (containers.length < 2) return [row];
    const replicas = containers.map((one): ServiceRow => {
      const replica = numberOf(one);
      return { ...rowOf(service, [one], { wanted: 1, isOrphan }), key: `${service} ${replica}`, replica };
    });
    return [row, ...replicas];
  });
}

/** Of the project that is shown, without one-offs. */
export function projectContainers({ loaded, containers }: Pick<ConsoleState, "loaded" | "containers">) {
  return containers.filter(
    ({ Labels }) =>
      Labels[composeLabels.project] === loaded.name &&
      Labels[composeLabels.oneoff] !== "True" &&
      Labels[composeLabels.hook] === undefined,
  );
}

/** Every project that containers bear the name of, by name. */
export function knownProjects(
  containers: readonly ContainerSummary[],
): Array<ProjectName & { readonly running: number; readonly all: number }> {
  const byName = new Map<string, ContainerSummary[]>();
  for (const one of containers) {
    const name = one.Labels[composeLabels.project];
    if (name) byName.set(name, [...(byName.get(name) ?? []), one]);
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => {
      const labels = own[0]?.Labels ?? {};
      const workingDir = labels[composeLabels.workingDir];
      return {
        name,
        configFiles: (labels[composeLabels.configFiles] ?? "").split(",").filter(Boolean),
        ...(workingDir ? { workingDir } : {}),
        running: own.filter(({ State }) => State === "running").length,
        all: own.length,
      };
    });
}

/** The container an action on a row means: the first that runs, else the first. */
export function containerOf(row: ServiceRow | undefined): ContainerSummary | undefined {
  return row?.containers.find(({ State }) => State === "running") ?? row?.containers[0];
}

/** The row that is selected; the first one when it is gone. */
export function selectedRow(state: ConsoleState): ServiceRow | undefined {
  const rows = serviceRows(state);
  return rows.find(({ key }) => key === state.selected) ?? rows[0];
}

export function serviceOf({ Labels }: ContainerSummary): string {
  return Labels[composeLabels.service] ?? "";
}

export function numberOf({ Labels }: ContainerSummary): number {
  return Number(Labels[composeLabels.containerNumber] ?? 0);
}

function rowOf(
  service: string,
  containers: readonly ContainerSummary[],
  { wanted, isOrphan }: { wanted: number; isOrphan: boolean },
): ServiceRow {
  const running = containers.filter(({ State }) => State === "running").length;
  const exit = containers.map(exitCodeOf).find((code) => code !== undefined && code !== 0);
  const code = exit ?? containers.map(exitCodeOf).find((one) => one !== undefined);
  const health = worstHealth(containers);
  return {
    key: service,
    service,
    state: stateOf(containers, running, code),
    running,
    wanted: Math.max(wanted, containers.length),
    ...(code === undefined ? {} : { exitCode: code }),
    ...(health === undefined ? {} : { health }),
    containers,
    isOrphan,
  };
}

function stateOf(containers: readonly ContainerSummary[], running: number, code: number | undefined): ServiceState {
  if (containers.length === 0) return "absent";
  if (running === containers.length) return "running";
  const states = containers.map(({ State }) => State);
  if (states.includes("restarting")) return "restarting";
  if (running > 0) return "partly";
  if (states.includes("paused")) return "paused";
  if (states.every((state) => state === "created")) return "created";
  return code === 0 || code === undefined || containers.every(({ GantryStopped }) => GantryStopped)
    ? "exited"
    : "failed";
}

function exitCodeOf({ Status }: ContainerSummary): number | undefined {
  const found = /^Exited \((\d+)\)/.exec(Status);
  return found ? Number(found[1]) : undefined;
}

function worstHealth(containers: readonly ContainerSummary[]): HealthStatus | undefined {
  const all = containers.flatMap(({ Status }): HealthStatus[] => {
    if (Status.endsWith("(unhealthy)")) return ["unhealthy"];
    if (Status.endsWith("(health: starting)")) return ["starting"];
    return Status.endsWith("(healthy)") ? ["healthy"] : [];
  });
  return (["unhealthy", "starting", "healthy"] as const).find((one) => all.includes(one));
}
