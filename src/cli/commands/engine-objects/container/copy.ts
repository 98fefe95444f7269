/**
 * `gantry container cp`: between the host and a container, by docker's rules for names.
 *
 * The host's side is read and written by the host's own `tar`, which knows owners, links and attributes; the
 * container's side is the engine's, which never follows a link out of it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdtemp, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, posix, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GantryError } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { CliContext } from "../../../context.js";

interface Place {
  readonly container: string;
  readonly path: string;
}
interface CopyOptions {
  /** Keep owners. */
  readonly archive?: boolean;
  /** Copy what a link leads to, under the link's name. */
  readonly followLink?: boolean;
}

/** One of the two is `CONTAINER:PATH`; the other is the host's, or `-` for a tar on the standard streams. */
export async function containerCp(
  context: CliContext,
  options: CopyOptions,
  [source = "", target = ""]: readonly string[],
): Promise<void> {
  const [from, to] = [parsePlace(source), parsePlace(target)];
  if (from && to) throw new GantryError("bad-parameter", "copying between containers is not supported");
  const client = await context.connect();
  if (from) return copyOut(context, client, { from, target, options });
  if (to) return copyIn(context, client, { source, to, options });
  throw new GantryError("bad-parameter", "must specify at least one container source", {
    hint: "Write the container's side as NAME:PATH",
  });
}

/** Undefined for a path of the host: absolute, relative with a dot, or without a colon. */
export function parsePlace(text: string): Place | undefined {
  if (text === "-" || /^[./]/.test(text)) return undefined;
  const colon = text.indexOf(":");
  return colon < 1 ? undefined : { container: text.slice(0, colon), path: text.slice(colon + 1) || "/" };
}

async function copyOut(
  context: CliContext,
  client: EngineClient,
  { from, target, options }: { from: Place; target: string; options: CopyOptions },
): Promise<void> {
  const { signal } = context;
  const found = options.followLink ? await client.upkeep.statPath(from.container, from.path, { signal }) : undefined;
  const path = found?.linkTarget || from.path;
  const chunks = await client.upkeep.readArchive(from.container, path, { signal });
  if (target === "-") return pipeline(Readable.from(chunks), context.stdout, { end: false });
  const place = resolve(context.cwd, target);
  const owners = options.archive ? [] : ["--no-same-owner"];
  const there = await stat(place).catch(() => undefined);
  if (there?.isDirectory() && path === from.path) return extract(chunks, { directory: place, owners, signal });
  if (target.endsWith("/") && !there) throw new GantryError("bad-parameter", `no such directory: ${target}`);
  // Beside the target, so that it gets its name at once and whole.
  const scratch = await mkdtemp(join(dirname(place), ".gantry-cp-"));
  try {
    await extract(chunks, { directory: scratch, owners, signal });
    const name = /\/\.$/.test(path) ? "." : posix.basename(path);
    await rename(join(scratch, name), there?.isDirectory() ? join(place, posix.basename(from.path)) : place);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function copyIn(
  context: CliContext,
  client: EngineClient,
  { source, to, options }: { source: string; to: Place; options: CopyOptions },
): Promise<void> {
  const { signal } = context;
  if (source === "-") {
    return client.upkeep.writeArchive(to.container, { path: to.path, tar: context.stdin }, { signal });
  }
  const link = resolve(context.cwd, source);
  const place = options.followLink ? await realpath(link).catch(() => link) : link;
  const { isDirectory } = await lstat(place).then(
    (found) => ({ isDirectory: found.isDirectory() }),
    (cause: unknown) => {
      throw new GantryError("bad-parameter", `lstat ${place}: no such file or directory`, { cause });
    },
  );
  const onlyContent = isDirectory && /(^|\/)\.$/.test(source);
  const { directory, name } = await landing(client, to, { name: basename(link), signal, onlyContent, isDirectory });
  const owners = options.archive ? [] : ["--owner=0", "--group=0", "--numeric-owner"];
  const words = onlyContent
    ? ["-C", place, "."]
    : [`--transform=flags=rSh;s|^${escaped(basename(place))}|${escaped(name)}|`, "-C", dirname(place), basename(place)];
  const child = spawn("tar", ["-c", ...owners, ...words.slice(0, -1), "--", words.at(-1) ?? ""], {
    stdio: ["ignore", "pipe", "inherit"],
    signal,
  });
  const ended = endOf(child);
  ended.catch(() => {});
  await client.upkeep.writeArchive(to.container, { path: directory, tar: child.stdout }, { signal });
  await ended;
}

/** Where it goes: into a directory under its own name, or under the last name of the path. */
async function landing(
  client: EngineClient,
  { container, path }: Place,
  {
    name,
    signal,
    onlyContent,
    isDirectory,
  }: { name: string; signal: AbortSignal } & {
    onlyContent: boolean;
    isDirectory: boolean;
  },
): Promise<{ directory: string; name: string }> {
  await client.containers.inspect(container, { signal }); // a missing container is told by its name
  const found = await client.upkeep.statPath(container, path, { signal });
  const place = found?.linkTarget || path;
  const there = found?.linkTarget ? await client.upkeep.statPath(container, place, { signal }) : found;
  if (there?.isDirectory) return { directory: place, name };
  if (there && isDirectory) throw new GantryError("bad-parameter", "cannot copy directory to a file");
  if (!there && onlyContent) throw new GantryError("bad-parameter", `no such directory in the container: ${path}`);
  if (!there && path.endsWith("/") && !isDirectory) {
    throw new GantryError("bad-parameter", `no such directory: ${container}:${path}`);
  }
  const absolute = posix.join("/", place);
  return { directory: posix.dirname(absolute), name: posix.basename(absolute) };
}

async function extract(
  chunks: AsyncIterable<Uint8Array>,
  { directory, owners, signal }: { directory: string; owners: readonly string[]; signal: AbortSignal },
): Promise<void> {
  const child = spawn("tar", ["-x", ...owners, "-C", directory], { stdio: ["pipe", "inherit", "inherit"], signal });
  const ended = endOf(child);
  await Promise.all([ended, pipeline(Readable.from(chunks), child.stdin)]);
}

async function endOf(child: ReturnType<typeof spawn>): Promise<void> {
  const [code] = await once(child, "close");
  if (code !== 0) throw new GantryError("import-failed", `tar ended with exit code ${String(code)}`);
}

/** As a name within tar's own substitutions. */
function escaped(name: string): string {
  return name.replace(/[\\.*^$|&[\]]/g, "\\$&");
}
