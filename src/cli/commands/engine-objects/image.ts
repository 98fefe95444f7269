/** `gantry image pull | import | ls | inspect | rm | tag`. */

import { shortId } from "../../../oci/short-id.js";
import { humanDuration } from "../../../wire/human-duration.js";
import type { ImageSummary } from "../../../wire/image.js";
import type { CliContext } from "../../context.js";
import { inspectNames } from "../../each-name.js";
import { pullImage } from "../../pull-image.js";
import { printSize, printTable } from "../../views/table.js";
import { parseFilters } from "./filters.js";

type Names = readonly string[];

/** Prints the name at the end, so that scripts may go on with it. */
export async function imagePull(
  context: CliContext,
  { platform, quiet }: { platform?: string; quiet?: boolean },
  [name = ""]: Names,
): Promise<void> {
  const client = await context.connect();
  await pullImage(context, client, { name, platform, quiet, output: context.stderr });
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
  readonly filter?: readonly string[];
  readonly format: "table" | "json";
  /** False after `--no-trunc`. */
  readonly trunc?: boolean;
}

/** A table, one JSON object per line, or ids alone; one line per name. */
export async function imageLs(context: CliContext, options: ImageListOptions, [reference]: Names): Promise<void> {
  const client = await context.connect();
  const filters = parseFilters([...(options.filter ?? []), ...(reference ? [`reference=${reference}`] : [])]);
  const images = await client.images.list({ all: options.all === true, filters }, { signal: context.signal });
  const rows = images.flatMap((image) => rowsOf(image, { trunc: options.trunc ?? true, now: context.clock.now() }));
  if (options.quiet) context.stdout.write([...new Set(rows.map(({ ID }) => `${ID}\n`))].join(""));
  else if (options.format === "json") context.stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  else {
    const cells = rows.map((row) => [row.Repository, row.Tag, row.ID, row.CreatedSince, row.Size]);
    context.stdout.write(printTable(["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"], cells));
  }
}

function rowsOf(image: ImageSummary, { trunc, now }: { trunc: boolean; now: Date }) {
  const names = image.RepoTags.length > 0 ? image.RepoTags : ["<none>:<none>"];
  return names.map((name) => ({
    ID: trunc ? shortId(image.Id) : image.Id,
    Repository: name.slice(0, name.lastIndexOf(":")),
    Tag: name.slice(name.lastIndexOf(":") + 1),
    CreatedAt: new Date(image.Created * 1000).toISOString(),
    CreatedSince: `${humanDuration(now.getTime() - image.Created * 1000)} ago`,
    Size: printSize(image.Size),
  }));
}

/** A JSON array of what the engine knows. */
export async function imageInspect(context: CliContext, names: Names): Promise<void> {
  const client = await context.connect();
  await inspectNames(context, names, (name) => client.images.inspect(name));
}

/** Prints what was untagged and deleted. One after the other: two names may be of one image. */
export async function imageRm(
  context: CliContext,
  { force = false }: { force?: boolean },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  for (const name of names) {
    for (const { Untagged, Deleted } of await client.images.remove(name, { force })) {
      context.stdout.write(Untagged ? `Untagged: ${Untagged}\n` : `Deleted: ${Deleted}\n`);
    }
  }
}

/** Gives an image a further name. */
export async function imageTag(context: CliContext, [name = "", reference = ""]: Names): Promise<void> {
  await (await context.connect()).images.tag(name, reference);
}
