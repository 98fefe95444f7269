/** Words and figures that several screens share. Pure. */

/** `812K`, `63.9M`, `1.25G`: powers of 1024, at most five characters. */
export function sizeText(bytes: number): string {
  const units = ["B", "K", "M", "G", "T"];
  const at = Math.min(units.length - 1, bytes > 0 ? Math.floor(Math.log2(bytes) / 10) : 0);
  const value = bytes / 1024 ** at;
  return `${at === 0 ? Math.round(value) : Number(value.toPrecision(3))}${units[at]}`;
}

/** `18:02:03` of a wall clock in milliseconds, where the user is. */
export function clockText(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8);
}

/** `12s`, `5m`, `3h`, `2d`. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

const unitMs: Readonly<Record<string, number>> = {
  ...{ second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 },
  ...{ month: 2_592_000_000, year: 31_536_000_000 },
};

/** How long a container had been up when the engine said `Up 5 minutes (healthy)`; 0 for what does not run. */
export function upMs(status: string): number {
  const found = /^Up (?:(\d+)|About an?|Less than a) (\w+?)s?\b/.exec(status);
  if (!found) return 0;
  const count = status.includes("Less than") ? 0 : Number(found[1] ?? 1);
  return count * (unitMs[found[2] ?? ""] ?? 0);
}
