/**
 * What ADD can do beyond COPY: files from addresses, repositories, archives that are unpacked.
 *
 * Touches the world: everything fetched lies in the build's scratch directory until the engine's next start or the end
 * of the build, whichever is first.
 */
import { createReadStream } from "node:fs";
import { chmod, lstat, mkdir, mkdtemp, rename, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import { GantryError } from "../../../base/errors.js";
import { isGitAddress } from "../../../dockerfile/git-address.js";
import type { Tell } from "../build-request.js";
import { download, isDownload } from "../context/download.js";
import { cloneRepository } from "../context/git.js";
import { isArchive, unpackInto } from "../context/open-context.js";
import type { SourceTree } from "../trees/build-job.js";
import { matchSources } from "../trees/source-entries.js";
import type { CopyInstruction } from "./copy-step.js";
import type { StepPlace } from "./step-place.js";

type AddInstruction = Extract<CopyInstruction, { kind: "add" }>;

/** Throws "path-not-found", "bad-parameter" for a wrong checksum or an address that cannot be fetched. */
export async function fetchSources(
  place: StepPlace,
  step: AddInstruction,
  tell: Tell,
): Promise<{ trees: SourceTree[]; isLive: boolean }> {
  const trees: SourceTree[] = [];
  let isLive = false;
  for (const source of step.sources) {
    if (isGitAddress(source)) trees.push(await cloned(place, step, source));
    else if (isDownload(source)) trees.push(await downloaded(place, step, source));
    else {
      if (step.checksum !== undefined) {
        throw new GantryError("bad-parameter", "checksum can't be specified for local sources");
      }
      const context = await place.session.source(undefined, place.stage, tell);
      const opened = await context.open();
      isLive ||= opened.isLive;
      trees.push(...(await localTrees(place, step, { ...opened, source })));
    }
  }
  return { trees, isLive };
}

async function cloned(place: StepPlace, step: AddInstruction, source: string): Promise<SourceTree> {
  if (step.checksum !== undefined && !/^[0-9a-f]{7,64}$/.test(step.checksum)) {
    throw new GantryError("bad-parameter", `--checksum of a repository is a commit: ${step.checksum}`);
  }
  const root = await scratchOf(place);
  const { scratch } = place.session.rooms;
  const { checksum, keepGitDir } = step;
  const { signal, reach } = place.session;
  const options = { scratch, signal, reach, keepGitDir, ...(checksum ? { checksum } : {}) };
  await cloneRepository(source, root, options);
  return tree(step, { root, pattern: ".", keepOwners: false });
}

async function downloaded(place: StepPlace, step: AddInstruction, source: string): Promise<SourceTree> {
  const root = await scratchOf(place);
  const { path, name, digest, modifiedMs } = await download(source, root, place.session);
  if (step.checksum !== undefined && step.checksum !== digest) {
    throw new GantryError("bad-parameter", `digest mismatch ${digest}: ${step.checksum}`);
  }
  if (step.unpack && (await isArchive(path))) return unpacked(place, step, path);
  if (name === "" && step.to.endsWith("/")) {
    throw new GantryError("bad-parameter", `Cannot tell the name of the file at ${source}`);
  }
  const file = join(root, basename(name || "file"));
  await rename(path, file);
  await chmod(file, 0o600);
  await utimes(file, modifiedMs / 1000, modifiedMs / 1000);
  return tree(step, { root, pattern: basename(file), keepOwners: false });
}

async function localTrees(
  place: StepPlace,
  step: AddInstruction,
  { root, ignore, source }: { root: string; ignore: readonly string[]; source: string },
): Promise<SourceTree[]> {
  const whole: SourceTree = { ...tree(step, { root, pattern: source, keepOwners: false }), ignore };
  if (step.unpack === false) return [whole];
  const trees: SourceTree[] = [];
  for (const { name, real } of matchSources(whole)) {
    const isPacked = (await lstat(real)).isFile() && (await isArchive(real));
    if (isPacked) trees.push(await unpacked(place, step, real));
    else trees.push({ ...whole, patterns: [escapedPattern(name)] });
  }
  return trees;
}

async function unpacked(place: StepPlace, step: AddInstruction, archive: string): Promise<SourceTree> {
  const root = await scratchOf(place);
  await unpackInto(createReadStream(archive), root, place.session.signal);
  return tree(step, { root, pattern: ".", keepOwners: true });
}

function tree(
  { exclude, parents }: AddInstruction,
  { root, pattern, keepOwners }: { root: string; pattern: string; keepOwners: boolean },
): SourceTree {
  return { root, patterns: [pattern], ignore: [], exclude, parents, keepOwners };
}

async function scratchOf({ session }: StepPlace): Promise<string> {
  const { scratch } = session.rooms;
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  const directory = session.owned(await mkdtemp(join(scratch, "add-")));
  await chmod(directory, 0o755); // as what it is copied to
  return directory;
}

/** A name that holds wildcards stands for itself. */
function escapedPattern(name: string): string {
  return name.replace(/[*?[\\]/g, "\\$&");
}
