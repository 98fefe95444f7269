/**
 * Joins a Dockerfile's lines into instructions: directives, comments, continuations and here-documents.
 *
 * Pure. Follows the Dockerfile reference, "Parser directives", "Escape", "Here-Documents".
 */
import type { Heredoc, Place } from "./dockerfile.js";
import { heredocsIn } from "./heredocs.js";

/** One instruction's text without its continuations, and where each piece of it stood. */
export interface LogicalLine {
  readonly text: string;
  readonly place: Place;
  readonly heredocs: readonly Heredoc[];
  /** Where a character of `text` stands in the file. */
  at(offset: number): Place;
}

export interface LineProblem {
  readonly message: string;
  readonly place: Place;
  readonly warning?: boolean;
}

export interface LogicalLines {
  readonly escapeToken: string;
  readonly syntax?: string;
  /** `# check=…`: `skip=` and `error=`. */
  readonly check?: string;
  readonly lines: readonly LogicalLine[];
  readonly problems: readonly LineProblem[];
}

const directiveForm = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const knownDirectives = ["escape", "syntax", "check"];
const mayHoldHeredocs = /^\s*(?:onbuild\s+)?(?:run|copy|add)\s/i;

/** Reads on after a problem, so that all of them are told. */
export function joinLines(source: string): LogicalLines {
  const physical = source
    .replace(/^\uFEFF/, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, ""));
  const problems: LineProblem[] = [];
  const directives = readDirectives(physical, problems);
  const escapeToken = directives.get("escape") ?? "\\";
  const lines: LogicalLine[] = [];
  for (let at = 0; at < physical.length; ) {
    const start = physical[at] ?? "";
    if (start.trim() === "" || isComment(start)) at += 1;
    else {
      const { line, next } = readLogical(physical, at, { escapeToken, problems });
      if (line.text.trim() !== "") lines.push(line);
      at = next;
    }
  }
  const syntax = directives.get("syntax");
  const check = directives.get("check");
  return { escapeToken, lines, problems, ...(syntax ? { syntax } : {}), ...(check ? { check } : {}) };
}

function readDirectives(physical: readonly string[], problems: LineProblem[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [at, line] of physical.entries()) {
    const match = directiveForm.exec(line);
    if (!match) break;
    const key = (match[1] ?? "").toLowerCase();
    const value = match[2] ?? "";
    const place = { line: at + 1, column: 1, endLine: at + 1 };
    if (!knownDirectives.includes(key)) continue;
    if (found.has(key)) problems.push({ message: `only one ${key} parser directive can be used`, place });
    else if (key === "escape" && value !== "\\" && value !== "`") {
      problems.push({ message: `invalid escape token '${value}' does not match \` or \\`, place });
    } else found.set(key, value);
  }
  return found;
}

function readLogical(
  physical: readonly string[],
  from: number,
  { escapeToken, problems }: { escapeToken: string; problems: LineProblem[] },
): { line: LogicalLine; next: number } {
  const first = physical[from] ?? "";
  const indent = first.length - first.trimStart().length;
  const pieces: Array<{ offset: number; line: number; column: number }> = [];
  let text = "";
  let at = from;
  let warned = false;
  for (let goesOn = true; goesOn && at < physical.length; at += 1) {
    const raw = physical[at] ?? "";
    if (at > from && isComment(raw)) continue;
    if (at > from && raw.trim() === "") {
      if (at < physical.length - 1 && !warned) {
        warned = true;
        problems.push({ message: "Empty continuation line", place: placeAt(at + 1, 1), warning: true });
      }
      continue;
    }
    const body = at === from ? raw.slice(indent) : raw;
    pieces.push({ offset: text.length, line: at + 1, column: at === from ? indent + 1 : 1 });
    const cut = continued(body, escapeToken);
    goesOn = cut !== undefined;
    text += cut ?? body;
  }
  const { heredocs, next } = readHeredocs(physical, { text, at, escapeToken, start: from, problems });
  const place = { line: from + 1, column: indent + 1, endLine: next };
  const whereIs = (offset: number): Place => {
    const piece = pieces.findLast((one) => one.offset <= offset);
    return piece ? placeAt(piece.line, piece.column + offset - piece.offset) : place;
  };
  return { line: { text: text.trimEnd(), place, heredocs, at: whereIs }, next };
}

/** The line without its continuation mark, or undefined when it has none. A doubled mark is none. */
function continued(line: string, escapeToken: string): string | undefined {
  const trimmed = line.replace(/[ \t]+$/, "");
  if (!trimmed.endsWith(escapeToken) || trimmed.at(-2) === escapeToken) return undefined;
  return trimmed.slice(0, -1);
}

function readHeredocs(
  physical: readonly string[],
  known: { text: string; at: number; escapeToken: string; start: number; problems: LineProblem[] },
): { heredocs: Heredoc[]; next: number } {
  const heredocs: Heredoc[] = [];
  let at = known.at;
  if (!mayHoldHeredocs.test(known.text) || !known.text.includes("<<")) return { heredocs, next: at };
  for (const mark of heredocsIn(known.text, known.escapeToken)) {
    const content: string[] = [];
    const unchomped = (line: string) => (mark.chomp ? line.replace(/^\t+/, "") : line);
    while (at < physical.length && unchomped(physical[at] ?? "") !== mark.name) {
      content.push(`${unchomped(physical[at] ?? "")}\n`);
      at += 1;
    }
    if (at >= physical.length) {
      known.problems.push({ message: `unterminated heredoc "${mark.name}"`, place: placeAt(known.start + 1, 1) });
    } else at += 1;
    heredocs.push({ ...mark, content: content.join("") });
  }
  return { heredocs, next: at };
}

function isComment(line: string): boolean {
  return line.trimStart().startsWith("#");
}

function placeAt(line: number, column: number): Place {
  return { line, column, endLine: line };
}
