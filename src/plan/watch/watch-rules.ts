/**
 * The watch rules of a project: which files count for which service, and what happens when they change.
 *
 * Pure. Follows the Compose Develop Specification, `develop.watch`. Rules come from the canonical form that the loader
 * keeps: paths are absolute, words are lists.
 */
import type { SourceLocation } from "../../base/diagnostic.js";
import { isRecord } from "../../base/json.js";
import type { HookSpec, Project, Service } from "../../compose/project.js";
import { type IgnoreRules, ignoreRules } from "../../dockerfile/ignore-patterns.js";
import { placeOf } from "../service/field-changes.js";

export type WatchAction = "rebuild" | "sync" | "restart" | "sync+restart" | "sync+exec";

/** One rule as the file has it. `path` is absolute; `target` is there for what is copied. */
export interface WatchRule {
  readonly service: string;
  readonly action: WatchAction;
  readonly path: string;
  readonly target?: string;
  readonly ignore: readonly string[];
  /** Empty: everything counts. */
  readonly include: readonly string[];
  readonly copiesFirst: boolean;
  readonly exec?: HookSpec;
  readonly source?: SourceLocation;
}

/** Where a rule looks, once links are resolved, and the ignore file of its service's build context. */
export interface WatchedPlace {
  /** Absolute, without links. */
  readonly path: string;
  readonly contextIgnore?: { readonly directory: string; readonly rules: IgnoreRules };
}

/** A rule that can be asked about paths. */
export interface ActiveRule extends WatchRule {
  readonly place: WatchedPlace;
  /** Whether a change of that absolute path counts. */
  matches(path: string): boolean;
  /** Whether nothing in that directory can count, so that it need not be watched. */
  skips(directory: string): boolean;
}

const actions: readonly string[] = ["rebuild", "sync", "restart", "sync+restart", "sync+exec"];

/** What version control and editors write beside the files that people mean. */
const neverCounts = [
  "**/.git",
  "**/.hg",
  "**/.svn",
  "**/.DS_Store",
  "**/*~",
  "**/.#*",
  "**/#*#",
  "**/*.sw[a-p]",
  "**/*.swx",
  "**/4913",
  "**/*___jb_tmp___",
  "**/*___jb_old___",
  "**/*.kate-swp",
  "**/.~lock.*",
  "**/.goutputstream-*",
];

/** Rules of the named services, or of all, in the order of the files. */
export function watchRules(project: Project, services: readonly string[]): WatchRule[] {
  const chosen = [...project.services.values()].filter(({ name }) => services.length === 0 || services.includes(name));
  return chosen.flatMap((service) => rulesOf(project, service));
}

function rulesOf(project: Project, service: Service): WatchRule[] {
  const develop = service.untyped?.develop;
  const entries = isRecord(develop) && Array.isArray(develop.watch) ? develop.watch : [];
  return entries.flatMap((entry: unknown, at) => {
    if (!isRecord(entry) || typeof entry.path !== "string" || !isAction(entry.action)) return [];
    const source = placeOf(project, `services.${service.name}.develop.watch[${at}].path`);
    const exec = execOf(entry.exec);
    return [
      {
        service: service.name,
        action: entry.action,
        path: entry.path,
        ...(typeof entry.target === "string" ? { target: entry.target } : {}),
        ignore: texts(entry.ignore),
        include: texts(entry.include),
        copiesFirst: entry.initial_sync === true,
        ...(exec ? { exec } : {}),
        ...(source ? { source } : {}),
      },
    ];
  });
}

/** The rule at its real place. Patterns are the ignore file's, relative to the rule's path. */
export function activeRule(rule: WatchRule, place: WatchedPlace): ActiveRule {
  const own = ignoreRules(rule.ignore);
  const always = ignoreRules(neverCounts);
  const included = ignoreRules(rule.include);
  const isHidden = (path: string): boolean => {
    const inside = relativeTo(place.path, path);
    if (inside === undefined) return true;
    const { contextIgnore } = place;
    const inContext = contextIgnore && relativeTo(contextIgnore.directory, path);
    return (
      always.ignores(inside) ||
      own.ignores(inside) ||
      (contextIgnore !== undefined && inContext !== undefined && contextIgnore.rules.ignores(inContext))
    );
  };
  const hasExceptions = own.hasExceptions || place.contextIgnore?.rules.hasExceptions === true;
  return {
    ...rule,
    place,
    matches: (path) => {
      const inside = relativeTo(place.path, path);
      if (inside === undefined || isHidden(path)) return false;
      return rule.include.length === 0 || inside === "" || included.ignores(inside);
    },
    skips: (directory) => {
      const inside = relativeTo(place.path, directory);
      if (inside === undefined || inside === "") return inside === undefined;
      return always.ignores(inside) || (!hasExceptions && isHidden(directory));
    },
  };
}

/** Of two absolute paths; "" for the same one, undefined outside. */
export function relativeTo(directory: string, path: string): string | undefined {
  if (path === directory) return "";
  const prefix = directory.endsWith("/") ? directory : `${directory}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length) : undefined;
}

/** The bind mount that shows the rule's files in the container already, if one does. */
export function coveringMount({ path, target }: ActiveRule["place"] & { target: string }, service: Service) {
  return service.volumes.find(
    (mount) =>
      mount.type === "bind" &&
      mount.source !== undefined &&
      relativeTo(mount.source, path) !== undefined &&
      relativeTo(mount.target, target) !== undefined,
  );
}

function isAction(word: unknown): word is WatchAction {
  return typeof word === "string" && actions.includes(word);
}

function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

function execOf(value: unknown): HookSpec | undefined {
  if (!isRecord(value)) return undefined;
  const environment = isRecord(value.environment) ? value.environment : {};
  return {
    command: texts(value.command),
    ...(typeof value.user === "string" ? { user: value.user } : {}),
    ...(typeof value.working_dir === "string" ? { working_dir: value.working_dir } : {}),
    ...(value.privileged === true ? { privileged: true } : {}),
    environment: Object.fromEntries(
      Object.entries(environment).map(([key, text]) => [key, typeof text === "string" ? text : null]),
    ),
  };
}
