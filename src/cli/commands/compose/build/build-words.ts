/** Words of build flags that are no plain texts. Pure. */
import { GantryError } from "../../../../base/errors.js";

const units: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `512m`, `1g`, bytes without a unit. Throws "bad-parameter" naming the flag. */
export function parseSize(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmg]?)(?:i?b)?$/i.exec(text.trim());
  if (!match) throw new GantryError("bad-parameter", `${flag}: ${text} is no size; write 512m or 1g`);
  return Math.floor(Number(match[1]) * (units[(match[2] ?? "").toLowerCase()] ?? 1));
}
