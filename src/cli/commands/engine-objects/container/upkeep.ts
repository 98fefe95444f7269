/** `gantry container diff | export | commit | stats | update | port | attach`. */
import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GantryError } from "../../../../base/errors.js";
import { shortId } from "../../../../oci/short-id.js";
import type { RestartPolicy, RestartPolicyName } from "../../../../wire/container.js";
import type { ContainerStats } from "../../../../wire/stats.js";
import type { CliContext } from "../../../context.js";
import { eachName } from "../../../each-name.js";
import { parseBytes, parseInteger } from "../../../options.js";
import { runSession } from "../../../stdio-session.js";
import { type StatsRow, statsRow } from "../../../views/stats-view.js";
import { printTable } from "../../../views/table.js";
import { exitCode, forwardSignals } from "./run.js";

type Names = readonly string[];

/** `A` added, `C` changed, `D` deleted. */
export async function containerDiff(context: CliContext, [name = ""]: Names): Promise<void> {
  const client = await context.connect();
  const changes = await client.upkeep.changes(name, { signal: context.signal });
  context.stdout.write(changes.map(({ Path, Kind }) => `${"CAD"[Kind] ?? "?"} ${Path}\n`).join(""));
}

/** A tar of the root file system, to a file or to stdout. */
export async function containerExport(
  context: CliContext,
  { output }: { output?: string },
  [name = ""]: Names,
): Promise<void> {
  const client = await context.connect();
  const { signal } = context;
  await writeArchive(context, await client.upkeep.exportContainer(name, { signal }), output);
}

/** To the file, or to stdout, which may not be a terminal. */
export async function writeArchive(
  { cwd, stdout, signal }: CliContext,
  chunks: AsyncIterable<Uint8Array>,
  file: string | undefined,
): Promise<void> {
  if (file !== undefined) return pipeline(Readable.from(chunks), createWriteStream(resolve(cwd, file)), { signal });
  if (stdout.isTTY) {
    throw new GantryError("bad-parameter", "cowardly refusing to save to a terminal", { hint: "Use -o FILE" });
  }
  await pipeline(Readable.from(chunks), stdout, { signal, end: false });
}

/** Prints the new image's id. */
export async function containerCommit(
  context: CliContext,
  options: { author?: string; message?: string; change?: readonly string[]; pause?: boolean },
  [name = "", reference]: Names,
): Promise<void> {
  const client = await context.connect();
  const { author, message, change, pause = true } = options;
  const request = {
    pause,
    ...(reference === undefined ? {} : { reference }),
    ...(author === undefined ? {} : { author }),
    ...(message === undefined ? {} : { comment: message }),
    ...(change === undefined ? {} : { changes: change }),
  };
  context.stdout.write(`${await client.upkeep.commit(name, request, { signal: context.signal })}\n`);
}

/** A table that is drawn anew every second; `--no-stream` prints it once. */
export async function containerStats(
  context: CliContext,
  { all = false, stream = true, format }: { all?: boolean; stream?: boolean; format: "table" | "json" },
  names: Names,
): Promise<void> {
  const client = await context.connect();
  const { signal, stdout } = context;
  const ids =
    names.length > 0 ? names : (await client.containers.list({ all }, { signal })).map(({ Id }) => shortId(Id));
  const rows = new Map<string, StatsRow>();
  const print = () => {
    const listed = ids.flatMap((id) => rows.get(id) ?? []);
    const text = format === "json" ? listed.map((row) => `${JSON.stringify(row)}\n`).join("") : statsTable(listed);
    stdout.write(stream && stdout.isTTY ? `\x1b[H\x1b[2J${text}` : text);
  };
  const follow = async (id: string) => {
    for await (const stats of client.upkeep.stats(id, { stream }, { signal })) {
      rows.set(id, statsRow(stats as ContainerStats));
      if (stream && id === ids[0]) print();
    }
    if (stream) rows.delete(id);
  };
  await Promise.all(ids.map(follow));
  if (!stream) print();
}

function statsTable(rows: readonly StatsRow[]): string {
  const header = ["CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS"];
  return printTable(
    header,
    rows.map((row) => [row.ID, row.Name, row.CPUPerc, row.MemUsage, row.MemPerc, row.NetIO, row.BlockIO, row.PIDs]),
  );
}

