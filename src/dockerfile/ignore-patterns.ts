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
  readonly form: RegExp;
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

/** A whole path against a pattern, by Go's `filepath.Match` and `**`. */
export function globForm(pattern: string): RegExp {
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? "";
    if (pattern.startsWith("**", at)) {
      at += 1;
      if (pattern[at + 1] === "/") {
        at += 1;
        source += "(?:.*/)?";
      } else source += ".*";
    } else if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) source += "\\[";
      else {
        source += `[${pattern.slice(at + 1, end).replace(/\\(?!-)/g, "\\\\")}]`;
        at = end;
      }
    } else if (char === "\\" && at + 1 < pattern.length) {
      at += 1;
      source += quoted(pattern[at] ?? "");
    } else source += quoted(char);
  }
  try {
    return new RegExp(`^${source}$`, "s");
  } catch {
    return /^(?!)/; // a class like [z-a] matches nothing
  }
}

function quoted(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
