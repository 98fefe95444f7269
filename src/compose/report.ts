/** Collects the problems of one load, so that all of them are shown at once. Pure but for its own list. */
import type { Diagnostic, SourceLocation } from "../base/diagnostic.js";
import type { DiagnosticCode } from "./diagnostics/titles.js";
import { didYouMean } from "./did-you-mean.js";

/** What a problem stands on: any tree node, or a path and place made by hand. */
export interface Place {
  readonly path: string;
  readonly at: readonly SourceLocation[];
}

export interface Details {
  readonly expected?: string | undefined;
  readonly hint?: string | undefined;
}

/** After one of these the value means nothing, and every check of it would find more to say. */
const spoiling = new Set(["missing-variable", "bad-interpolation", "wrong-type"]);

const maxSuggestions = 200;
/** Beyond it nothing is kept but whether there were errors: a hostile file has a problem per character. */
const maxProblems = 10_000;

/** What files define by name and refer to. */
type DefinedKind = "config" | "model" | "network" | "secret" | "service" | "volume";

/** The list of one load. `error` and `warn` add to it; `sorted` answers what was found, by place, each once. */
export class Report {
  readonly #found: Diagnostic[] = [];
  #suggestions = 0;
  #hasErrors = false;

  error(place: Place, code: DiagnosticCode, message: string, details: Details = {}): void {
    this.add("error", place, code, message, details);
  }

  warn(place: Place, code: DiagnosticCode, message: string, details: Details = {}): void {
    this.add("warning", place, code, message, details);
  }

  /** An error about a name that nothing defines, with the nearest name that something does. */
  undefinedName(place: Place, kind: DefinedKind, name: string, known: Iterable<string>): void {
    const names = [...known];
    const hint =
      this.suggest(name, names) ?? (names.length > 0 && names.length <= 8 ? `Known: ${names.sort().join(", ")}` : "");
    this.error(place, `undefined-${kind}`, `${capital(kind)} "${name}" is not defined`, { hint: hint || undefined });
  }

  /** As `didYouMean`; silent once so many were sought that nobody reads them, as each takes a pass over the names. */
  suggest(word: string, known: readonly string[]): string | undefined {
    this.#suggestions += 1;
    return this.#suggestions > maxSuggestions ? undefined : didYouMean(word, known);
  }

  push(diagnostic: Diagnostic): void {
    if (diagnostic.severity === "error") this.#hasErrors = true;
    if (this.#found.length < maxProblems) this.#found.push(diagnostic);
  }

  get hasErrors(): boolean {
    return this.#hasErrors;
  }

  /** By place, each once. Of a value that could not be read at all, only that is told. */
  sorted(): Diagnostic[] {
    const unread = new Map<string, Diagnostic>();
    for (const one of this.#found) {
      if (one.path && spoiling.has(one.code) && !unread.has(one.path)) unread.set(one.path, one);
    }
    const unusable = new Set(this.#found.map(({ code, path }) => (code === "missing-image" ? "" : (path ?? ""))));
    const seen = new Set<string>();
    return [...this.#found].sort(byPlace).filter((one) => {
      const spoiled = one.path === undefined ? undefined : unread.get(one.path);
      const key = JSON.stringify([one.code, one.path, one.source, one.message]);
      return (spoiled ?? one) === one && !isEcho(one, unusable) && !seen.has(key) && seen.add(key);
    });
  }

  private add(severity: Diagnostic["severity"], place: Place, code: string, message: string, details: Details): void {
    const source = place.at.at(-1);
    this.push({
      severity,
      code,
      message,
      ...(place.path === "" ? {} : { path: place.path }),
      ...(source ? { source } : {}),
      ...(details.expected ? { expected: details.expected } : {}),
      ...(details.hint ? { hint: details.hint } : {}),
    });
  }
}

/** A place without a file, for problems of the command line or the environment. */
export const nowhere: Place = { path: "", at: [] };

/** A service whose image, build or base has a problem of its own is not one without an image. */
function isEcho({ code, path }: Diagnostic, unusable: ReadonlySet<string>): boolean {
  const causes = ["image", "build", "extends", "extends.file", "extends.service"];
  return code === "missing-image" && causes.some((key) => unusable.has(`${path}.${key}`));
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  const [left, right] = [a.source, b.source];
  if (!left || !right) return Number(Boolean(left)) - Number(Boolean(right));
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return left.line - right.line || left.column - right.column;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
