/** What this host must have before anything is begun: helpers of the engine, room on the disk, free ports. */
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { listeningSockets } from "../../../../apply/listeners.js";
import type { Project } from "../../../../compose/project.js";
import { busyPorts } from "../../../../dev/check-ports.js";
import { composeLabels } from "../../../../wire/labels.js";
import type { CliContext, HostFinding } from "../../../context.js";
import { printSize } from "../../../views/table.js";
import { isLocalEngine } from "../instances/settle.js";

const gib = 2 ** 30;
/** Less than the first and images do not fit; less than the second and a few builds fill the rest. */
const room = { least: gib, comfortable: 5 * gib };

/** Of the embedded engine. One that runs has found its helpers. */
export async function checkHelpers(context: CliContext): Promise<HostFinding[]> {
  const choice = await context.chooseEngine();
  if (choice.kind === "external" || choice.listens) return [];
  return (await context.checkHost()).filter(({ state }) => state !== "ok");
}

/** Where the embedded engine keeps images and volumes. */
export async function checkDisk(context: CliContext): Promise<HostFinding[]> {
  if ((await context.chooseEngine()).kind === "external") return [];
  let { stateRoot: path } = await context.engine.paths();
  while (!existsSync(path)) path = dirname(path);
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  if (free >= room.comfortable) return [];
  const detail = `${printSize(free)} are free at ${path}`;
  const fix = "Make room: gantry system df, gantry system prune";
  return [{ name: "disk", state: free < room.least ? "missing" : "warning", detail, fix }];
}

/** Ports that others have. Asks an engine only if it is there already. */
export async function checkPorts(context: CliContext, project: Project): Promise<HostFinding[]> {
  if (!(await isLocalEngine(context))) return [];
  const choice = await context.chooseEngine();
  const isUp = choice.kind === "external" || choice.listens;
  const own = isUp ? await ownPorts(context, project) : new Set<number>();
  const listeners = (await listeningSockets()).filter(({ protocol }) => protocol === "tcp");
  return busyPorts(project, listeners, own).map(({ service, address, port }) => ({
    name: "port",
    state: "missing",
    detail: `${port} of ${address}, which ${service} publishes, is in use`,
    fix: `Find out who listens: ss -ltnup "sport = :${port}"; or make a copy beside it: --instance NAME`,
  }));
}

async function ownPorts(context: CliContext, { name }: Project): Promise<ReadonlySet<number>> {
  const client = await context.connect();
  const filters = { label: [`${composeLabels.project}=${name}`] };
  const containers = await client.containers.list({ all: false, filters }, { signal: context.signal });
  return new Set(containers.flatMap(({ Ports }) => Ports.flatMap(({ PublicPort }) => PublicPort ?? [])));
}

/** `detail; fix`. */
export function findingText({ name, detail, fix }: HostFinding): string {
  return `${name}: ${detail}${fix ? `\n  fix: ${fix}` : ""}`;
}
