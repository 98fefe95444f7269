/** `gantry image pull | import | ls | inspect | rm | tag`. */
import { GantryError, isGantryError, messageOf } from "../../../../base/errors.js";
import { printable } from "../../../../base/printable.js";
import type { CliContext } from "../../../context.js";
import { writeInspected, writeListing } from "../../../listing.js";
import { pullImage } from "../../../pull-image.js";
import { imageListing, imageRows } from "../../../views/rows/image-row.js";
import { parseFilters } from "../filters.js";

type Names = readonly string[];

/** Prints the name at the end, so that scripts may go on with it. */
export async function imagePull(
  context: CliContext,
  { platform, quiet, allTags }: { platform?: string; quiet?: boolean; allTags?: boolean },
  [name = ""]: Names,
): Promise<void> {
  if (allTags && (name.includes("@") || /:[^/]*$/.test(name))) {
    throw new GantryError("bad-usage", "tag can't be used with --all-tags/-a");
  }
  const client = await context.connect();
  await pullImage(context, client, { name, platform, quiet, allTags, output: context.stderr });
  context.stdout.write(`${name}\n`);
}

/** A root file system tarball (`-` is stdin) becomes an image; prints its id. */
export async function imageImport(
  context: CliContext,
  { change = [], message, platform }: { change?: readonly string[]; message?: string; platform?: string },
  [file = "-", reference]: Names,
): Promise<void> {
  const client = await context.connect();
  const { open } = await import("node:fs/promises");
  const { resolve } = await import("node:path");
  const tar = file === "-" ? context.stdin : (await open(resolve(context.cwd, file))).createReadStream();
  const options = {
    changes: change,
    ...(reference === undefined ? {} : { reference }),
    ...(message === undefined ? {} : { message }),
    ...(platform === undefined ? {} : { platform }),
  };
  let id: string | undefined;
  for await (const { status } of client.images.importRootfs(tar, options, { signal: context.signal })) {
    if (status?.startsWith("sha256:")) id = status;
  }
  context.stdout.write(`${id ?? reference ?? ""}\n`);
}

export interface ImageListOptions {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly digests?: boolean;
  readonly filter?: readonly string[];
  readonly format?: string;
  /** False after `--no-trunc`. */
  readonly trunc?: boolean;
}

/** One line per name. */
export async function imageLs(context: CliContext, options: ImageListOptions, [reference]: Names): Promise<void> {
  const client = await context.connect();
  const filters = parseFilters([...(options.filter ?? []), ...(reference ? [`reference=${reference}`] : [])]);
  const images = await client.images.list({ all: options.all === true, filters }, { signal: context.signal });
  const digests = options.digests === true || /\.Digest\b/.test(options.format ?? "");
  const facts = { trunc: options.trunc ?? true, now: context.clock.now().getTime(), digests };
  const rows = images.flatMap((image) => imageRows(image, facts));
  const [repository, tag, ...more] = imageListing.columns;
  await writeListing(context, options.quiet ? distinct(rows) : rows, {
    ...imageListing,
    columns: options.digests ? [repository, tag, "Digest", ...more] : imageListing.columns,
    format: options.format ?? context.dockerConfig().imagesFormat,
    quiet: options.quiet ? "ID" : undefined,
  });
}

function distinct<T extends { readonly ID: string }>(rows: readonly T[]): T[] {
  return [...new Map(rows.map((row) => [row.ID, row])).values()];
}

/** A JSON array of what the engine knows, or a line by the template for each. */
export async function imageInspect(
  context: CliContext,
  { format, platform }: { format?: string; platform?: string },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  const inspect = (name: string) => client.images.inspect(name, platform === undefined ? {} : { platform });
  await writeInspected(context, names, { kind: "image", format, inspect });
}

/**
 * Prints what was untagged and deleted. One after the other: two names may be of one image. With `force` a missing one
 * is fine; any other failure is told and the rest goes on.
 */
export async function imageRm(
  context: CliContext,
  { force = false, prune = true, platform }: { force?: boolean; prune?: boolean; platform?: string },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  const options = { force, noprune: !prune, ...(platform === undefined ? {} : { platform }) };
  for (const name of names) {
    const items = await client.images.remove(name, options).catch((error: unknown) => {
      context.signal.throwIfAborted();
      context.stderr.write(`error: ${printable(messageOf(error))}\n`);
      if (!force || !isGantryError(error, "image-not-found")) context.finish(1);
      return [];
    });
    for (const { Untagged, Deleted } of items) {
      context.stdout.write(Untagged ? `Untagged: ${Untagged}\n` : `Deleted: ${Deleted}\n`);
    }
  }
}

/** Gives an image a further name. */
export async function imageTag(context: CliContext, [name = "", reference = ""]: Names): Promise<void> {
  await (await context.connect()).images.tag(name, reference);
}
