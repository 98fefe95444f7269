/**
 * Digests, field by field, of what a container is made from and no inspection tells: kept in one of its labels, so that
 * a change of it is seen and named.
 *
 * Pure. Contents of configs and secrets are among them; those of secrets were digested with the user's key, since
 * whoever reads a label could guess a short one otherwise. Digests are cut: they tell two values apart, nothing more.
 */
import { canonicalJson, isRecord } from "../../base/json.js";
import type { FileSpec, FileUse, MountSpec, Project, Service } from "../../compose/project.js";
import { digestsLabel } from "../../wire/labels.js";
import { type ContentDigests, inlineContent, isEmpty, plain, sha256 } from "../service/service-hash.js";
import { fieldRules } from "./actions.js";

/** 64 bits: no two values of one field meet by chance. */
const digestChars = 16;

/** By field, as `runtime`, `networks`, `configs.KEY`, `volumes.TARGET.content`; a field that is not set has none. */
export function fieldDigests(project: Project, service: Service, contents: ContentDigests): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [field, { seen, action }] of Object.entries(fieldRules)) {
    if (seen === "live" || action !== "recreate" || field === "configs" || field === "secrets") continue;
    const value = plain(memberOf(service, field));
    if (value !== undefined && !isEmpty(field, value)) found[field] = cut(canonicalJson(value));
  }
  const places = hiddenPlaces(service);
  if (Object.keys(places).length > 0) found.networks = cut(canonicalJson(places));
  const models = Object.keys(service.models ?? {}).map((key) => project.models?.get(key)?.model ?? key);
  if (models.length > 0) found["models.names"] = cut(canonicalJson(models));
  return { ...found, ...deliveries(project, service, contents), ...boundContents(project, service, contents) };
}

/** The label's value. */
export function printDigests(digests: Readonly<Record<string, string>>): string {
  const entries = Object.entries(digests).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(entries));
}

/** Undefined where a container has no such label, or a damaged one. */
export function digestsOf(
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, string | undefined>> | undefined {
  const text = labels[digestsLabel];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return undefined;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, one]) => (typeof one === "string" ? [[key, one]] : [])),
    );
  } catch {
    return undefined;
  }
}

/** A file of this host that is bound into a container by itself. `field` is its digest's name. */
export interface BoundFile {
  readonly field: string;
  readonly path: string;
  /** Where in the model it is asked for. */
  readonly source: string;
  /** Its key, when it is a secret. */
  readonly secret?: string;
}

/** In the service's order: configs, secrets, mounts. */
export function boundFiles(project: Project, service: Service): readonly BoundFile[] {
  const configs = service.configs.flatMap(({ source }): BoundFile[] => {
    const path = project.configs.get(source)?.file;
    return path === undefined ? [] : [{ field: `configs.${source}.content`, path, source: `configs.${source}` }];
  });
  const secrets = service.secrets.flatMap(({ source }): BoundFile[] => {
    const path = project.secrets.get(source)?.file;
    const place = { field: `secrets.${source}.content`, source: `secrets.${source}`, secret: source };
    return path === undefined ? [] : [{ ...place, path }];
  });
  const mounts = service.volumes.flatMap((mount, at): BoundFile[] => {
    const source = `services.${service.name}.volumes[${at}]`;
    return isOwnFile(project, mount) ? [{ field: `volumes.${mount.target}.content`, path: mount.source, source }] : [];
  });
  return [...configs, ...secrets, ...mounts];
}

/** Read-only, so that the container cannot change it itself, and the project's own: the host's files are the host's. */
function isOwnFile({ workingDir }: Project, mount: MountSpec): mount is MountSpec & { readonly source: string } {
  if (mount.type !== "bind" || !mount.read_only || mount.source === undefined) return false;
  return mount.source.startsWith(`${workingDir.replace(/\/$/, "")}/`);
}

function boundContents(project: Project, service: Service, contents: ContentDigests): Record<string, string> {
  const entries = boundFiles(project, service).flatMap(({ field, path, secret }) => {
    const digest = secret === undefined ? contents.fileDigests.get(path) : contents.secretDigests.get(secret);
    return digest === undefined ? [] : [[field, digest.slice(0, digestChars)]];
  });
  return Object.fromEntries(entries);
}

/** How each config and secret is delivered, with the content where it travels with the container. */
function deliveries(project: Project, service: Service, contents: ContentDigests): Record<string, string> {
  const entry = (kind: "configs" | "secrets", use: FileUse) => {
    const spec = project[kind].get(use.source);
    const content = spec?.file !== undefined ? { file: spec.file } : { content: travelling(kind, spec, project) };
    const known = kind === "secrets" && spec?.file === undefined ? contents.secretDigests.get(use.source) : undefined;
    return [`${kind}.${use.source}`, cut(canonicalJson({ ...use, ...(known ? { content: known } : content) }))];
  };
  return Object.fromEntries([
    ...service.configs.map((use) => entry("configs", use)),
    ...service.secrets.map((use) => entry("secrets", use)),
  ]);
}

/** A secret without a key to digest it by counts as unknown. */
function travelling(kind: "configs" | "secrets", spec: FileSpec | undefined, project: Project): string {
  const text = kind === "configs" && spec ? inlineContent(spec, project) : undefined;
  return text === undefined ? "" : sha256(text);
}

/** Of the service's places in networks what no engine shows in the words it was asked in. */
function hiddenPlaces(service: Service): Record<string, unknown> {
  const entries = [...service.networks].flatMap(([key, place]) => {
    const { aliases: _aliases, ipv4_address: _ipv4, ipv6_address: _ipv6, ...hidden } = place;
    const filled = Object.entries(hidden).filter(([field, value]) => !isEmpty(field, value));
    return filled.length > 0 ? [[key, Object.fromEntries(filled)]] : [];
  });
  return Object.fromEntries(entries);
}

function memberOf(service: Service, field: string): unknown {
  const own = Object.entries(service.gantry ?? {}).map(([key, value]) => [`x-gantry.${key}`, value]);
  const members: Readonly<Record<string, unknown>> = { ...service.resources, ...service, ...Object.fromEntries(own) };
  return members[field];
}

function cut(text: string): string {
  return sha256(text).slice(0, digestChars);
}
