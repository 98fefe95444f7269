/** `gantry ls`, `images` and `volumes`: what is there. */
import { GantryError } from "../../../../base/errors.js";
import { shortId } from "../../../../oci/short-id.js";
import type { ContainerSummary } from "../../../../wire/container.js";
import { humanDuration } from "../../../../wire/human-duration.js";
import { composeLabels } from "../../../../wire/labels.js";
import type { CliContext } from "../../../context.js";
import { writeListing } from "../../../listing.js";
import type { Listing, Row } from "../../../template/format.js";
import { nameOf } from "../../../views/ps-view.js";
import { volumeListing, volumeRow } from "../../../views/rows/network-row.js";
import { printSize } from "../../../views/table.js";
import { loadProjectOrName } from "../load.js";
import { findReplicas } from "../replicas.js";

export interface ListFlags {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly format?: string;
}

/** Every project on the engine, by label: running ones, or all. JSON is one array. */
export async function ls(context: CliContext, flags: ListFlags & { filter?: readonly string[] }): Promise<void> {
  const isWanted = nameFilter(flags.filter ?? []);
  const client = await context.connect();
  const filters = { label: [composeLabels.project] };
  const containers = await client.containers.list({ all: flags.all === true, filters }, { signal: context.signal });
  const byProject = Map.groupBy(containers, (one) => one.Labels[composeLabels.project] ?? "");
  const rows = [...byProject]
    .filter(([name]) => isWanted(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([Name, members]) => ({ Name, Status: statusCounts(members), ConfigFiles: configFiles(members) }));
  await writeRows(context, rows, {
    ...flags,
    key: "Name",
    titles: { Name: "NAME", Status: "STATUS", ConfigFiles: "CONFIG FILES" },
    columns: ["Name", "Status", "ConfigFiles"],
  });
}

/** `name=` with a name or a regular expression; several must all hold. Throws "bad-parameter". */
function nameFilter(words: readonly string[]): (name: string) => boolean {
  const tests = words.map((word) => {
    const at = word.indexOf("=");
    if (at >= 0 && word.slice(0, at) !== "name") throw new GantryError("bad-parameter", `invalid filter '${word}'`);
    const text = word.slice(at + 1);
    if (!isExpression(text)) return (name: string) => name === text;
    const expression = new RegExp(text);
    return (name: string) => name === text || expression.test(name);
  });
  return (name) => tests.every((test) => test(name));
}

function isExpression(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** The image of each container of the project; one inspection for each distinct image. */
export async function images(context: CliContext, flags: ListFlags, services: readonly string[]): Promise<void> {
  const containers = await findReplicas(context, { all: true, services });
  if (!containers) return;
  const client = await context.connect();
  const ids = [...new Set(containers.map((one) => one.ImageID))];
  const found = new Map(
    await Promise.all(
      ids.map(async (id) => [id, await client.images.inspect(id, { signal: context.signal })] as const),
    ),
  );
  const rows = containers.map((one) => {
    const image = found.get(one.ImageID);
    const [Repository = "<none>", Tag = "<none>"] = splitName(one.Image);
    return {
      ID: one.ImageID,
      ContainerName: nameOf(one),
      Repository,
      Tag,
      Platform: image ? [image.Os, image.Architecture, image.Variant].filter(Boolean).join("/") : "",
      Size: image?.Size ?? 0,
      Created: image?.Created,
      LastTagTime: image?.Metadata.LastTagTime,
    };
  });
  const now = context.clock.now().getTime();
  const shown = rows.map((row) => ({
    ...row,
    ID: shortId(row.ID),
    Size: printSize(row.Size),
    Created: row.Created === undefined ? "N/A" : `${humanDuration(now - Date.parse(row.Created))} ago`,
  }));
  if (flags.quiet) return void context.stdout.write(ids.map((id) => `${id.replace("sha256:", "")}\n`).join(""));
  await writeRows(context, flags.format === "json" ? rows : shown, {
    ...flags,
    key: "ID",
    titles: {
      ...{ ContainerName: "CONTAINER", Repository: "REPOSITORY", Tag: "TAG", Platform: "PLATFORM", ID: "IMAGE ID" },
      ...{ Size: "SIZE", Created: "CREATED", LastTagTime: "LAST TAG TIME" },
    },
    columns: ["ContainerName", "Repository", "Tag", "Platform", "ID", "Size", "Created"],
  });
}

/** The project's volumes, external ones left out; with services those that their containers mount. JSON by lines. */
export async function volumes(context: CliContext, flags: ListFlags, services: readonly string[]): Promise<void> {
  const known = await loadProjectOrName(context);
  if (!known) return;
  const client = await context.connect();
  const { signal } = context;
  const label = [`${composeLabels.project}=${known.name}`];
  const [found, containers] = await Promise.all([
    client.volumes.list({ label }, { signal }),
    services.length > 0 ? client.containers.list({ all: true, filters: { label } }, { signal }) : [],
  ]);
  const users = containers.filter((one) => services.includes(one.Labels[composeLabels.service] ?? ""));
  const mounted = new Set(users.flatMap((one) => one.Mounts.map((mount) => mount.Name)));
  const rows = found
    .filter(({ Name }) => services.length === 0 || mounted.has(Name))
    .sort((a, b) => (a.Name < b.Name ? -1 : 1))
    .map(volumeRow);
  await writeListing(context, rows, {
    ...volumeListing,
    format: flags.format,
    quiet: flags.quiet ? "Name" : undefined,
  });
}

/** As docker compose has them: JSON is one array, and its members stand in the order of the row. */
async function writeRows(
  context: CliContext,
  rows: readonly Row[],
  { format, quiet, key, ...listing }: Listing & ListFlags & { key: string },
): Promise<void> {
  if (format === "json" && !quiet) return void context.stdout.write(`${JSON.stringify(rows)}\n`);
  await writeListing(context, rows, { ...listing, least: 20, format, quiet: quiet ? key : undefined });
}

/** `exited(1), running(2)`. */
function statusCounts(members: readonly ContainerSummary[]): string {
  const counts = [...Map.groupBy(members, (one) => one.State)].map(([state, some]) => `${state}(${some.length})`);
  return counts.sort().join(", ");
}

function configFiles(members: readonly ContainerSummary[]): string {
  return members.map((one) => one.Labels[composeLabels.configFiles] ?? "").find((files) => files !== "") ?? "";
}

function splitName(name: string): [string, string] | [string] {
  const at = name.lastIndexOf(":");
  return at > name.lastIndexOf("/") ? [name.slice(0, at), name.slice(at + 1)] : [name, "latest"];
}
