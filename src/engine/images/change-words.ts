/** The words of a Dockerfile instruction: quotes, JSON lists, durations. Does not touch the world. */

/** A JSON list of strings, or undefined when the text is anything else. */
export function parseExecForm(text: string): string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed) && parsed.every((part): part is string => typeof part === "string")) return parsed;
  } catch {}
  return undefined;
}

/** Splits at white space outside of quotes. Single quotes keep everything, double quotes and bare words take `\x`. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (quote === "" && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === "" && (char === '"' || char === "'")) {
      quote = char;
      word ??= "";
    } else if (char === quote) {
      quote = "";
    } else if (char === "\\" && quote !== "'" && at + 1 < text.length) {
      const next = text[at + 1] ?? "";
      // Inside double quotes only these are special; elsewhere the backslash stays.
      word = (word ?? "") + (quote === '"' && !'"\\$`'.includes(next) ? char + next : next);
      at += 1;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** The text without the quotes around it, for instructions that take one word. */
export function unquoted(text: string): string {
  const words = splitWords(text);
  return words.length === 1 ? (words[0] ?? "") : text;
}

const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** A duration as Go writes it (`1m30s`, `500ms`), in nanoseconds; undefined for other text. */
export function parseDurationNanos(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g);
  return Math.round([...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ""] ?? 0), 0));
}
