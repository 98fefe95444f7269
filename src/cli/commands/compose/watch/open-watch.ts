/** Makes watch rules ready to be asked: links resolved, ignore files read. Touches the world: reads files. */
import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { GantryError, systemCodeOf } from "../../../../base/errors.js";
import type { Project, Service } from "../../../../compose/project.js";
import { ignoreFileNames, parseIgnoreFile } from "../../../../dockerfile/ignore-patterns.js";
import {
  type ActiveRule,
  activeRule,
  coveringMount,
  type WatchedPlace,
  type WatchRule,
  watchRules,
} from "../../../../plan/watch/watch-rules.js";

export interface OpenedRules {
  readonly active: readonly ActiveRule[];
  /** What the user should know of rules that have no effect. */
  readonly warnings: readonly string[];
}

/** Throws "bad-parameter" when nothing can be watched, and for a rule that cannot work, with its place. */
export async function openWatch(project: Project, services: readonly string[]): Promise<OpenedRules> {
  const active: ActiveRule[] = [];
  const warnings: string[] = [];
  for (const rule of watchRules(project, services)) {
    const service = project.services.get(rule.service);
    const path = await realpath(rule.path).catch(() => undefined);
    if (!service || path === undefined) {
      warnings.push(`${rule.service} watches ${rule.path}, which is not there`);
      continue;
    }
    checkRule(rule, service);
    const { target } = rule;
    if (target !== undefined && copies(rule) && coveringMount({ path, target }, service)) {
      warnings.push(`${rule.service} has ${rule.path} mounted already: nothing is copied to ${target}`);
      if (rule.action === "sync") continue;
    }
    active.push(activeRule(rule, await placeOf(path, service)));
  }
  if (active.length > 0) return { active, warnings };
  throw new GantryError("bad-parameter", "none of the selected services has something to watch", {
    hint: warnings[0] ?? 'Add rules under "develop.watch" of a service: path, action, target',
  });
}

function checkRule(rule: WatchRule, service: Service): void {
  const source = rule.source ? { source: rule.source } : {};
  if (rule.action === "rebuild" && !service.build) {
    throw new GantryError("bad-parameter", `service "${service.name}" cannot be rebuilt: it has no "build"`, {
      ...source,
      hint: "Use sync or restart as the action, or give the service a build section",
    });
  }
}

function copies({ action }: WatchRule): boolean {
  return action !== "rebuild" && action !== "restart";
}

async function placeOf(path: string, { build }: Service): Promise<WatchedPlace> {
  const directory = build && (await realpath(build.context).catch(() => undefined));
  if (!build || directory === undefined) return { path };
  const dockerfile = typeof build.dockerfile === "string" ? build.dockerfile : "Dockerfile";
  for (const name of ignoreFileNames(dockerfile)) {
    try {
      const rules = parseIgnoreFile(await readFile(join(directory, name), "utf8"));
      return { path, contextIgnore: { directory, rules } };
    } catch (error) {
      if (!["ENOENT", "ENOTDIR"].includes(systemCodeOf(error) ?? "")) throw error;
    }
  }
  return { path };
}
