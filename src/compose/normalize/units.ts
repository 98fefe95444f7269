/** Durations, sizes and command lines as Compose writes them. Pure. */

const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 24 * 3600e9,
  w: 7 * 24 * 3600e9,
};

/** Nanoseconds of `1h30m`, `1.5s`, `0`; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === "0") return 0;
  if (!/^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w))+$/.test(trimmed)) return undefined;
  let total = 0;
  for (const [, count, unit] of trimmed.matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    total += Number(count) * (nanoseconds[unit ?? ""] ?? Number.NaN);
  }
  return Math.round(trimmed.startsWith("-") ? -total : total);
}

/** `90s` → `1m30s`, as Go prints durations. */
export function formatDuration(value: number): string {
  if (value === 0) return "0s";
  const sign = value < 0 ? "-" : "";
  const ns = Math.abs(value);
  if (ns < 1e3) return `${sign}${ns}ns`;
  if (ns < 1e6) return `${sign}${ns / 1e3}µs`;
  if (ns < 1e9) return `${sign}${ns / 1e6}ms`;
  const hours = Math.floor(ns / 3600e9);
  const minutes = Math.floor((ns % 3600e9) / 60e9);
  const seconds = (ns % 60e9) / 1e9;
  return `${sign}${hours > 0 ? `${hours}h` : ""}${hours > 0 || minutes > 0 ? `${minutes}m` : ""}${seconds}s`;
}

const powers: Readonly<Record<string, number>> = { "": 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** Bytes of `512m`, `1.5 GiB`, `1024`, `-1`; every unit counts in 1024s. Undefined when it is no size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(-?\d+(?:\.\d+)?|-?\.\d+) ?([kmgtp]?)(?:i?b)?$/i.exec(text.trim());
  if (!match) return undefined;
  return Math.trunc(Number(match[1]) * 1024 ** (powers[(match[2] ?? "").toLowerCase()] ?? 0));
}

/** What a backslash makes of the next character, within double quotes too; others stay as they are. */
const escaped: Readonly<Record<string, string>> = { n: "\n", t: "\t", "\n": "" };

/**
 * Words of a command line by the shell's quoting rules, without a shell; undefined when a quote stays open. Escapes are
 * those of docker compose.
 */
export function shellWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (quote === "'" ? char === "'" : quote === '"' && char === '"') quote = undefined;
    else if (quote === "'") word = (word ?? "") + char;
    else if (char === "\\") {
      at += 1;
      const next = text[at];
      if (next === undefined) return undefined;
      word = (word ?? "") + (escaped[next] ?? next);
    } else if (quote) word = (word ?? "") + char;
    else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (quote) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
