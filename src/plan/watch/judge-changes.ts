/**
 * Decides what a batch of changed files asks for.
 *
 * Pure. Follows the Compose Develop Specification: rebuilds come first, then copies, restarts and commands. A file that
 * several rules name counts for each of them.
 */
import { posix } from "node:path";
import type { HookSpec } from "../../compose/project.js";
import { type ActiveRule, relativeTo } from "./watch-rules.js";

/** Absolute. `isGone`: it was removed. */
export interface ChangedPath {
  readonly path: string;
  readonly isGone: boolean;
  readonly isDirectory: boolean;
}

/** One file or directory of the host, and where it goes in the container. */
export interface SyncedPath {
  readonly from: string;
  readonly to: string;
}

export type WatchStep =
  | { readonly kind: "rebuild"; readonly services: readonly string[] }
  | {
      readonly kind: "sync";
      readonly service: string;
      readonly copies: readonly SyncedPath[];
      /** Absolute paths in the container. */
      readonly removals: readonly string[];
    }
  | { readonly kind: "restart"; readonly services: readonly string[] }
  | { readonly kind: "exec"; readonly service: string; readonly hook: HookSpec };

/** Steps in the order in which they are to be done; services and paths are sorted. */
export function judgeChanges(rules: readonly ActiveRule[], changes: readonly ChangedPath[]): WatchStep[] {
  const hits = rules
    .map((rule) => ({ rule, paths: changes.filter(({ path }) => rule.matches(path)) }))
    .filter(({ paths }) => paths.length > 0);
  const by = (...actions: ReadonlyArray<ActiveRule["action"]>) =>
    hits.filter(({ rule }) => actions.includes(rule.action));
  const rebuilt = services(by("rebuild"));
  const restarted = services(by("restart", "sync+restart"));
  return [
    ...(rebuilt.length > 0 ? [{ kind: "rebuild", services: rebuilt } as const] : []),
    ...syncSteps(by("sync", "sync+restart", "sync+exec")),
    ...(restarted.length > 0 ? [{ kind: "restart", services: restarted } as const] : []),
    ...by("sync+exec").flatMap(({ rule }): WatchStep[] =>
      rule.exec ? [{ kind: "exec", service: rule.service, hook: rule.exec }] : [],
    ),
  ];
}

/** Where a path of the rule goes in the container. */
export function targetOf(rule: Pick<ActiveRule, "place" | "target">, path: string): string {
  const { target = "/" } = rule;
  const inside = relativeTo(rule.place.path, path) ?? "";
  // A file that is watched by its own name goes to the target itself, or into it where that is written as a directory.
  if (inside === "") return target.endsWith("/") ? posix.join(target, posix.basename(path)) : target;
  return posix.join(target, inside);
}

function syncSteps(hits: ReadonlyArray<{ rule: ActiveRule; paths: readonly ChangedPath[] }>): WatchStep[] {
  const found = new Map<string, { copies: Map<string, SyncedPath>; removals: Set<string> }>();
  for (const { rule, paths } of hits) {
    const own = found.get(rule.service) ?? { copies: new Map(), removals: new Set() };
    found.set(rule.service, own);
    for (const { path, isGone, isDirectory } of paths) {
      const to = targetOf(rule, path);
      // The target of a watched directory may hold what is the container's own: it stays when its source goes.
      const isRoot = isDirectory && path === rule.place.path;
      if (!isGone) own.copies.set(to, { from: path, to });
      else if (!isRoot) own.removals.add(to);
    }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([service, { copies, removals }]) => ({
      kind: "sync",
      service,
      copies: [...copies.values()].sort((a, b) => (a.to < b.to ? -1 : 1)),
      removals: [...removals].filter((path) => !copies.has(path)).sort(),
    }));
}

function services(hits: ReadonlyArray<{ rule: ActiveRule }>): string[] {
  return [...new Set(hits.map(({ rule }) => rule.service))].sort();
}
