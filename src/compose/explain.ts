/** Tells where a value of the project was written, by which files, and with which variables. Pure. */
import type { SourceLocation } from "../base/diagnostic.js";
import { type Project, placeKey, type VariableUse } from "./project.js";

/** One place that wrote a value. The last one of a list won. */
export interface Writing {
  readonly source: SourceLocation;
  readonly variables: readonly VariableUse[];
}
export interface Explanation {
  /** The path that files wrote: the one asked for, or the nearest one around it. */
  readonly path: string;
  readonly writings: readonly Writing[];
}

/** Undefined when no file wrote the value or anything around it below the top level. */
export function explain(project: Pick<Project, "sources" | "variableUses">, asked: string): Explanation | undefined {
  for (let path = asked; path !== ""; path = parentOf(path)) {
    const places = project.sources.get(path);
    if (!places || places.length === 0) continue;
    const writings = unique(places).map((source) => ({
      source,
      variables: project.variableUses?.get(placeKey(source)) ?? [],
    }));
    return { path, writings };
  }
  return undefined;
}

/** The explanation as lines for people: the winning place last, each with the variables that it reads. */
export function printExplanation(explanation: Explanation, showFile: (file: string) => string): string[] {
  const { path, writings } = explanation;
  const place = ({ file, line, column }: SourceLocation) => `${showFile(file)}:${line}:${column}`;
  const origin = ({ name, from }: VariableUse) => {
    if (from === "process") return `${name} from the process environment`;
    return from === "nowhere" ? `${name} is not set: its default, or nothing` : `${name} from ${place(from)}`;
  };
  const lines = writings.flatMap(({ source, variables }, at) => {
    const fate = at === writings.length - 1 ? "used" : "overridden or added to";
    return [`  ${place(source)}  ${fate}`, ...variables.map((use) => `    ${origin(use)}`)];
  });
  return [path, ...lines];
}

function unique(places: readonly SourceLocation[]): SourceLocation[] {
  return [...new Map(places.map((place) => [placeKey(place), place])).values()];
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("."), path.lastIndexOf("[")));
}
