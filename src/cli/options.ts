/** Small readers of option values. Pure. */
import { Option } from "commander";
import { GantryError } from "../base/errors.js";

/** For commander: gathers a repeatable option's values in a list. */
export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** For what carries plans out. */
export function reportOption(): Option {
  return new Option("--report <kind[=file]>", "write what happened as junit, json or github, repeatable").argParser(
    collect,
  );
}

/** `--format` of listings. */
export function formatOption(description = "table, json, or a Go template, as '{{.Name}}'"): Option {
  return new Option("--format <format>", description);
}

/** Bytes of `64m`, `1.5g`, `512`; units are powers of 1024. Throws "bad-parameter". */
export function parseBytes(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  if (!match) throw new GantryError("bad-parameter", `${what}: ${text} is not a size; write it as 256m or 1g`);
  return Math.floor(Number(match[1]) * 1024 ** "bkmgt".indexOf((match[2] || "b").toLowerCase()));
}

const nanosPerUnit: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds of `1m30s`, `500ms`. Throws "bad-parameter". */
export function parseDuration(text: string, what: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
    throw new GantryError("bad-parameter", `${what}: ${text} is not a duration; write it as 30s or 1m30s`);
  }
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (nanosPerUnit[unit ?? ""] ?? 0), 0);
}

/** A whole number, negative ones too. Throws "bad-parameter". */
export function parseInteger(text: string, what: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new GantryError("bad-parameter", `${what}: ${text} is not a whole number`);
  return Number(text);
}

/** `a=b` pairs as a map; a word without `=` has the value "". */
export function parsePairs(words: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf("=");
      return at < 0 ? [word, ""] : [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}

/**
 * A moment as seconds since the epoch: RFC 3339, seconds, or a duration before `now` (`10m`). Throws "bad-parameter".
 */
export function parseMoment(text: string, { now, what }: { now: Date; what: string }): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return now.getTime() / 1000 - parseDuration(text, what) / 1e9;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new GantryError("bad-parameter", `${what}: ${text} is no moment; write it as 10m or 2026-01-31T12:00:00Z`);
  }
  return ms / 1000;
}
