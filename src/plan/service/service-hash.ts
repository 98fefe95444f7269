/**
 * Digests of what a container, network or volume was made from, kept in its labels; unequal digests mean "recreate".
 *
 * Pure. As in Docker Compose the digest is SHA-256 over JSON, but of Gantry's own model, so the two tools' values
 * differ. Left out is what a container does not depend on: build, pull policy, scale, dependencies, profiles, log
 * attachment, extensions, attributes that nothing acts on. Contents of configs and secrets count, as digests; those of
 * secrets are keyed, since whoever reads a label could guess a short one otherwise.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../base/json.js";
import type { FileSpec, FileUse, NetworkSpec, Project, Service, VolumeSpec } from "../../compose/project.js";

const excluded: ReadonlySet<string> = new Set([
  "name",
  "build",
  "pull_policy",
  "scale",
  "depends_on",
  "profiles",
  "attach",
  "extensions",
  "gantry",
  "separator",
  "untyped",
  "update_config",
  "rollback_config",
]);

/**
 * What `apply/` has read and digested: the files that configs bind, by path, and the contents of secrets, by their keys
 * in the project. A missing one counts as unknown.
 */
export interface ContentDigests {
  readonly fileDigests: ReadonlyMap<string, string>;
  /** Made with a key that the tool keeps: nobody else can try out what a secret might be. */
  readonly secretDigests: ReadonlyMap<string, string>;
}

/** Hex SHA-256. */
export function hashService(service: Service, project: Project, digests: ContentDigests): string {
  const model: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(service)) {
    if (!excluded.has(field) && !isEmpty(field, value)) model[field] = plain(value);
  }
  const { probe, heal } = service.gantry ?? {};
  if (probe || heal) model.gantry = { probe, heal };
  const withContent = (uses: readonly FileUse[], digestOf: (use: FileUse) => string) =>
    uses.map((use) => ({ ...use, content: digestOf(use) }));
  if (service.configs.length > 0) {
    model.configs = withContent(service.configs, ({ source }) => configDigest(source, project, digests));
  }
  if (service.secrets.length > 0) {
    model.secrets = withContent(service.secrets, ({ source }) => digests.secretDigests.get(source) ?? "");
  }
  if (service.models)
    model.modelNames = Object.keys(service.models).map((key) => project.models?.get(key)?.model ?? key);
  return sha256(canonicalJson(model));
}

/** Of a network's or volume's definition, name included, key and the tools' labels not. */
export function hashDefinition(spec: NetworkSpec | VolumeSpec): string {
  const { key: _key, ...known } = spec;
  // What Gantry is told of a volume changes nothing about it.
  const { gantry: _gantry, ...definition } = known as Partial<VolumeSpec>;
  return sha256(canonicalJson(definition));
}

/** Of a config's content: the file's, or of what travels by the API. "" when it is not known. */
function configDigest(key: string, project: Project, { fileDigests }: ContentDigests): string {
  const spec = project.configs.get(key);
  if (!spec) return "";
  if (spec.file !== undefined) return fileDigests.get(spec.file) ?? "";
  const text = inlineContent(spec, project);
  return text === undefined ? "" : sha256(text);
}

/** The content of a config or secret that is not a file, or undefined. */
export function inlineContent(spec: FileSpec, project: Project): string | undefined {
  if (spec.content !== undefined) return spec.content;
  return spec.environment === undefined ? undefined : project.environment[spec.environment];
}

/** Hex SHA-256. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** True for a field that says nothing. */
export function isEmpty(field: string, value: unknown): boolean {
  if (value === undefined || value === false) return true;
  // `command: []` is not the same as no command.
  if (Array.isArray(value)) return value.length === 0 && field !== "command" && field !== "entrypoint";
  if (value instanceof Map) return value.size === 0;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Maps as objects, all the way down. */
export function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, member]) => [key, plain(member)]));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
  }
  return value;
}
