/**
 * A regular expression that a user types. Pure.
 *
 * A pattern that could be looked for without end is looked for in a context of its own, where a search can be ended:
 * the screen and its keys wait for it.
 */
import { createContext, Script } from "node:vm";

export type Compiled =
  | { readonly ok: true; test(text: string): boolean }
  | { readonly ok: false; readonly problem: string };

/** For one line. What takes longer does not match. */
const longestSearchMs = 100;
/** A line that takes longer is slow, and a pattern that has taken so long for slow ones is not looked for any more. */
const slowMs = 5;
const mostSlowMs = 300;
const mostMatches = 64;
/** A part that repeats without end costs the square of a text's length. */
const longText = 1000;
/** Each may be taken or not, and a search among all those ways cannot be ended. */
const mostBounded = 16;

/** Letters match in both cases unless one of them is a capital, as editors do it. */
export function compilePattern(pattern: string): Compiled {
  try {
    const expression = new RegExp(pattern, flagsOf(pattern));
    if (repeatsIn(pattern).bounded > mostBounded) {
      return { ok: false, problem: `More than ${mostBounded} parts of ${pattern} may be left out or repeated` };
    }
    return {
      ok: true,
      test: (text) =>
        mayTakeLong(pattern, text) ? limited(pattern, "expression.test(text)")(text) === true : expression.test(text),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*: /, "") : String(error);
    return { ok: false, problem: `${pattern} is no regular expression: ${reason}` };
  }
}

/** Where it matches in `text`: pairs of begin and end. At most as many as a line can show. */
export function matchesIn(pattern: string | undefined, text: string): Array<readonly [begin: number, end: number]> {
  if (!pattern || !compilePattern(pattern).ok || (mayTakeLong(pattern, text) && !isQuick(pattern, text))) return [];
  const found: Array<readonly [number, number]> = [];
  for (const match of text.matchAll(new RegExp(pattern, `g${flagsOf(pattern)}`))) {
    if (match[0] !== "") found.push([match.index, match.index + match[0].length]);
    if (found.length >= mostMatches) break;
  }
  return found;
}

/** True when all matches in that text are found in time. */
function isQuick(pattern: string, text: string): boolean {
  return limited(pattern, "[...text.matchAll(expression)].length", "g")(text) !== undefined;
}

/** Parts that repeat within one another, beside one another, or far are what it takes for a search to grow. */
function mayTakeLong(pattern: string, text: string): boolean {
  const { endless, bounded, nested } = repeatsIn(pattern);
  return nested || endless > 1 || bounded > 1 || (endless > 0 && text.length > longText);
}

/** Looked at for each line, of one pattern after the other. */
let judged = { pattern: "", endless: 0, bounded: 0, nested: false };
function repeatsIn(pattern: string): typeof judged {
  if (judged.pattern === pattern) return judged;
  const endless = (pattern.match(/[*+]|\{\d+,\}/g) ?? []).length;
  const bounded = (pattern.match(/\?|\{\d+(?:,\d+)?\}/g) ?? []).length;
  judged = { pattern, endless, bounded, nested: /\)[*+?{]/.test(pattern) };
  return judged;
}

function flagsOf(pattern: string): string {
  return /[A-Z]/.test(pattern) ? "u" : "iu";
}

/** A context takes a millisecond to make, and every line on the screen asks for the same ones. */
const kept = new Map<string, (text: string) => unknown>();
const mostKept = 8;

/** What `code` gives for a text; undefined when it was ended. */
function limited(pattern: string, code: string, more = ""): (text: string) => unknown {
  const key = `${more} ${code} ${pattern}`;
  const known = kept.get(key);
  if (known) return known;
  if (kept.size >= mostKept) kept.clear();
  const made = makeLimited(pattern, code, more);
  kept.set(key, made);
  return made;
}

function makeLimited(pattern: string, code: string, more: string): (text: string) => unknown {
  const context = createContext({ pattern, flags: more + flagsOf(pattern), text: "" });
  new Script("expression = new RegExp(pattern, flags)").runInContext(context);
  const script = new Script(code);
  let lostMs = 0;
  return (text) => {
    if (lostMs >= mostSlowMs) return undefined;
    context.text = text;
    const began = performance.now();
    try {
      return script.runInContext(context, { timeout: longestSearchMs });
    } catch {
      return undefined;
    } finally {
      const tookMs = performance.now() - began;
      if (tookMs > slowMs) lostMs += tookMs;
    }
  };
}
