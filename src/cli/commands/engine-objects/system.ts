/** `gantry system df | info | events | prune`, and the prunes of single kinds. */
import { createInterface } from "node:readline/promises";
import { GantryError } from "../../../base/errors.js";
import type { EngineClient } from "../../../client/engine-client.js";
import type { DiskUsage } from "../../../client/upkeep-calls.js";
import type { Filters } from "../../../wire/filters.js";
import type { EngineEvent } from "../../../wire/system.js";
import type { CliContext } from "../../context.js";
import { parseMoment } from "../../options.js";
import { printFields, printSize, printTable } from "../../views/table.js";
import { parseFilters } from "./filters.js";

export interface PruneOptions {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly volumes?: boolean;
  readonly filter?: readonly string[];
}
type Kind = Parameters<EngineClient["upkeep"]["prune"]>[0];

const titles: Readonly<Record<Kind, string>> = {
  containers: "Deleted Containers:",
  images: "Deleted Images:",
  networks: "Deleted Networks:",
  volumes: "Deleted Volumes:",
};

/** One kind of object; asks first unless `force`. */
export async function pruneKind(context: CliContext, options: PruneOptions, kind: Kind): Promise<void> {
  if (!options.force && !(await confirmed(context, warningOf(kind, options)))) return;
  const reclaimed = await prune(context, await context.connect(), { kind, filters: filtersOf(kind, options) });
  if (kind !== "networks") context.stdout.write(`Total reclaimed space: ${printSize(reclaimed)}\n`);
}

/** Everything that nobody uses; volumes only when asked for. */
export async function systemPrune(context: CliContext, options: PruneOptions): Promise<void> {
  const what = ["stopped containers", "unused networks", ...(options.volumes ? ["anonymous volumes"] : [])];
  const images = options.all ? "images without a container" : "dangling images";
  const question = `WARNING! This will remove all ${what.join(", ")} and ${images}.`;
  if (!options.force && !(await confirmed(context, question))) return;
  const client = await context.connect();
  const kinds: Kind[] = ["containers", "networks", ...(options.volumes ? (["volumes"] as const) : []), "images"];
  let reclaimed = 0;
  for (const kind of kinds) {
    // Volumes without name only, whatever `all` says of images.
    const filters = kind === "volumes" ? parseFilters(options.filter) : filtersOf(kind, options);
    reclaimed += await prune(context, client, { kind, filters });
  }
  context.stdout.write(`Total reclaimed space: ${printSize(reclaimed)}\n`);
}

/** A table as docker prints it, or one JSON object per line. */
export async function systemDf(context: CliContext, { format }: { format: "table" | "json" }): Promise<void> {
  const client = await context.connect();
  const rows = usageRows(await client.upkeep.diskUsage({ signal: context.signal }));
  if (format === "json") context.stdout.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  else {
    const header = ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"];
    context.stdout.write(printTable(header, rows.map(Object.values)));
  }
}

/** What the engine tells of itself. */
export async function systemInfo(context: CliContext, { format }: { format: "table" | "json" }): Promise<void> {
  const client = await context.connect();
  const info = await client.system.info({ signal: context.signal });
  if (format === "json") {
    context.stdout.write(`${JSON.stringify(info)}\n`);
    return;
  }
  const plain = Object.entries(info).filter(([, value]) => ["string", "number", "boolean"].includes(typeof value));
  context.stdout.write(printFields(plain.map(([name, value]) => [name, String(value)] as const)));
}

