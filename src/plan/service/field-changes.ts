/**
 * Names the fields in which a service differs from the container that runs it: path, old, new, place in the file.
 *
 * Pure. Which top-level fields differ is told by the digests in the container's label; values come from the live
 * container where it was inspected. Values that look like credentials are never shown.
 */
import type { SourceLocation } from "../../base/diagnostic.js";
import type { Project, Service } from "../../compose/project.js";
import type { ContainerInspect } from "../../wire/container.js";
import type { ImageInspect } from "../../wire/image.js";
import { composeLabels, gantryLabels } from "../../wire/labels.js";
import type { ObservedContainer } from "../observed.js";
import type { FieldChange } from "../operation.js";
import { decodeFieldHashes, type ServiceHash } from "./service-hash.js";

const credentialName = /pass|secret|token|key|credential|auth|private/i;
const shownChars = 60;

export interface Comparison {
  readonly project: Project;
  readonly service: Service;
  readonly hash: ServiceHash;
  readonly container: ObservedContainer;
  readonly image?: ImageInspect;
}

/** In path order; empty when another tool made the container, so that nothing is known about its fields. */
export function changedFields({ project, service, hash, container, image }: Comparison): FieldChange[] {
  const before = decodeFieldHashes(container.labels[gantryLabels.fieldHashes]);
  if (!before) return [];
  const fields = [...new Set([...before.keys(), ...hash.fields.keys()])].sort();
  return fields
    .filter((field) => before.get(field) !== hash.fields.get(field))
    .flatMap((field) => changesOf(field, service, container.details, image))
    .map((change) => withPlace(project, { ...change, path: `services.${service.name}.${change.path}` }));
}

/** The place that asks for `path`, or for the nearest part of the model around it. */
export function placeOf(project: Project, path: string): SourceLocation | undefined {
  for (let at = path; at !== ""; at = at.slice(0, Math.max(at.lastIndexOf("."), at.lastIndexOf("["), 0))) {
    const place = project.sources.get(at)?.at(-1);
    if (place) return place;
  }
  return undefined;
}

function withPlace(project: Project, change: FieldChange): FieldChange {
  const source = placeOf(project, change.path);
  return source ? { ...change, source } : change;
}

function changesOf(
  field: string,
  service: Service,
  live: ContainerInspect | undefined,
  image: ImageInspect | undefined,
): FieldChange[] {
  if (field === "environment" && live)
    return mapChanges(field, liveEnvironment(live, image), desiredMap(service, field));
  if (field === "labels" && live) return mapChanges(field, liveLabels(live, image), desiredMap(service, field));
  return [
    {
      path: field,
      ...shown("old", field, live && liveValue(field, live)),
      ...shown("new", field, desired(service, field)),
    },
  ];
}

function mapChanges(
  field: string,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): FieldChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const changes = keys
    .filter((key) => before[key] !== after[key])
    .map((key) => ({ path: `${field}.${key}`, ...shown("old", key, before[key]), ...shown("new", key, after[key]) }));
  return changes.length > 0 ? changes : [{ path: field }];
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
  const tools = new Set<string>([...Object.values(composeLabels), ...Object.values(gantryLabels)]);
  const entries = Object.entries(live.Config.Labels ?? {});
  return Object.fromEntries(entries.filter(([key, value]) => !tools.has(key) && image?.Config.Labels?.[key] !== value));
}

function splitAtEquals(entry: string): [string, string] {
  const at = entry.indexOf("=");
  return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
}

function desired(service: Service, field: string): unknown {
  const value: unknown = Object.entries(service).find(([name]) => name === field)?.[1];
  if (value instanceof Map) return [...value.keys()];
  return field === "ports" ? service.ports.map((port) => portText(port.published, port.target, port.protocol)) : value;
}

/** The live value of the fields that have one plain counterpart. */
function liveValue(field: string, live: ContainerInspect): unknown {
  switch (field) {
    case "image":
      return live.Config.Image;
    case "command":
      return live.Config.Cmd ?? undefined;
    case "entrypoint":
      return live.Config.Entrypoint ?? undefined;
    case "user":
      return live.Config.User || undefined;
    case "working_dir":
      return live.Config.WorkingDir || undefined;
    case "hostname":
      return live.Config.Hostname;
    case "networks":
      return Object.keys(live.NetworkSettings.Networks);
    case "ports":
      return Object.entries(live.HostConfig.PortBindings ?? {}).flatMap(([port, bindings]) => {
        const [target, protocol] = port.split("/");
        return (bindings ?? []).map((binding) => portText(binding.HostPort, Number(target), protocol ?? "tcp"));
      });
    default:
      return undefined;
  }
}

function portText(published: string | undefined, target: number, protocol: string): string {
  return `${published ? `${published}:` : ""}${target}${protocol === "tcp" ? "" : `/${protocol}`}`;
}

function shown<Side extends "old" | "new">(side: Side, name: string, value: unknown): { [S in Side]?: string } {
  if (value === undefined) return {};
  return { [side]: textOf(name, value) } as { [S in Side]: string }; // the key is the parameter's type
}

function textOf(name: string, value: unknown): string {
  if (credentialName.test(name)) return "(hidden)";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > shownChars ? `${text.slice(0, shownChars - 1)}…` : text;
}
