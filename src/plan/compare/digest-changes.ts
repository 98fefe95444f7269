/**
 * The differences that only digests tell: what a container was made from against what the files say now.
 *
 * Pure. Files that are bound one by one are a matter of time as well: a container that started after their last change
 * has seen them as they are.
 */
import type { Project, Service } from "../../compose/project.js";
import { sourceOf } from "../../compose/source-of.js";
import type { ContainerInspect } from "../../wire/container.js";
import type { ObservedContainer, ObservedState } from "../observed.js";
import type { FieldChange } from "../operation.js";
import { type Action, contentAction } from "./actions.js";
import { boundFiles, digestsOf, fieldDigests } from "./field-digests.js";

/** What was read of the files of this host. */
export type SeenContents = Pick<ObservedState, "fileDigests" | "secretDigests" | "fileTimes">;

interface DigestComparison {
  readonly project: Project;
  readonly service: Service;
  readonly container: ObservedContainer;
  readonly live: ContainerInspect;
  readonly contents: SeenContents;
}

/** Where files write a field under another name than the model. */
const writtenNames: Readonly<Record<string, string>> = { device_requests: "gpus", "models.names": "models" };

/** Nothing of a container without digests. Paths without the service in front. */
export function digestChanges(comparison: DigestComparison): Array<FieldChange & { readonly action: Action }> {
  const { project, service, container, contents } = comparison;
  const made = digestsOf(container.labels);
  if (!made) return [];
  const now: Readonly<Record<string, string | undefined>> = fieldDigests(project, service, contents);
  const names = [...new Set([...Object.keys(made), ...Object.keys(now)])].filter((name) => !isContent(name));
  const fields = names
    .filter((name) => made[name] !== now[name])
    .map((name) => ({ path: writtenNames[name] ?? name, action: "recreate" as const }));
  return [...fields, ...contentChanges(comparison, made, now)];
}

/** A new or a gone file is told by the field that asks for it. */
function contentChanges(
  { project, service, live, container, contents }: DigestComparison,
  made: Readonly<Record<string, string | undefined>>,
  now: Readonly<Record<string, string | undefined>>,
): Array<FieldChange & { readonly action: Action }> {
  if (container.state !== "running" && container.state !== "paused") return [];
  return boundFiles(project, service).flatMap(({ field, path, source, secret }) => {
    const [before, after] = [made[field], now[field]];
    if (before === undefined || after === undefined || !changedSinceStart(contents.fileTimes.get(path), live))
      return [];
    if (before === after && !hasRunBefore(live)) return [];
    const place = sourceOf(project, source);
    const values = secret !== undefined || before === after ? {} : { old: before, new: after };
    return [{ path: field, ...values, ...(place ? { source: place } : {}), action: contentAction }];
  });
}

/** Of a file whose time is not known nothing can be said. */
function changedSinceStart(changedMs: number | undefined, { State }: ContainerInspect): boolean {
  const startedMs = Date.parse(State.StartedAt);
  return changedMs !== undefined && !Number.isNaN(startedMs) && changedMs > startedMs;
}

/** Then the digest of when it was made does not tell what its last start saw. */
function hasRunBefore({ State }: ContainerInspect): boolean {
  return State.FinishedAt !== "" && !State.FinishedAt.startsWith("0001-");
}

function isContent(name: string): boolean {
  return name.endsWith(".content");
}
