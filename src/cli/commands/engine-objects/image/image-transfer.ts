/** `gantry image history | save | load | push`. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { GantryError } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { ProgressMessage } from "../../../../wire/image.js";
import type { CliContext } from "../../../context.js";
import { writeListing } from "../../../listing.js";
import { historyListing, historyRow } from "../../../views/rows/image-row.js";
import { writeArchive } from "../container/upkeep.js";

type Names = readonly string[];

/** Newest first. */
export async function imageHistory(
  context: CliContext,
  {
    quiet,
    format,
    trunc = true,
    human = true,
    platform,
  }: { quiet?: boolean; format?: string; trunc?: boolean; human?: boolean; platform?: string },
  [name = ""]: Names,
): Promise<void> {
  const client = await context.connect();
  const now = context.clock.now().getTime();
  const more = platform === undefined ? {} : { platform };
  const steps = await client.upkeep.imageHistory(name, { signal: context.signal, ...more });
  const rows = steps.map((step) => historyRow(step, { trunc, now, human }));
  await writeListing(context, rows, { ...historyListing, format, quiet: quiet ? "ID" : undefined });
}

/** An archive that `load` and other tools read, to a file or to stdout. */
export async function imageSave(
  context: CliContext,
  { output, platform }: { output?: string; platform?: string },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  await writeArchive(
    context,
    await client.upkeep.saveImages(names, { signal: context.signal, ...(platform ? { platform } : {}) }),
    output,
  );
}

/** From a file or from stdin; prints what was loaded. */
export async function imageLoad(
  context: CliContext,
  { input, quiet, platform }: { input?: string; quiet?: boolean; platform?: string },
): Promise<void> {
  const client = await context.connect();
  const tar = input === undefined ? context.stdin : createReadStream(resolve(context.cwd, input));
  for await (const { stream } of client.upkeep.loadImages(tar, {
    signal: context.signal,
    ...(platform ? { platform } : {}),
  })) {
    if (stream !== undefined && !(quiet && /^\s*$/.test(stream))) context.stdout.write(stream);
  }
}

/** Byte counts are left out: what happened is told, not how far it is. */
export async function imagePush(
  context: CliContext,
  { quiet, allTags, platform }: { quiet?: boolean; allTags?: boolean; platform?: string },
  [name = ""]: Names,
): Promise<void> {
  const client = await context.connect();
  if (allTags) {
    const names = await tagsOf(client, name);
    for (const one of names) await imagePush(context, { ...(quiet ? { quiet } : {}) }, [one]);
    return;
  }
  const options = platform === undefined ? {} : { platform };
  for await (const message of client.upkeep.pushImage(name, options, { signal: context.signal })) {
    const text = quiet ? undefined : lineOf(message);
    if (text !== undefined) context.stdout.write(`${text}\n`);
  }
  if (quiet) context.stdout.write(`${name}\n`);
}

/** The names of a repository that the engine knows. Throws "bad-usage" for a name with a tag. */
async function tagsOf(client: EngineClient, repository: string): Promise<string[]> {
  if (/:[^/]*$/.test(repository)) {
    throw new GantryError("bad-usage", "tag can't be used with --all-tags/-a");
  }
  const images = await client.images.list({ filters: { reference: [repository] } });
  const names = images.flatMap(({ RepoTags }) => RepoTags ?? []);
  if (names.length === 0)
    throw new GantryError("image-not-found", `An image does not exist locally with the tag: ${repository}`);
  return names;
}

function lineOf({ id, status, progressDetail }: ProgressMessage): string | undefined {
  if (status === undefined || progressDetail?.current !== undefined) return undefined;
  return id === undefined ? status : `${id}: ${status}`;
}
