/**
 * `.dockerignore`: which paths of a context stay behind.
 *
 * Pure. Docker's rules: one pattern a line, `#` comments, `*` and `?` stop at slashes, `**` does not, `!` takes back;
 * the last pattern that matches a path or a directory above it decides.
 */

/** True for what stays behind. Paths are relative to the context, without a leading slash. */
export interface IgnoreRules {
  ignores(path: string): boolean;
  /** Whether something below an ignored directory may have been taken back, so that it must be looked into. */
  readonly hasExceptions: boolean;
}

interface Pattern {
  readonly isException: boolean;
  readonly form: { test(path: string): boolean };
}

/** Which file holds the rules: one of the Dockerfile's own goes before the context's. */
export function ignoreFileNames(dockerfile: string): readonly string[] {
  return [`${dockerfile}.dockerignore`, ".dockerignore"];
}

export function parseIgnoreFile(text: string): IgnoreRules {
  return ignoreRules(ignoreLines(text));
}

/** The patterns of an ignore file: a comment begins at the line's first character. */
export function ignoreLines(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  return lines.filter((line) => !line.startsWith("#"));
}

/** From the patterns alone, as `--exclude` gives them. */
export function ignoreRules(patterns: readonly string[]): IgnoreRules {
  const rules = patterns.flatMap((line) => parsePattern(line.trim()));
  return {
    ignores: (path) => decide(rules, path),
    hasExceptions: rules.some(({ isException }) => isException),
  };
}

function parsePattern(line: string): Pattern[] {
  const isException = line.startsWith("!");
  const written = (isException ? line.slice(1) : line).trim();
  const path = cleanPath(written);
  if (path === "") return [];
  return [{ isException, form: globForm(path) }];
}

function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    // Above the context there is nothing: such a pattern keeps its dots, and matches no path.
    if (part === ".." && !path.startsWith("/") && [undefined, ".."].includes(parts.at(-1))) parts.push(part);
    else if (part === "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

/** A pattern that matches a directory takes all that is in it. */
function decide(rules: readonly Pattern[], path: string): boolean {
  const above = path.split("/").map((_, at, parts) => parts.slice(0, at + 1).join("/"));
  let ignored = false;
  for (const { isException, form } of rules) {
    if (isException === !ignored) continue;
    if (above.some((one) => form.test(one))) ignored = !isException;
  }
  return ignored;
}

/** What a part of a pattern takes: some character, any number of them, or directories from the beginning. */
interface Part {
  readonly takes: "one" | "many" | "folders";
  /** For a character: which. */
  readonly source: string;
}

/** Backtracking over more parts without end than these takes time beyond measure. */
const mostByExpression = 2;

/** A whole path against a pattern, by Go's `filepath.Match` and `**`. */
export function globForm(pattern: string): { test(path: string): boolean } {
  const parts = partsOf(pattern);
  try {
    const expression = new RegExp(`^${parts.map(({ takes, source }) => form(takes, source)).join("")}$`, "s");
    return parts.filter(({ takes }) => takes !== "one").length > mostByExpression ? inStep(parts) : expression;
  } catch {
    return /^(?!)/; // a class like [z-a] matches nothing
  }
}

function form(takes: Part["takes"], source: string): string {
  if (takes === "folders") return "(?:.*/)?";
  return takes === "many" ? `${source}*` : source;
}

function partsOf(pattern: string): Part[] {
  const parts: Part[] = [];
  const one = (source: string) => parts.push({ takes: "one", source });
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? "";
    if (pattern.startsWith("**", at)) {
      at += 1;
      const isFolders = pattern[at + 1] === "/";
      if (isFolders) at += 1;
      parts.push({ takes: isFolders ? "folders" : "many", source: "." });
    } else if (char === "*") parts.push({ takes: "many", source: "[^/]" });
    else if (char === "?") one("[^/]");
    else if (char === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) one("\\[");
      else {
        one(`[${pattern.slice(at + 1, end).replace(/\\(?!-)/g, "\\\\")}]`);
        at = end;
      }
    } else if (char === "\\" && at + 1 < pattern.length) {
      at += 1;
      one(quoted(pattern[at] ?? ""));
    } else one(quoted(char));
  }
  return parts;
}

/** All ways at once, a character of the path after the other: its length times the pattern's, whatever they are. */
function inStep(parts: readonly Part[]): { test(path: string): boolean } {
  const steps = parts.map(({ takes, source }) => ({ takes, accepts: new RegExp(`^${source}$`, "s") }));
  /** Where one may be without taking a character: past what may take none. */
  const spread = (places: Set<number>): Set<number> => {
    for (const at of places) if (steps[at] && steps[at].takes !== "one") places.add(at + 1);
    return places;
  };
  return {
    test(path) {
      // Directories end behind a slash alone, so being within them is a place of its own: a negative one.
      let places = spread(new Set([0]));
      for (const char of path.split("")) {
        const next = new Set<number>();
        for (const place of places) {
          const at = place < 0 ? -place - 1 : place;
          const step = steps[at];
          if (!step) continue;
          if (step.takes === "folders") {
            next.add(-at - 1);
            if (char === "/") next.add(at + 1);
          } else if (step.accepts.test(char)) next.add(step.takes === "one" ? at + 1 : at);
        }
        places = spread(next);
      }
      return places.has(steps.length);
    },
  };
}

function quoted(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
