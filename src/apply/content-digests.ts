/**
 * Digests of what configs, secrets and single files that are mounted hold, so that a change of it is seen.
 *
 * Reads files of this host. Secrets are digested with the user's key (`secret-key.ts`): the digest goes into a label,
 * and a plain one of a short secret would be guessed at once.
 */
import { createHash, createHmac } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { FileSpec, Project } from "../compose/project.js";
import type { SeenContents } from "../plan/compare/digest-changes.js";
import { type BoundFile, boundFiles } from "../plan/compare/field-digests.js";
import { inlineContent } from "../plan/service/service-hash.js";
import { readSecretKey } from "./secret-key.js";

/** Configuration is smaller; what is bigger is data, and counts as unchanged. */
const maxFileBytes = 8 * 2 ** 20;

/** A file that cannot be read has no digest; making the container then says what is wrong with it. */
export async function digestContents(
  project: Project,
  secretKey: () => Promise<Buffer | undefined> = readSecretKey,
): Promise<SeenContents> {
  const bound = [...project.services.values()].flatMap((service) => boundFiles(project, service));
  const [fileDigests, secretDigests, fileTimes] = await Promise.all([
    digestFiles(project, bound),
    digestSecrets(project, secretKey),
    timesOf(bound.map(({ path }) => path)),
  ]);
  return { fileDigests, secretDigests, fileTimes };
}

/** The last change of content or name: a file that was put in another's place counts, whatever time it was given. */
async function timesOf(paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const times = await Promise.all(
    [...new Set(paths)].map(async (path): Promise<Array<[string, number]>> => {
      const found = await stat(path).catch(() => undefined);
      return found?.isFile() ? [[path, found.ctimeMs]] : [];
    }),
  );
  return new Map(times.flat());
}

async function digestFiles(project: Project, bound: readonly BoundFile[]): Promise<ReadonlyMap<string, string>> {
  const configs = [...project.configs.values()].flatMap(({ file }) => file ?? []);
  const mounts = bound.flatMap(({ path, secret }) => (secret === undefined ? [path] : []));
  const digests = await Promise.all(
    [...new Set([...configs, ...mounts])].sort().map(async (path): Promise<Array<[string, string]>> => {
      const content = await readWhole(path);
      return content ? [[path, createHash("sha256").update(content).digest("hex")]] : [];
    }),
  );
  return new Map(digests.flat());
}

/** Undefined of what cannot be read, is no file (a directory, a socket), or is too big to be looked at at each plan. */
async function readWhole(path: string): Promise<Buffer | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || found.size > maxFileBytes) return undefined;
  return readFile(path).catch(() => undefined);
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
  return spec.file === undefined ? inlineContent(spec, project) : readWhole(spec.file);
}
