/** Lists of numbers as the kernel writes sets of CPUs and memory nodes: `0-3,7`. Pure. */

/** True when `asked` is such a list and every member is in `available`. */
export function isWithin(asked: string, available: string): boolean {
  const there = ranges(available) ?? [];
  const wanted = ranges(asked);
  return wanted?.every(([from, to]) => there.some(([low, high]) => low <= from && to <= high)) ?? false;
}

/** Joined where they touch, so that `0-1` is within `0,1`; undefined for what is no list. */
function ranges(text: string): Array<[number, number]> | undefined {
  const found: Array<[number, number]> = [];
  for (const part of text.split(",")) {
    const [, from, to = from] = /^\s*(\d{1,6})(?:-(\d{1,6}))?\s*$/.exec(part) ?? [];
    if (from === undefined || Number(to) < Number(from)) return undefined;
    found.push([Number(from), Number(to)]);
  }
  found.sort((a, b) => a[0] - b[0]);
  const joined: Array<[number, number]> = [];
  for (const [from, to] of found) {
    const last = joined.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}
