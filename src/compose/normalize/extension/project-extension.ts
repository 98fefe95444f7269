/** Normalises `x-gantry` of a project. Pure. */
import type { DevJob, DevLogin, DevSpec, DevUrl, ProjectExtension } from "../../extension.js";
import type { Report } from "../../report.js";
import { child, itemsOf, membersOf, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import { compact, readFlag, readInteger, readMembers, readPath, readText, readTexts } from "../read.js";
import { resolvedPairs } from "../service/canonical-forms.js";
import { normalizeCommand } from "../service/run.js";

/** Undefined where the file says nothing to Gantry. `services` are the names of all, selected or not. */
export function normalizeProjectExtension(
  node: Tree | undefined,
  services: readonly string[],
  context: Context,
): ProjectExtension | undefined {
  if (node?.kind !== "map") return undefined;
  return compact({ dev: normalizeDev(child(node, "dev"), services, context) });
}

function normalizeDev(node: Tree | undefined, services: readonly string[], context: Context): DevSpec | undefined {
  if (node?.kind !== "map") return undefined;
  const jobsNode = child(node, "jobs");
  const jobs = membersOf(jobsNode).map(([name, job]): [string, DevJob] => [name, normalizeJob(name, job, context)]);
  const urls = child(node, "urls");
  checkNames(node, services, context.report);
  return compact({
    jobs: new Map(jobs.sort(([a], [b]) => (a < b ? -1 : 1))),
    urls: urls && itemsOf(urls).map((item) => normalizeUrl(item, context)),
    logins: itemsOf(child(node, "logins")).map((item): DevLogin => {
      const { user = "", ...more } = readMembers(item, ["user", "name", "password"]);
      return { user, ...more };
    }),
    next_steps: readTexts(child(node, "next_steps")),
  });
}

function normalizeJob(name: string, node: Tree, context: Context): DevJob {
  const { service = "", ...own } = readMembers(node, ["service", "user", "working_dir"]);
  const inputs = child(node, "inputs");
  const paths = inputs?.kind === "scalar" ? [inputs] : itemsOf(inputs);
  return compact({
    name,
    service,
    command: normalizeCommand(child(node, "command"), context),
    exec: readFlag(child(node, "exec"), context) ?? false,
    after: readTexts(child(node, "after")),
    inputs: paths.flatMap((path) => readPath(path, context) ?? []),
    environment: resolvedPairs(child(node, "environment"), context),
    ...own,
  });
}

function normalizeUrl(node: Tree, context: Context): DevUrl {
  const url = readText(node);
  if (url !== undefined) return { url };
  const { service = "", ...more } = readMembers(node, ["service", "name", "path"]);
  return compact({ service, ...more, port: readInteger(child(node, "port"), context, { min: 1, max: 65535 }) });
}

/** Services and jobs that are named must be there, and no job may wait for itself. */
function checkNames(dev: Tree, services: readonly string[], report: Report): void {
  const jobs = membersOf(child(dev, "jobs"));
  for (const node of [...jobs.map(([, job]) => job), ...itemsOf(child(dev, "urls"))]) {
    const place = child(node, "service");
    const name = readText(place);
    if (place && name !== undefined && !services.includes(name)) report.undefinedName(place, "service", name, services);
  }
  const names = jobs.map(([name]) => name);
  const needs = new Map(jobs.map(([name, job]) => [name, readTexts(child(job, "after"))]));
  for (const [name, job] of jobs) {
    const place = child(job, "after") ?? job;
    for (const other of needs.get(name) ?? []) {
      if (names.includes(other)) continue;
      const hint = report.suggest(other, names);
      report.error(place, "bad-value", `There is no job "${other}"`, { hint });
    }
    if (reaches(name, needs)) report.error(place, "dependency-cycle", `Job "${name}" waits for itself`);
  }
}

function reaches(name: string, needs: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set<string>();
  const waiting = [...(needs.get(name) ?? [])];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === name) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...(needs.get(next) ?? []));
  }
  return false;
}
