/** `gantry system df | info | events | prune`, and the prunes of single kinds. */
import { createInterface } from "node:readline/promises";
import { GantryError } from "../../../base/errors.js";
import { printable } from "../../../base/printable.js";
import type { EngineClient } from "../../../client/engine-client.js";
import type { Filters } from "../../../wire/filters.js";
import type { EngineEvent } from "../../../wire/system.js";
import type { CliContext } from "../../context.js";
import { writeListing, writeOut, writeValue } from "../../listing.js";
import { parseMoment } from "../../options.js";
import { usageListing, usageRows, usageTables } from "../../views/rows/disk-usage.js";
import { eventLine, eventShape } from "../../views/rows/event-line.js";
import { projectUsageListing, projectUsageRows } from "../../views/rows/project-usage.js";
import { printFields, printSize } from "../../views/table.js";
import { parseFilters } from "./filters.js";
import { volumePruneFilters } from "./volume/prune-filters.js";

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
  const client = await context.connect();
  const reclaimed = await prune(context, client, { kind, filters: filtersOf(client, kind, options) });
  if (kind !== "networks") context.stdout.write(`Total reclaimed space: ${printSize(reclaimed, 4)}\n`);
}

/** Everything that nobody uses; volumes only when asked for. */
export async function systemPrune(context: CliContext, options: PruneOptions): Promise<void> {
  const what = ["stopped containers", "unused networks", ...(options.volumes ? ["anonymous volumes"] : [])];
  const images = options.all ? "images without a container" : "dangling images";
  const cache = options.all ? "all build cache" : "build cache that no image uses";
  const question = `WARNING! This will remove all ${what.join(", ")} and ${images}, and ${cache}.`;
  if (!options.force && !(await confirmed(context, question))) return;
  const client = await context.connect();
  const kinds: Kind[] = ["containers", "networks", ...(options.volumes ? (["volumes"] as const) : []), "images"];
  // All of them before the first is carried out: what an engine cannot do is refused before anything is removed.
  const steps = kinds.map((kind) => {
    // Volumes without name only, whatever `all` says of images.
    return { kind, filters: filtersOf(client, kind, kind === "volumes" ? { ...options, all: false } : options) };
  });
  let reclaimed = 0;
  for (const step of steps) reclaimed += await prune(context, client, step);
  reclaimed += await pruneBuilds(context, client, options);
  context.stdout.write(`Total reclaimed space: ${printSize(reclaimed, 4)}\n`);
}

/** Podman has no cache of its own for builds; labels are nothing that a cache has. */
async function pruneBuilds(context: CliContext, client: EngineClient, options: PruneOptions): Promise<number> {
  const filters = parseFilters(options.filter);
  if (client.engine.kind === "podman" || Object.keys(filters).some((name) => name !== "until")) return 0;
  const { signal, stdout } = context;
  const { removed, reclaimedBytes } = await client.builds.prune({ all: options.all === true, filters }, { signal });
  if (removed.length > 0) stdout.write(`Deleted build cache objects:\n${removed.join("\n")}\n\n`);
  return reclaimedBytes;
}

/** A line for each kind; with `verbose` one for each object, with `projects` one for each project. */
export async function systemDf(
  context: CliContext,
  { format, verbose, projects }: { format?: string; verbose?: boolean; projects?: boolean },
): Promise<void> {
  const client = await context.connect();
  const usage = await client.upkeep.diskUsage({ signal: context.signal });
  if (projects) return writeListing(context, projectUsageRows(usage), { ...projectUsageListing, format });
  const trash = client.engine.kind === "gantry" ? await client.trash.list() : [];
  if (!verbose) return writeListing(context, usageRows(usage, trash), { ...usageListing, format });
  if (format !== undefined && format !== "table") return writeValue(context, usage, format);
  const now = context.clock.now().getTime();
  for (const { title, rows, ...listing } of usageTables(usage, { now, trash })) {
    context.stdout.write(`${title}\n\n`);
    await writeListing(context, rows, listing);
    context.stdout.write("\n");
  }
}

/** What the engine tells of itself. */
export async function systemInfo(context: CliContext, { format }: { format?: string }): Promise<void> {
  const client = await context.connect();
  const info = await client.system.info({ signal: context.signal });
  if (format !== undefined && format !== "table") return writeValue(context, info, format);
  const plain = Object.entries(info).filter(([, value]) => ["string", "number", "boolean"].includes(typeof value));
  context.stdout.write(printFields(plain.map(([name, value]) => [name, String(value)] as const)));
}

/** As they happen, and past ones from `since` on; ends at `until` or with Ctrl-C. */
export async function systemEvents(
  context: CliContext,
  options: { since?: string; until?: string; filter?: readonly string[]; format?: string },
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
  const print = await eventPrinter(options.format);
  for await (const event of client.system.events(query, { signal })) {
    await writeOut(stdout, print(event));
  }
}

/** Knows at once whether the template is one. */
async function eventPrinter(format = "table"): Promise<(event: EngineEvent) => string> {
  if (format === "table" || format === "") return (event) => `${printable(eventLine(event))}\n`;
  if (format === "json") return (event) => `${JSON.stringify(event)}\n`;
  const { valuePrinter } = await import("../../template/format.js");
  const print = valuePrinter(format);
  return (event) => print(eventShape(event));
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

function filtersOf({ engine }: EngineClient, kind: Kind, { all = false, filter }: PruneOptions): Filters {
  const filters = parseFilters(filter);
  if (kind === "images") return { dangling: [all ? "false" : "true"], ...filters };
  return kind === "volumes" ? volumePruneFilters(filters, { all, apiVersion: engine.apiVersion }) : filters;
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

/** What a person answers, or what a script pipes in as to docker; "bad-parameter" when that is nothing. */
export async function confirmed({ stdin, stdout, signal }: CliContext, question: string): Promise<boolean> {
  const asking = createInterface({ input: stdin, output: stdout, terminal: stdin.isTTY === true });
  const closed = new Promise<undefined>((resolve) => asking.once("close", () => resolve(undefined)));
  try {
    const asked = asking.question(`${question}\nAre you sure you want to continue? [y/N] `, { signal });
    const answer = await Promise.race([asked, closed]);
    if (answer === undefined && !stdin.isTTY) {
      throw new GantryError("bad-parameter", "Nothing was removed, for want of a yes", { hint: "Use --force" });
    }
    return /^y(es)?$/i.test(answer?.trim() ?? "");
  } finally {
    asking.close();
  }
}
