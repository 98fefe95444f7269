/** Finds where a value of the project was written. Pure. */
import type { SourceLocation } from "../base/diagnostic.js";
import type { Project } from "./project.js";

/**
 * The place of the value at `path` (`services.web.ports[0].target`), or of the nearest value around it that a file
 * wrote: `target` of a short port has the place of the port. Undefined for what no file wrote.
 */
export function sourceOf({ sources }: Pick<Project, "sources">, path: string): SourceLocation | undefined {
  for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("."), at.lastIndexOf("[")))) {
    const found = sources.get(at)?.at(-1);
    if (found) return found;
  }
  return undefined;
}
