/** An explanation for people and for programs. Pure. */
import type { SourceLocation } from "../../base/diagnostic.js";
import type { VariableUse } from "../project.js";
import type { Explanation, Writing } from "./explain.js";

type ShowFile = (file: string) => string;

/** Longer texts are cut where they are shown to people. */
const shownChars = 100;

/** Lines for people: the value, then each place with the variables that it reads, the one in use last. */
export function printExplanation(explanation: Explanation, showFile: ShowFile): string[] {
  const { path, value, writings, origin } = explanation;
  const place = ({ file, line, column }: SourceLocation) => `${showFile(file)}:${line}:${column}`;
  const variable = ({ name, from }: VariableUse) => {
    if (from === "process") return `${name} from the process environment`;
    return from === "nowhere" ? `${name} is not set: its default, or nothing` : `${name} from ${place(from)}`;
  };
  const lines = writings.flatMap(({ source, text, variables }, at) => {
    const shown = text === undefined ? "" : `: ${shorten(JSON.stringify(text))}`;
    const fate = fateOf(explanation, at === writings.length - 1);
    return [`  ${place(source)}  ${fate}${shown}`, ...variables.map((use) => `    ${variable(use)}`)];
  });
  const head = value === undefined ? path : `${path}: ${shorten(JSON.stringify(value))}`;
  return [head, ...lines, ...(origin.note ? [`  ${origin.note}`] : [])];
}

/** One JSON value with `path`, `value` of a leaf, `origin`, and `chain`, whose last place is the one in use. */
export function explanationToJson({ path, value, writings, origin }: Explanation, showFile: ShowFile): unknown {
  const place = (source: SourceLocation) => ({ ...source, file: showFile(source.file) });
  const chain = writings.map(({ source, text, variables }: Writing) => ({
    ...place(source),
    ...(text === undefined ? {} : { text }),
    variables: variables.map(({ name, from }) => ({ name, from: typeof from === "string" ? from : place(from) })),
  }));
  return { path, ...(value === undefined ? {} : { value }), origin, chain };
}

function fateOf({ value, origin }: Explanation, isLast: boolean): string {
  if (!isLast) return value === undefined ? "overridden or added to" : "overridden";
  return origin.kind === "default" || origin.kind === "derived" || origin.kind === "unset" ? "around it" : "used";
}

function shorten(text: string): string {
  return text.length > shownChars ? `${text.slice(0, shownChars - 1)}…` : text;
}
