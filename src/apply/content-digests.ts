/**
 * Digests of what configs and secrets hold, so that a change of it is seen.
 *
 * Reads files of this host. Secrets are digested with the user's key (`secret-key.ts`): the digest goes into a label,
 * and a plain one of a short secret would be guessed at once.
 */
import { createHash, createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { FileSpec, Project } from "../compose/project.js";
import { type ContentDigests, inlineContent } from "../plan/service/service-hash.js";
import { readSecretKey } from "./secret-key.js";

/** A file that cannot be read has no digest; making the container then says what is wrong with it. */
export async function digestContents(
  project: Project,
  secretKey: () => Promise<Buffer | undefined> = readSecretKey,
): Promise<ContentDigests> {
  const [fileDigests, secretDigests] = await Promise.all([digestFiles(project), digestSecrets(project, secretKey)]);
  return { fileDigests, secretDigests };
}

async function digestFiles(project: Project): Promise<ReadonlyMap<string, string>> {
  const specs = [...project.configs.values()];
  const paths = [...new Set(specs.flatMap((spec) => (spec.file === undefined ? [] : [spec.file])))].sort();
  const digests = await Promise.all(
    paths.map(async (path): Promise<Array<[string, string]>> => {
      const content = await readFile(path).catch(() => undefined);
      return content ? [[path, createHash("sha256").update(content).digest("hex")]] : [];
    }),
  );
  return new Map(digests.flat());
}

/** Only of secrets that a service has: the key is not made for nothing. */
async function digestSecrets(
  project: Project,
  secretKey: () => Promise<Buffer | undefined>,
): Promise<ReadonlyMap<string, string>> {
  const used = new Set([...project.services.values()].flatMap(({ secrets }) => secrets.map(({ source }) => source)));
  const key = used.size > 0 ? await secretKey() : undefined;
  if (!key) return new Map();
  const digests = await Promise.all(
    [...used].sort().map(async (name): Promise<Array<[string, string]>> => {
      const content = await contentOf(project.secrets.get(name), project);
      return content === undefined ? [] : [[name, createHmac("sha256", key).update(content).digest("hex")]];
    }),
  );
  return new Map(digests.flat());
}

async function contentOf(spec: FileSpec | undefined, project: Project): Promise<Buffer | string | undefined> {
  if (!spec) return undefined;
  return spec.file === undefined ? inlineContent(spec, project) : readFile(spec.file).catch(() => undefined);
}