export interface UpdateOptions {
  readonly memory?: string;
  readonly memorySwap?: string;
  readonly memoryReservation?: string;
  readonly cpus?: string;
  readonly cpuShares?: string;
  readonly cpuPeriod?: string;
  readonly cpuQuota?: string;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: string;
  readonly restart?: string;
}

/** Only what is named changes. */
export async function containerUpdate(context: CliContext, options: UpdateOptions, names: Names): Promise<void> {
  const client = await context.connect();
  const body = updateBody(options);
  await eachName(context, names, (name) => client.upkeep.update(name, body));
}

/** Pure. Throws "bad-parameter". */
export function updateBody(options: UpdateOptions) {
  const given = <T>(key: string, value: T | undefined, read: (value: T) => unknown) =>
    value === undefined ? {} : { [key]: read(value) };
  const bytes = (what: string) => (text: string) => (text === "-1" ? -1 : parseBytes(text, what));
  const integer = (what: string) => (text: string) => parseInteger(text, what);
  return {
    ...given("Memory", options.memory, bytes("--memory")),
    ...given("MemorySwap", options.memorySwap, bytes("--memory-swap")),
    ...given("MemoryReservation", options.memoryReservation, bytes("--memory-reservation")),
    ...given("NanoCpus", options.cpus, (text) => Math.round(Number(text) * 1e9)),
    ...given("CpuShares", options.cpuShares, integer("--cpu-shares")),
    ...given("CpuPeriod", options.cpuPeriod, integer("--cpu-period")),
    ...given("CpuQuota", options.cpuQuota, integer("--cpu-quota")),
    ...given("CpusetCpus", options.cpusetCpus, String),
    ...given("CpusetMems", options.cpusetMems, String),
    ...given("PidsLimit", options.pidsLimit, integer("--pids-limit")),
    ...given("RestartPolicy", options.restart, restartPolicy),
  };
}

/** `on-failure:3`, `always`, … The engine knows which names there are. */
function restartPolicy(text: string): RestartPolicy {
  const [name = "", retries] = text.split(":");
  const Name = name as RestartPolicyName;
  return retries === undefined ? { Name } : { Name, MaximumRetryCount: parseInteger(retries, "--restart") };
}

/** `80/tcp -> 0.0.0.0:8080`; of one port only where it is published. */
export async function containerPort(context: CliContext, [name = "", port]: Names): Promise<void> {
  const client = await context.connect();
  const { NetworkSettings } = await client.containers.inspect(name, { signal: context.signal });
  const wanted = port === undefined || port.includes("/") ? port : `${port}/tcp`;
  const lines = Object.entries(NetworkSettings.Ports).flatMap(([inner, bindings]) =>
    (wanted === undefined || inner === wanted ? (bindings ?? []) : []).map(({ HostIp = "", HostPort = "" }) => {
      const outer = `${HostIp.includes(":") ? `[${HostIp}]` : HostIp}:${HostPort}`;
      return wanted === undefined ? `${inner} -> ${outer}\n` : `${outer}\n`;
    }),
  );
  if (lines.length === 0 && port !== undefined) {
    throw new GantryError("bad-parameter", `No public port '${wanted}' published for ${name}`);
  }
  context.stdout.write(lines.join(""));
}

/** The exit code is the container's, unless the user detaches. */
export async function containerAttach(
  context: CliContext,
  options: { stdin?: boolean; sigProxy?: boolean; detachKeys?: string },
  [name = ""]: Names,
): Promise<void> {
  const client = await context.connect();
  const { Config, Id, State } = await client.containers.inspect(name);
  if (!State.Running) {
    throw new GantryError("container-not-running", "You cannot attach to a stopped container, start it first");
  }
  const tty = Config.Tty === true;
  const stdin = options.stdin !== false && Config.OpenStdin === true;
  const wait = client.containers.wait(Id, "not-running");
  await wait.registered;
  const hijacked = await client.containers.attach(Id, { stdin, stdout: true, stderr: true, tty });
  const giveBack = tty || options.sigProxy === false ? () => {} : forwardSignals(context, client, Id);
  try {
    const resize = (size: { height: number; width: number }) => client.containers.resize(Id, size);
    const outcome = await runSession(context, hijacked, { stdin, resize, ...options });
    context.finish(outcome === "detached" ? 0 : exitCode(await wait.exited));
  } finally {
    giveBack();
  }
}
