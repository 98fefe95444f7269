/** What is judged one-time jobs by: the project's volumes on the engine, and digests of files on this host. */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { GantryError, systemCodeOf } from "../../base/errors.js";
import type { EngineClient } from "../../client/engine-client.js";
import type { DevJob } from "../../compose/extension.js";
import { composeLabels } from "../../wire/labels.js";

/** A volume with the moment at which it was made. */
export interface ObservedVolumeAge {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

/** One list call. */
export async function observeVolumeAges(
  client: EngineClient,
  project: string,
  signal: AbortSignal,
): Promise<ObservedVolumeAge[]> {
  const found = await client.volumes.list({ label: [`${composeLabels.project}=${project}`] }, { signal });
  return found.map(({ Name, Labels, CreatedAt }) => ({
    name: Name,
    labels: Labels ?? {},
    createdAtMs: Date.parse(CreatedAt),
  }));
}

/** Migrations and seeds are a few files; whoever names a folder of more than that has named the wrong one. */
const maxInputFiles = 10_000;

/** By job: SHA-256 over the paths and contents of all files under its inputs. Throws "path-not-found". */
export async function digestInputs(jobs: Iterable<DevJob>): Promise<ReadonlyMap<string, string>> {
  const digests = await Promise.all(
    [...jobs].map(async (job): Promise<Array<[string, string]>> => {
      if (job.inputs.length === 0) return [];
      const hash = createHash("sha256");
      const budget = { files: maxInputFiles };
      for (const path of job.inputs) await addTo(hash, { path, shown: path, job: job.name, budget });
      return [[job.name, hash.digest("hex")]];
    }),
  );
  return new Map(digests.flat());
}

async function addTo(
  hash: ReturnType<typeof createHash>,
  what: { path: string; shown: string; job: string; budget: { files: number } },
): Promise<void> {
  const { path, shown, job, budget } = what;
  const info = await stat(path).catch((cause: unknown) => {
    if (systemCodeOf(cause) !== "ENOENT") throw cause;
    throw new GantryError("path-not-found", `Job ${job} names ${path} as an input, which is not there`, { cause });
  });
  if (!info.isDirectory()) {
    if (--budget.files < 0) {
      throw new GantryError("bad-parameter", `The inputs of job ${job} have more than ${maxInputFiles} files`);
    }
    return void hash.update(`${shown}\0${info.size}\0`).update(await readFile(path));
  }
  for (const name of (await readdir(path)).sort()) {
    await addTo(hash, { ...what, path: join(path, name), shown: `${shown}/${name}` });
  }
}
