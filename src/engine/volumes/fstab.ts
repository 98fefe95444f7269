/** A line of a table of file systems, as mount(8) reads it. Pure. */
import type { DeviceMount } from "./volume-record.js";

/** Blanks and the like are written as octal numbers, by the rules of fstab(5). */
export function fstabLine({ device, type, words }: DeviceMount, target: string): string {
  const options = words.length > 0 ? words.join(",") : "defaults";
  return `${[device, target, type, options].map(escaped).join(" ")} 0 0\n`;
}

function escaped(field: string): string {
  return field.replace(/[\s\\#]/g, (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
