/** `--chmod` as a function of the mode that a file has. Pure. */
import { GantryError } from "../../../base/errors.js";

const classes: Readonly<Record<string, number>> = { u: 0o700, g: 0o070, o: 0o007, a: 0o777 };
const permissions: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111 };

/** Octal digits, or `u=rwX,go=rX` as chmod(1) has it. Throws "bad-parameter". */
export function parseFileMode(text: string): (mode: number, isDirectory: boolean) => number {
  if (/^[0-7]{1,5}$/.test(text)) {
    const fixed = Number.parseInt(text, 8);
    return () => fixed & 0o7777;
  }
  const clauses = text.split(",").map((clause) => {
    const match = /^([ugoa]*)([-+=])([rwxXst]*)$/.exec(clause);
    if (!match) {
      throw new GantryError(
        "bad-parameter",
        `invalid chmod parameter: '${text}'. It should be octal string or symbolic`,
      );
    }
    return { who: match[1] || "a", how: match[2] ?? "=", what: match[3] ?? "" };
  });
  return (mode, isDirectory) => clauses.reduce((before, clause) => applyClause(before, clause, isDirectory), mode);
}

function applyClause(mode: number, { who, how, what }: Record<"who" | "how" | "what", string>, isDirectory: boolean) {
  const mask = [...who].reduce((all, one) => all | (classes[one] ?? 0), 0);
  const runs = isDirectory || (mode & 0o111) !== 0;
  let bits = [...what].reduce((all, one) => all | (permissions[one] ?? 0), 0) & mask;
  if (what.includes("X") && runs) bits |= 0o111 & mask;
  if (what.includes("s")) bits |= (mask & 0o700 ? 0o4000 : 0) | (mask & 0o070 ? 0o2000 : 0);
  if (what.includes("t")) bits |= 0o1000;
  if (how === "+") return mode | bits;
  if (how === "-") return mode & ~bits;
  return (mode & ~mask) | bits;
}
