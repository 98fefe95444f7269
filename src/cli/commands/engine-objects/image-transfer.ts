/** `gantry image history | save | load | push`. */
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { shortId } from "../../../oci/short-id.js";
import { humanDuration } from "../../../wire/human-duration.js";
import type { ProgressMessage } from "../../../wire/image.js";
import type { CliContext } from "../../context.js";
import { printSize, printTable } from "../../views/table.js";
import { writeArchive } from "./container/upkeep.js";

type Names = readonly string[];

const longestCommand = 45;

/** Newest first. */
export async function imageHistory(
  context: CliContext,
  { quiet, format, trunc = true }: { quiet?: boolean; format: "table" | "json"; trunc?: boolean },
  [name = ""]: Names,
): Promise<void> {
  const client = await context.connect();
  const now = context.clock.now().getTime();
  const steps = await client.upkeep.imageHistory(name, { signal: context.signal });
  const rows = steps.map(({ Id, Created, CreatedBy, Size, Comment }) => ({
    ID: trunc && Id.startsWith("sha256:") ? shortId(Id) : Id,
    CreatedSince: Created > 0 ? `${humanDuration(now - Created * 1000)} ago` : "N/A",
    CreatedBy: trunc && CreatedBy.length > longestCommand ? `${CreatedBy.slice(0, longestCommand - 1)}…` : CreatedBy,
    Size: printSize(Size),
    Comment,
  }));
  if (quiet) context.stdout.write(rows.map(({ ID }) => `${ID}\n`).join(""));
  else if (format === "json") context.stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  else {
    const header = ["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"];
    context.stdout.write(printTable(header, rows.map(Object.values)));
  }
}

/** An archive that `load` and other tools read, to a file or to stdout. */
export async function imageSave(context: CliContext, { output }: { output?: string }, names: Names): Promise<void> {
  const client = await context.connect();
  await writeArchive(context, await client.upkeep.saveImages(names, { signal: context.signal }), output);
}

/** From a file or from stdin; prints what was loaded. */
export async function imageLoad(
  context: CliContext,
  { input, quiet }: { input?: string; quiet?: boolean },
): Promise<void> {
  const client = await context.connect();
  const tar = input === undefined ? context.stdin : createReadStream(resolve(context.cwd, input));
  for await (const { stream } of client.upkeep.loadImages(tar, { signal: context.signal })) {
    if (stream !== undefined && !(quiet && /^\s*$/.test(stream))) context.stdout.write(stream);
  }
}

/** Byte counts are left out: what happened is told, not how far it is. */
export async function imagePush(
  context: CliContext,
  { quiet }: { quiet?: boolean },
  [name = ""]: Names,
): Promise<void> {
  const client = await context.connect();
  for await (const message of client.upkeep.pushImage(name, {}, { signal: context.signal })) {
    const text = quiet ? undefined : lineOf(message);
    if (text !== undefined) context.stdout.write(`${text}\n`);
  }
  if (quiet) context.stdout.write(`${name}\n`);
}

function lineOf({ id, status, progressDetail }: ProgressMessage): string | undefined {
  if (status === undefined || progressDetail?.current !== undefined) return undefined;
  return id === undefined ? status : `${id}: ${status}`;
}
