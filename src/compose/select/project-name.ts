/** Finds the project's name. Pure. Compose Specification, "Name top-level element". */
import { basename } from "node:path";
import { nowhere, type Place, type Report } from "../report.js";

export const projectNamePattern = /^[a-z0-9][a-z0-9_-]*$/;

/** The candidates, strongest first: what was asked for, the environment's, the file's, the directory. */
export interface NameSources {
  readonly asked?: string | undefined;
  readonly environment?: string | undefined;
  readonly written?: { readonly name: string; readonly place: Place } | undefined;
  readonly directory: string;
}

/** The name; a given one that does not follow the rules is an error, a directory's is made to follow them. */
export function projectName({ asked, environment, written, directory }: NameSources, report: Report): string {
  if (asked) return checked(asked, "Project name", nowhere, report);
  if (environment) return checked(environment, "COMPOSE_PROJECT_NAME", nowhere, report);
  if (written?.name) return lenient(written.name, written.place, report);
  const name = normalizeProjectName(basename(directory));
  if (name === "") {
    report.error(nowhere, "bad-project-name", `No project name can be made from the directory ${directory}`, {
      hint: "Give one with -p NAME, or write name: at the top of the file",
    });
  }
  return name;
}

/** Lowercase, without characters that a project name cannot have. */
export function normalizeProjectName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");
}

/** Compose takes a file's own name as it takes a directory's: what a name cannot have is left out. */
function lenient(name: string, place: Place, report: Report): string {
  if (projectNamePattern.test(name)) return name;
  const normal = normalizeProjectName(name);
  if (normal === "") return checked(name, "Project name", place, report);
  report.warn(place, "bad-project-name", `Project name "${name}" is not valid, "${normal}" is used`, {
    expected: "lowercase letters, digits, '-' and '_', beginning with a letter or digit",
  });
  return normal;
}

function checked(name: string, what: string, place: Place, report: Report): string {
  if (projectNamePattern.test(name)) return name;
  const suggestion = normalizeProjectName(name);
  report.error(place, "bad-project-name", `${what} "${name}" is not valid`, {
    expected: "lowercase letters, digits, '-' and '_', beginning with a letter or digit",
    hint: suggestion ? `For example "${suggestion}"` : undefined,
  });
  return name;
}
