/** `gantry ls`, `images`, `volumes`, `wait` and `events`: what is there, and what happens. */
import { GantryError } from "../../../base/errors.js";
import { shortId } from "../../../oci/short-id.js";
import type { ContainerSummary } from "../../../wire/container.js";
import { humanDuration } from "../../../wire/human-duration.js";
import { composeLabels } from "../../../wire/labels.js";
import type { CliContext } from "../../context.js";
import { parseMoment } from "../../options.js";
import { nameOf } from "../../views/ps-view.js";
import { printSize, printTable } from "../../views/table.js";
import { loadProjectOrName } from "./load.js";

export interface ListFlags {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly format?: string;
}

/** Every project on the engine, by label: running ones, or all. JSON is one array. */
export async function ls(context: CliContext, flags: ListFlags & { filter?: readonly string[] }): Promise<void> {
  const client = await context.connect();
  const filters = { label: [composeLabels.project] };
  const containers = await client.containers.list({ all: flags.all === true, filters }, { signal: context.signal });
  const byProject = Map.groupBy(containers, (one) => one.Labels[composeLabels.project] ?? "");
  const wanted = (flags.filter ?? []).map((word) => word.replace(/^name=/, ""));
  const rows = [...byProject]
    .filter(([name]) => wanted.every((text) => name.includes(text)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([Name, members]) => ({ Name, Status: statusCounts(members), ConfigFiles: configFiles(members) }));
  if (flags.quiet) context.stdout.write(rows.map(({ Name }) => `${Name}\n`).join(""));
  else if (isJson(flags)) context.stdout.write(`${JSON.stringify(rows)}\n`);
  else {
    const cells = rows.map(({ Name, Status, ConfigFiles }) => [Name, Status, ConfigFiles]);
    context.stdout.write(printTable(["NAME", "STATUS", "CONFIG FILES"], cells));
  }
}

/** The image of each container of the project; one inspection for each distinct image. */
export async function images(context: CliContext, flags: ListFlags, services: readonly string[]): Promise<void> {
  const containers = await containersOf(context, services);
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
  if (flags.quiet) return void context.stdout.write(ids.map((id) => `${id}\n`).join(""));
  if (isJson(flags)) return void context.stdout.write(`${JSON.stringify(rows)}\n`);
  const now = context.clock.now().getTime();
  const cells = rows.map((row) => [
    row.ContainerName,
    row.Repository,
    row.Tag,
    row.Platform,
    shortId(row.ID),
    printSize(row.Size),
    row.Created === undefined ? "" : `${humanDuration(now - Date.parse(row.Created))} ago`,
  ]);
  context.stdout.write(
    printTable(["CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED"], cells),
  );
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
    .sort((a, b) => (a.Name < b.Name ? -1 : 1));
  if (flags.quiet) return void context.stdout.write(rows.map(({ Name }) => `${Name}\n`).join(""));
  if (isJson(flags)) return void context.stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const cells = rows.map(({ Driver, Name }) => [Driver, Name]);
  context.stdout.write(printTable(["DRIVER", "VOLUME NAME"], cells));
}

/** Waits until the services' containers have ended; the exit code is the last one's to end. */
export async function wait(context: CliContext, services: readonly string[]): Promise<void> {
  const containers = await containersOf(context, services);
  if (!containers) return;
  if (containers.length === 0) throw new GantryError("container-not-found", "no containers to wait for");
  const client = await context.connect();
  await Promise.all(
    containers.map(async (one) => {
      const { exited } = client.containers.wait(one.Id, "not-running", { signal: context.signal });
      const { StatusCode } = await exited;
      context.stdout.write(`container ${nameOf(one)} exited with status code ${StatusCode}\n`);
      context.finish(StatusCode);
    }),
  );
}

/** Container events of the project until `--until` or Ctrl-C. */
export async function events(
  context: CliContext,
  flags: { json?: boolean; since?: string; until?: string },
  services: readonly string[],
): Promise<void> {
  const known = await loadProjectOrName(context);
  if (!known) return;
  const client = await context.connect();
  const moment = (text: string, what: string) => parseMoment(text, { now: context.clock.now(), what });
  const query = {
    filters: { type: ["container"], label: [`${composeLabels.project}=${known.name}`] },
    ...(flags.since === undefined ? {} : { since: moment(flags.since, "--since") }),
    ...(flags.until === undefined ? {} : { until: moment(flags.until, "--until") }),
  };
  for await (const event of client.system.events(query, { signal: context.signal })) {
    const { ID, Attributes } = event.Actor;
    const service = Attributes[composeLabels.service] ?? "";
    if (Attributes[composeLabels.oneoff] === "True" || (services.length > 0 && !services.includes(service))) continue;
    const attributes = Object.fromEntries(
      Object.entries(Attributes).filter(([key]) => !key.startsWith("com.docker.compose.")),
    );
    const time = new Date(event.timeNano / 1e6).toISOString();
    const shown = { time, type: "container", service, id: ID, action: event.Action, attributes };
    const pairs = Object.entries(attributes).map(([key, value]) => `${key}=${value}`);
    const text = `${time} container ${event.Action} ${ID} (${pairs.join(", ")})`;
    context.stdout.write(`${flags.json ? JSON.stringify(shown) : text}\n`);
  }
}

async function containersOf(context: CliContext, services: readonly string[]): Promise<ContainerSummary[] | undefined> {
  const known = await loadProjectOrName(context);
  if (!known) return undefined;
  const client = await context.connect();
  const label = [`${composeLabels.project}=${known.name}`];
  const found = await client.containers.list({ all: true, filters: { label } }, { signal: context.signal });
  return found
    .filter((one) => one.Labels[composeLabels.oneoff] !== "True")
    .filter((one) => services.length === 0 || services.includes(one.Labels[composeLabels.service] ?? ""))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
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

function isJson({ format = "table" }: ListFlags): boolean {
  if (format === "json" || format === "table") return format === "json";
  throw new GantryError("bad-parameter", `--format: ${format} is not known; use table or json`);
}
