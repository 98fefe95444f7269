/**
 * Names the fields in which a service differs from the container that runs it: path, old, new, place in the file, and
 * what it takes to bring the change about.
 *
 * Pure. What would be created is compared with what the engine shows of the container, field by field; what no engine
 * shows, by the digests in the container's label. Values that look like credentials are never shown.
 */
import type { SourceLocation } from "../../base/diagnostic.js";
import { credentialName, maskSecrets } from "../../compose/mask-secrets.js";
import type { Project, Service } from "../../compose/project.js";
import { sourceOf } from "../../compose/source-of.js";
import type { ContainerInspect } from "../../wire/container.js";
import type { ImageInspect } from "../../wire/image.js";
import { type Action, actionFor, seenBy } from "../compare/actions.js";
import { comparableFields, type ReadingContext } from "../compare/comparable-fields.js";
import { digestChanges, type SeenContents } from "../compare/digest-changes.js";
import { digestsOf } from "../compare/field-digests.js";
import { environmentChanges, labelChanges, type MapChange, type Told } from "../compare/map-changes.js";
import type { ObservedContainer } from "../observed.js";
import type { FieldChange } from "../operation.js";
import { containerBody } from "./container-body.js";
import { nameBehindTemporary } from "./names.js";

const shownChars = 60;
/** What an image says where the service does not; not to be told apart without knowing the image. */
const fromImage: readonly string[] = [
  ...["command", "entrypoint", "user", "working_dir", "stop_signal", "healthcheck", "expose", "volumes"],
];

export interface Comparison {
  readonly project: Project;
  readonly service: Service;
  readonly container: ObservedContainer;
  /** The one that the container was made from. */
  readonly image?: ImageInspect;
  readonly contents: SeenContents;
  /** What providers and models tell the container. */
  readonly told?: Told;
}

/** A difference of one field, and the least that brings it about. */
export type Difference = FieldChange & { readonly action: Action };

/** In path order. Empty when the container was not inspected. */
export function changedFields(comparison: Comparison): Difference[] {
  const { project, service, container, image } = comparison;
  const live = container.details;
  if (!live) return [];
  const shownMaps: MapChange[] = [
    ...environmentChanges(live, { project, service, image, ...(comparison.told ? { told: comparison.told } : {}) }),
    ...labelChanges(live, service, image),
  ];
  const maps = shownMaps.map(({ path, name, old, next }) => difference(path, { name, old, new: next }));
  const unseen = digestChanges({ ...comparison, live });
  const paths = new Set(unseen.map(({ path }) => path));
  const hasDigests = digestsOf(container.labels) !== undefined;
  // A field that engines show in words of their own counts when its digest does. Without digests (another tool made the
  // container) it counts where the service asks for it.
  const counts: Counts = (field, isAsked) => seenBy(field) !== "digest" || (hasDigests ? paths.has(field) : isAsked);
  const shown = [...maps, ...shownFields(comparison, live, counts)];
  return [...shown, ...unseen.filter(({ path }) => !shown.some((one) => one.path === path))]
    .map((change) => withPlace(project, { ...change, path: `services.${service.name}.${change.path}` }))
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** Fields of a service that `deploy` may ask for in its own words. */
const inDeploy: Readonly<Record<string, string>> = {
  cpus: "deploy.resources.limits.cpus",
  mem_limit: "deploy.resources.limits.memory",
  mem_reservation: "deploy.resources.reservations.memory",
  pids_limit: "deploy.resources.limits.pids",
  restart: "deploy.restart_policy",
  scale: "deploy.replicas",
};

/** The place that won: the one that asks for `path`, or for the nearest part of the model around it. */
export function placeOf(project: Project, path: string): SourceLocation | undefined {
  const field = path.slice(path.lastIndexOf(".") + 1);
  const elsewhere = `${path.slice(0, path.lastIndexOf("."))}.${inDeploy[field]}`;
  return sourceOf(project, !project.sources.has(path) && project.sources.has(elsewhere) ? elsewhere : path);
}

function withPlace(project: Project, change: Difference): Difference {
  if (change.source) return change;
  const source = placeOf(project, change.path);
  return source ? { ...change, source } : change;
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));
}

/** Whether a difference of the field is one; `isAsked`: the service sets it. */
type Counts = (field: string, isAsked: boolean) => boolean;

function shownFields(
  { project, service, container, image }: Comparison,
  live: ContainerInspect,
  counts: Counts,
): Difference[] {
  const body = containerBody(project, service, { labels: {}, inherited: [] });
  const context: ReadingContext = {
    ...(image ? { image } : {}),
    name: nameBehindTemporary(container.name) ?? container.name,
    targets: new Map([
      ...service.configs.map(({ target }): [string, "configs"] => [target, "configs"]),
      ...service.secrets.map(({ target }): [string, "secrets"] => [target, "secrets"]),
    ]),
    ...(service.use_api_socket ? { hasApiSocket: true } : {}),
  };
  const desired = comparableFields(
    { config: body, host: body.HostConfig ?? {}, endpoints: body.NetworkingConfig?.EndpointsConfig ?? {} },
    context,
  );
  const observed = comparableFields(
    { config: live.Config, host: live.HostConfig, endpoints: live.NetworkSettings.Networks },
    { ...context, id: live.Id },
  );
  return [...new Set([...desired.keys(), ...observed.keys()])]
    .filter((field) => image !== undefined || desired.has(field) || !fromImage.includes(field))
    .filter((field) => isOfProject(project, field) || desired.has(field))
    .filter((field) => counts(field, desired.has(field)))
    .filter((field) => !isSame(desired.get(field), observed.get(field)))
    .map((field) =>
      difference(modelPath(project, field), { name: field, old: observed.get(field), new: desired.get(field) }),
    );
}

/** A network that the files do not know at all was joined by hand, on purpose: it is nobody's business here. */
function isOfProject(project: Project, field: string): boolean {
  if (!field.startsWith("networks.")) return true;
  const name = field.slice("networks.".length);
  return name.startsWith(`${project.name}_`) || [...project.networks.values()].some((spec) => spec.name === name);
}

function difference(path: string, { name, old, new: next }: { name: string; old: unknown; new: unknown }): Difference {
  const action = actionFor(path, { isRemoved: next === undefined });
  return { path, ...shown("old", name, old), ...shown("new", name, next), action };
}

/** Networks are compared by name and written by key. */
function modelPath(project: Project, field: string): string {
  if (!field.startsWith("networks.")) return field;
  const name = field.slice("networks.".length);
  const network = [...project.networks.values()].find((spec) => spec.name === name);
  const prefix = `${project.name}_`;
  return `networks.${network?.key ?? (name.startsWith(prefix) ? name.slice(prefix.length) : name)}`;
}

function shown<Side extends "old" | "new">(side: Side, name: string, value: unknown): { [S in Side]?: string } {
  if (value === undefined) return {};
  return { [side]: textOf(name, value) } as { [S in Side]: string }; // the key is the parameter's type
}

function textOf(name: string, value: unknown): string {
  if (credentialName.test(name)) return "(hidden)";
  const text = maskSecrets(typeof value === "string" ? value : JSON.stringify(value));
  return text.length > shownChars ? `${text.slice(0, shownChars - 1)}…` : text;
}
