/**
 * A Compose project as an artifact of a registry: its media types, and which files it holds.
 *
 * Pure. As `docker compose publish` makes them: a layer for each Compose file, named by annotations; files that others
 * extend, and env files, are layers too.
 */
import { GantryError } from "../base/errors.js";
import { isRecord } from "../base/json.js";
import { type Digest, isDigest } from "../oci/digest.js";

export const artifactTypes = {
  project: "application/vnd.docker.compose.project",
  composeFile: "application/vnd.docker.compose.file+yaml",
  envFile: "application/vnd.docker.compose.envfile",
  /** Of the configuration, where the manifest has no type of artifact (OCI 1.0). */
  emptyConfig: "application/vnd.docker.compose.config.empty.v1+json",
  /** Of the configuration since OCI 1.1. */
  emptyJson: "application/vnd.oci.empty.v1+json",
} as const;

export const artifactAnnotations = {
  version: "com.docker.compose.version",
  /** The file's own name. */
  file: "com.docker.compose.file",
  /** Present: other files extend it, so it stands beside the project's file. */
  extended: "com.docker.compose.extends",
  envFile: "com.docker.compose.envfile",
} as const;

/** One layer and the file that its content belongs to; several layers of one file are its documents. */
export interface ArtifactFile {
  readonly name: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** The name under which the project's own files stand. */
export const projectFile = "compose.yaml";
/** A Compose file is small. */
const maxFileBytes = 8 * 1024 * 1024;
const maxFiles = 200;

/** In order. Throws "remote-failed" for what is no such artifact, or names files elsewhere. */
export function artifactFiles(manifest: unknown, reference: string): ArtifactFile[] {
  const refuse = (why: string) => new GantryError("remote-failed", `${reference} is not a Compose project: ${why}`);
  if (!isRecord(manifest) || !Array.isArray(manifest.layers)) throw refuse("it has no layers");
  const config = isRecord(manifest.config) ? manifest.config.mediaType : undefined;
  const type = manifest.artifactType || config;
  if (type !== artifactTypes.project && type !== artifactTypes.emptyConfig)
    throw refuse(`it is of type ${String(type)}`);
  if (manifest.layers.length > maxFiles) throw refuse("it has too many files");
  const files = manifest.layers.flatMap((layer: unknown): ArtifactFile[] => {
    if (!isRecord(layer) || !isDigest(String(layer.digest))) throw refuse("a layer has no digest");
    const sizeBytes = Number(layer.size);
    if (!(sizeBytes >= 0 && sizeBytes <= maxFileBytes)) throw refuse("a file is larger than what is read");
    const name = nameOf(layer);
    if (name === undefined) return [];
    // Names come from outside: files stand side by side, and nowhere else.
    if (!/^[\w.][\w. -]*$/.test(name) || name === "." || name === "..")
      throw refuse(`a file is called ${JSON.stringify(name)}`);
    return [{ name, digest: String(layer.digest) as Digest, sizeBytes }]; // isDigest has said so
  });
  if (!files.some(({ name }) => name === projectFile)) throw refuse("it has no Compose file");
  return files;
}

function nameOf({ mediaType, annotations }: Record<string, unknown>): string | undefined {
  const notes = isRecord(annotations) ? annotations : {};
  if (mediaType === artifactTypes.envFile) return String(notes[artifactAnnotations.envFile] ?? "");
  if (mediaType !== artifactTypes.composeFile) return undefined;
  return notes[artifactAnnotations.extended] === undefined
    ? projectFile
    : String(notes[artifactAnnotations.file] ?? "");
}

/** The manifest of the project in an index that lists its images too; undefined when it lists none. */
export function projectInIndex(index: unknown): Digest | undefined {
  const manifests = isRecord(index) && Array.isArray(index.manifests) ? index.manifests.filter(isRecord) : [];
  const digest = manifests.find(({ artifactType }) => artifactType === artifactTypes.project)?.digest;
  return typeof digest === "string" && isDigest(digest) ? digest : undefined;
}
