/**
 * A build's context as a directory: an archive is unpacked, a repository cloned, a directory taken as it is.
 *
 * Touches the world. What is made is below `scratch` and goes with the disposal.
 */
import { createReadStream } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import type { Readable } from "node:stream";
import { GantryError } from "../../../base/errors.js";
import { isGitAddress } from "../../../dockerfile/git-address.js";
import { ignoreFileNames, ignoreLines } from "../../../dockerfile/ignore-patterns.js";
import { readTextInRoot } from "../../kernel/open-in-root.js";
import { decompressed } from "../../layers/archive/decompress.js";
import { extractIntoTree } from "../../layers/trees/tree-jobs.js";
import { UnpackGuard } from "../../layers/unpack-guard.js";
import { download } from "./download.js";
import { cloneRepository } from "./git.js";
import type { Reach } from "./reach.js";

/** `ignore` are the lines of its ignore file. */
export interface OpenContext extends AsyncDisposable {
  readonly root: string;
  readonly ignore: readonly string[];
  /** Its user may change it while the build runs. */
  readonly isLive: boolean;
}

/** More than any Dockerfile that a person wrote. */
const dockerfileLimitBytes = 4 * 1024 * 1024;

export interface ContextOptions {
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** Its sender has left out what the ignore file names, but for that file and the Dockerfile. */
export async function openArchive(body: Readable, dockerfile: string, options: ContextOptions): Promise<OpenContext> {
  return inScratch({ ...options, dockerfile }, (root) => unpackInto(body, root, options.signal));
}

/** `dockerfile` may have an ignore file of its own. */
export async function openDirectory(path: string, dockerfile: string): Promise<OpenContext> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new GantryError("path-not-found", `The build context ${path} is not a directory on the engine's host`);
  }
  return { root: path, ignore: ignoreOf(path, dockerfile), isLive: true, [Symbol.asyncDispose]: async () => {} };
}

function ignoreOf(root: string, dockerfile: string): string[] {
  const [text] = ignoreFileNames(dockerfile).flatMap((name) => readTextInRoot(root, name, dockerfileLimitBytes) ?? []);
  return ignoreLines(text ?? "");
}

/** A repository, an archive, or a Dockerfile alone, told by what comes. */
export async function openRemote(
  url: string,
  dockerfile: string,
  options: ContextOptions & { reach: Reach; keepGitDir?: boolean },
): Promise<OpenContext> {
  return inScratch({ ...options, dockerfile }, async (root) => {
    if (isGitAddress(url)) {
      await cloneRepository(url, root, { ...options, keepGitDir: options.keepGitDir ?? false });
      return;
    }
    const { path } = await download(url, options.scratch, options);
    try {
      if (await isArchive(path)) await unpackInto(createReadStream(path), root, options.signal);
      else await placeAlone(path, root, dockerfile);
    } finally {
      await rm(path, { force: true });
    }
  });
}

/** `dockerfile` is its user's text: what leads above the context leads to its root, as it does when it is read. */
async function placeAlone(path: string, root: string, dockerfile: string): Promise<void> {
  const place = join(root, posix.join("/", dockerfile));
  await mkdir(dirname(place), { recursive: true });
  await copyFile(path, place);
}

/** The text of the Dockerfile. Throws "path-not-found" with Docker's words. */
export function readDockerfile({ root }: OpenContext, dockerfile: string): string {
  const text = readTextInRoot(root, dockerfile, dockerfileLimitBytes);
  if (text !== undefined) return text;
  throw new GantryError(
    "bad-parameter",
    `Cannot locate specified Dockerfile: ${dockerfile}: no such file in the build context`,
  );
}

/** Unpacks an archive of any compression; nothing leads out of `root`, and the disk is not filled. */
export async function unpackInto(archive: Readable, root: string, signal: AbortSignal): Promise<void> {
  const view = { kind: "rootfs" as const, root, readOnly: false, mounts: [] };
  const tar = new UnpackGuard(root).watch(await decompressed(archive));
  await extractIntoTree(view, { path: "/", keepKinds: false }, { tar, signal });
}

/** Whether a tar is in it, in whatever compression: its first block then is a header with a checksum that fits. */
export async function isArchive(path: string): Promise<boolean> {
  const file = createReadStream(path);
  try {
    let head = Buffer.alloc(0);
    for await (const chunk of await decompressed(file)) {
      head = Buffer.concat([head, chunk]);
      if (head.length >= blockBytes) break;
    }
    return isHeader(head.subarray(0, blockBytes));
  } catch {
    return false; // what looks like a compression and is none
  } finally {
    file.destroy();
  }
}

const blockBytes = 512;

function isHeader(block: Buffer): boolean {
  if (block.length < blockBytes) return false;
  const written = Number.parseInt(block.subarray(148, 156).toString("latin1").replace(/\0.*$/s, "").trim(), 8);
  const sum = block.reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  return sum === written;
}

async function inScratch(
  { scratch, dockerfile }: ContextOptions & { dockerfile: string },
  fill: (root: string) => Promise<void>,
): Promise<OpenContext> {
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  const root = await mkdtemp(join(scratch, "context-"));
  await chmod(root, 0o755); // as COPY finds it; the directory above lets nobody in
  const dispose = () => rm(root, { recursive: true, force: true });
  try {
    await fill(root);
    return { root, ignore: ignoreOf(root, dockerfile), isLive: false, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
