/** The copies of projects that an engine has, by the labels of what they are made of. Pure. */
import { type InstanceOrigin, parseOrigin } from "../../compose/instance/instance.js";
import type { ContainerStatus } from "../../wire/container.js";
import { composeLabels, instanceLabels } from "../../wire/labels.js";

/** A container, network or volume; only containers have a state. */
export interface LabelledThing {
  readonly kind: "container" | "network" | "volume";
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state?: ContainerStatus;
}

/** One copy, whether anything of it runs or only its volumes are left. */
export interface ObservedInstance {
  readonly name: string;
  /** The project's name on the engine. */
  readonly project: string;
  readonly address: string;
  /** Of the project's files. */
  readonly directory: string;
  readonly origin?: InstanceOrigin;
  /** The containers' states, sorted. */
  readonly states: readonly ContainerStatus[];
  /** Names, sorted. */
  readonly volumes: readonly string[];
  readonly networks: number;
}

/** Sorted by project. Things without the labels are nobody's. */
export function instancesOf(things: readonly LabelledThing[]): ObservedInstance[] {
  const labelled = things.filter(({ labels }) => labels[instanceLabels.name] && labels[composeLabels.project]);
  const byProject = Map.groupBy(labelled, ({ labels }) => labels[composeLabels.project] ?? "");
  return [...byProject].map(([project, parts]) => instanceOf(project, parts)).sort(byProjectName);
}

function instanceOf(project: string, parts: readonly LabelledThing[]): ObservedInstance {
  // What runs says where the copy is now; a volume may be older than a move.
  const [leading] = [...parts].sort((a, b) => rank(a) - rank(b));
  const labels = leading?.labels ?? {};
  const origin = parseOrigin(labels[instanceLabels.origin] ?? "");
  return {
    name: labels[instanceLabels.name] ?? "",
    project,
    address: labels[instanceLabels.address] ?? "",
    directory: labels[instanceLabels.directory] ?? "",
    ...(origin ? { origin } : {}),
    states: parts.flatMap(({ state }) => state ?? []).sort(),
    volumes: parts.flatMap(({ kind, name }) => (kind === "volume" ? [name] : [])).sort(),
    networks: parts.filter(({ kind }) => kind === "network").length,
  };
}

function rank({ kind, state }: LabelledThing): number {
  if (kind === "container") return state === "running" ? 0 : 1;
  return kind === "network" ? 2 : 3;
}

function byProjectName(a: ObservedInstance, b: ObservedInstance): number {
  return a.project < b.project ? -1 : 1;
}

/** True while a process of it may run. */
export function isLive({ states }: ObservedInstance): boolean {
  return states.some((state) => state === "running" || state === "paused" || state === "restarting");
}
