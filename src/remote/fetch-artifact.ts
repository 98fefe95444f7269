/** Brings a Compose project of a registry into the cache, by its digest: what is there is not fetched again. */
import { existsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { GantryError } from "../base/errors.js";
import { digestOf } from "../oci/digest.js";
import { type ImageReference, parseReference, withDefaultTag } from "../oci/reference.js";
import type { RegistryCall, RegistryClient } from "../registry/registry-client.js";
import { type ArtifactFile, artifactFiles, projectInIndex } from "./compose-artifact.js";
import type { RemoteOptions } from "./remote-options.js";

/** The folder of its files. Throws "registry-…", "image-not-found", "remote-failed", "bad-parameter". */
export async function fetchArtifact(reference: string, options: RemoteOptions): Promise<string> {
  const named = withDefaultTag(parseReference(reference.replace(/^oci:\/\//, "")));
  const { registry, credentials } = await options.registry(named.domain);
  const call: RegistryCall = { signal: options.signal, ...(credentials ? { credentials } : {}) };
  let manifest = await registry.fetchManifest(named, call);
  const folder = join(options.cache, "oci", manifest.digest.replace(":", "-"));
  if (existsSync(folder)) return folder;
  const project = projectInIndex(parsed(manifest.text, reference));
  if (project) manifest = await registry.fetchManifest(named, { ...call, digest: project });
  const files = artifactFiles(parsed(manifest.text, reference), reference);
  await mkdir(join(folder, ".."), { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(folder, "..", ".new-"));
  try {
    for (const [at, file] of files.entries()) await addFile(registry, { named, file, at, work, call });
    await rename(work, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error; // else another command was faster
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

/** Several layers of one file are documents of it. */
async function addFile(
  registry: RegistryClient,
  what: { named: ImageReference; file: ArtifactFile; at: number; work: string; call: RegistryCall },
): Promise<void> {
  const { named, file, at, work, call } = what;
  const blob = { mediaType: "application/octet-stream", digest: file.digest, sizeBytes: file.sizeBytes };
  const part = join(work, `.part-${at}`);
  await registry.fetchBlob(named, blob, { ...call, path: part, onBytes: () => {} });
  const content = await readFile(part);
  await rm(part);
  if (digestOf(content) !== file.digest) {
    throw new GantryError("blob-corrupt", `The registry sent another content than ${file.digest}`);
  }
  const path = join(work, file.name);
  await appendFile(path, existsSync(path) ? `\n---\n${content.toString("utf8")}` : content, { mode: 0o600 });
}

function parsed(text: string, reference: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new GantryError("remote-failed", `${reference}: the registry's answer is not JSON`);
  }
}
