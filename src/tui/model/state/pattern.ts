/** A regular expression that a user types. Pure. */

export type Compiled =
  | { readonly ok: true; test(text: string): boolean }
  | { readonly ok: false; readonly problem: string };

/** Letters match in both cases unless one of them is a capital, as editors do it. */
export function compilePattern(pattern: string): Compiled {
  try {
    const expression = new RegExp(pattern, /[A-Z]/.test(pattern) ? "u" : "iu");
    return { ok: true, test: (text) => expression.test(text) };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*: /, "") : String(error);
    return { ok: false, problem: `${pattern} is no regular expression: ${reason}` };
  }
}

/** Where it matches in `text`: pairs of begin and end. At most as many as a line can show. */
export function matchesIn(pattern: string, text: string): Array<readonly [begin: number, end: number]> {
  try {
    const expression = new RegExp(pattern, /[A-Z]/.test(pattern) ? "gu" : "giu");
    const found: Array<readonly [number, number]> = [];
    for (const match of text.matchAll(expression)) {
      if (match[0] !== "") found.push([match.index, match.index + match[0].length]);
      if (found.length >= 64) break;
    }
    return found;
  } catch {
    return [];
  }
}
