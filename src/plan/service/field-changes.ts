/**
 * Names the fields in which a service differs from the container that runs it: path, old, new, place in the file.
 *
 * Pure. What would be created is compared with what the engine shows of the container, field by field; nothing is
 * remembered in labels. Values that look like credentials are never shown.
 */
import type { SourceLocation } from "../../base/diagnostic.js";
import { credentialName, maskSecrets } from "../../compose/mask-secrets.js";
import type { Project, Service } from "../../compose/project.js";
import { sourceOf } from "../../compose/source-of.js";
import type { ContainerInspect } from "../../wire/container.js";
import type { ImageInspect } from "../../wire/image.js";
import { composeLabels, instanceLabels, makerLabel, receivedLabel } from "../../wire/labels.js";
import type { ObservedContainer } from "../observed.js";
import type { FieldChange } from "../operation.js";
import { comparableFields } from "./comparable-fields.js";
import { containerBody } from "./container-body.js";
import { nameBehindTemporary } from "./names.js";

/** What engines fill in by the host they are on: it says nothing where the service does not ask for it. */
const hostsChoice: readonly string[] = ["cgroup"];
const shownChars = 60;

export interface Comparison {
  readonly project: Project;
  readonly service: Service;
  readonly container: ObservedContainer;
  readonly image?: ImageInspect;
}

/**
 * In path order. Configs and secrets are named without values, and only when nothing else differs: no engine shows
 * their contents. Empty when the container was not inspected, or differs in what no engine shows.
 */
export function changedFields({ project, service, container, image }: Comparison): FieldChange[] {
  const live = container.details;
  if (!live) return [];
  const changes = [
    ...mapChanges("environment", liveEnvironment(live, image), desiredMap(service, "environment")),
    ...mapChanges("labels", liveLabels(live, image), desiredMap(service, "labels")),
    ...fieldChanges(project, service, { live, image, container }),
  ];
  const known = changes.length > 0 ? changes : unseenFields(service);
  return known
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((change) => withPlace(project, { ...change, path: `services.${service.name}.${change.path}` }));
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

function withPlace(project: Project, change: FieldChange): FieldChange {
  const source = placeOf(project, change.path);
  return source ? { ...change, source } : change;
}

function fieldChanges(
  project: Project,
  service: Service,
  { live, image, container }: { live: ContainerInspect; image: ImageInspect | undefined; container: ObservedContainer },
): FieldChange[] {
  const body = containerBody(project, service, { labels: {}, inherited: [] });
  const context = { ...(image ? { image } : {}), name: nameBehindTemporary(container.name) ?? container.name };
  const desired = comparableFields(
    { config: body, host: body.HostConfig ?? {}, endpoints: body.NetworkingConfig?.EndpointsConfig ?? {} },
    context,
  );
  const observed = comparableFields(
    { config: live.Config, host: live.HostConfig, endpoints: live.NetworkSettings.Networks },
    { ...context, id: live.Id },
  );
  const fields = [...new Set([...desired.keys(), ...observed.keys()])];
  return fields
    .filter((field) => desired.get(field) !== undefined || !hostsChoice.includes(field))
    .filter((field) => JSON.stringify(desired.get(field)) !== JSON.stringify(observed.get(field)))
    .map((field) => ({
      path: modelPath(project, field),
      ...shown("old", field, observed.get(field)),
      ...shown("new", field, desired.get(field)),
    }));
}

/** Networks are compared by name and written by key. */
function modelPath(project: Project, field: string): string {
  if (!field.startsWith("networks.")) return field;
  const name = field.slice("networks.".length);
  const network = [...project.networks.values()].find((spec) => spec.name === name);
  const prefix = `${project.name}_`;
  return `networks.${network?.key ?? (name.startsWith(prefix) ? name.slice(prefix.length) : name)}`;
}

function unseenFields(service: Service): FieldChange[] {
  return (["configs", "secrets"] as const).flatMap((field) => (service[field].length > 0 ? [{ path: field }] : []));
}

function mapChanges(
  field: string,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): FieldChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys
    .filter((key) => before[key] !== after[key])
    .map((key) => ({ path: `${field}.${key}`, ...shown("old", key, before[key]), ...shown("new", key, after[key]) }));
}

function desiredMap(service: Service, field: "environment" | "labels"): Record<string, string> {
  const entries = Object.entries(service[field]);
  return Object.fromEntries(entries.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

/** Without what the image sets: the engine merges the two. */
function liveEnvironment(live: ContainerInspect, image: ImageInspect | undefined): Record<string, string> {
  const own = new Set(image?.Config.Env ?? []);
  const entries = (live.Config.Env ?? []).filter((entry) => !own.has(entry));
  return Object.fromEntries(entries.map((entry) => splitAtEquals(entry)));
}

function liveLabels(live: ContainerInspect, image: ImageInspect | undefined): Record<string, string> {
  const ours = [composeLabels, instanceLabels].flatMap((labels) => Object.values<string>(labels));
  const tools = new Set([...ours, makerLabel, receivedLabel]);
  const entries = Object.entries(live.Config.Labels ?? {});
  return Object.fromEntries(entries.filter(([key, value]) => !tools.has(key) && image?.Config.Labels?.[key] !== value));
}

function splitAtEquals(entry: string): [string, string] {
  const at = entry.indexOf("=");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
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