/** As they happen, and past ones from `since` on; ends at `until` or with Ctrl-C. */
export async function systemEvents(
  context: CliContext,
  options: { since?: string; until?: string; filter?: readonly string[]; format: "table" | "json" },
): Promise<void> {
  const client = await context.connect();
  const { stdout, signal } = context;
  const now = context.clock.now();
  const moment = (text: string | undefined, what: string) =>
    text === undefined ? undefined : parseMoment(text, { now, what });
  const [since, until] = [moment(options.since, "--since"), moment(options.until, "--until")];
  const query = {
    filters: parseFilters(options.filter),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
  for await (const event of client.system.events(query, { signal })) {
    stdout.write(`${options.format === "json" ? JSON.stringify(event) : eventLine(event)}\n`);
  }
}

function eventLine({ Type, Action, Actor, timeNano }: EngineEvent): string {
  const attributes = Object.entries(Actor.Attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  const time = new Date(timeNano / 1e6).toISOString();
  return `${time} ${Type} ${Action} ${Actor.ID}${attributes.length > 0 ? ` (${attributes.join(", ")})` : ""}`;
}

async function prune(
  { stdout, signal }: CliContext,
  client: EngineClient,
  { kind, filters }: { kind: Kind; filters: Filters },
): Promise<number> {
  const { removed, reclaimedBytes } = await client.upkeep.prune(kind, filters, { signal });
  if (removed.length > 0) stdout.write(`${[titles[kind], ...removed].join("\n")}\n\n`);
  return reclaimedBytes;
}

function filtersOf(kind: Kind, { all, filter }: PruneOptions): Filters {
  const filters = parseFilters(filter);
  if (kind === "images") return { dangling: [all ? "false" : "true"], ...filters };
  return kind === "volumes" && all ? { all: ["true"], ...filters } : filters;
}

function warningOf(kind: Kind, { all }: PruneOptions): string {
  const what = {
    containers: "all stopped containers",
    images: all ? "all images without at least one container associated to them" : "all dangling images",
    networks: "all custom networks not used by at least one container",
    volumes: all
      ? "all local volumes not used by at least one container"
      : "anonymous local volumes not used by at least one container",
  }[kind];
  return `WARNING! This will remove ${what}.`;
}

async function confirmed({ stdin, stdout, signal }: CliContext, question: string): Promise<boolean> {
  if (!stdin.isTTY) {
    throw new GantryError("bad-parameter", "Not a terminal: nobody can be asked", { hint: "Use --force" });
  }
  const asking = createInterface({ input: stdin, output: stdout });
  try {
    const answer = await asking.question(`${question}\nAre you sure you want to continue? [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asking.close();
  }
}

function usageRows({ LayersSize, Images, Containers, Volumes }: DiskUsage) {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const running = Containers.filter(({ State }) => ["running", "paused", "restarting"].includes(State));
  const usedImages = Images.filter((image) => image.Containers > 0);
  const unusedImages = sum(
    Images.filter((image) => image.Containers <= 0).map((i) => i.Size - Math.max(0, i.SharedSize)),
  );
  const sizeOf = (containers: typeof Containers) => sum(containers.map(({ SizeRw }) => SizeRw ?? 0));
  const volumeSize = (volumes: typeof Volumes) =>
    sum(volumes.map(({ UsageData }) => Math.max(0, UsageData?.Size ?? 0)));
  const usedVolumes = Volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0);
  const idleVolumes = Volumes.filter((volume) => !usedVolumes.includes(volume));
  const stoppedSize = sizeOf(Containers.filter((container) => !running.includes(container)));
  const row = (Type: string, counts: readonly [number, number], sizes: readonly [number, number]) => {
    const [size, free] = sizes;
    const share = size > 0 ? ` (${Math.floor((free / size) * 100)}%)` : "";
    const [total, active] = counts.map(String);
    return { Type, TotalCount: total, Active: active, Size: printSize(size), Reclaimable: printSize(free) + share };
  };
  return [
    row("Images", [Images.length, usedImages.length], [LayersSize, unusedImages]),
    row("Containers", [Containers.length, running.length], [sizeOf(Containers), stoppedSize]),
    row("Local Volumes", [Volumes.length, usedVolumes.length], [volumeSize(Volumes), volumeSize(idleVolumes)]),
    row("Build Cache", [0, 0], [0, 0]),
  ].map((line) => ({ ...line, TotalCount: line.TotalCount ?? "0", Active: line.Active ?? "0" }));
}
