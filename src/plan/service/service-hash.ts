/**
 * Digests of what a container, network or volume was made from, kept in its labels; unequal digests mean "recreate".
 *
 * Pure. As in Docker Compose the digest is SHA-256 over JSON, but of Gantry's own model, so the two tools' values
 * differ. Left out is what a container does not depend on: build, pull policy, scale, dependencies, profiles, log
 * attachment, extensions, attributes that nothing acts on. Contents of configs and secrets count, as digests.
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
  "separator",
  "untyped",
]);

/**
 * Hex SHA-256. `fileDigests` holds the digests of bound config and secret files by path; a missing one counts as
 * unknown.
 */
export function hashService(service: Service, project: Project, fileDigests: ReadonlyMap<string, string>): string {
  const model: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(service)) {
    if (!excluded.has(field) && !isEmpty(field, value)) model[field] = plain(value);
  }
  const contents = (uses: readonly FileUse[], specs: ReadonlyMap<string, FileSpec>) =>
    uses.map((use) => ({ ...use, content: contentDigest(specs.get(use.source), project, fileDigests) }));
  if (service.configs.length > 0) model.configs = contents(service.configs, project.configs);
  if (service.secrets.length > 0) model.secrets = contents(service.secrets, project.secrets);
  if (service.models)
    model.modelNames = Object.keys(service.models).map((key) => project.models?.get(key)?.model ?? key);
  return sha256(canonicalJson(model));
}

/** Of a network's or volume's definition, name included, key and the tools' labels not. */
export function hashDefinition(spec: NetworkSpec | VolumeSpec): string {
  const { key: _key, ...definition } = spec;
  return sha256(canonicalJson(definition));
}

/** Of a config's or secret's content: the file's, or of what travels by the API. "" when it is not known. */
function contentDigest(spec: FileSpec | undefined, project: Project, fileDigests: ReadonlyMap<string, string>): string {
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

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function isEmpty(field: string, value: unknown): boolean {
  if (value === undefined || value === false) return true;
  // `command: []` is not the same as no command.
  if (Array.isArray(value)) return value.length === 0 && field !== "command" && field !== "entrypoint";
  if (value instanceof Map) return value.size === 0;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, member]) => [key, plain(member)]));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
  }
  return value;
}
