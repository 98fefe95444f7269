/**
 * Who a container's process is, by the `passwd` and `group` files of its own root file system. Pure: takes their texts.
 *
 * The rules are Docker's: `user[:group]`, each a name or a number; a number that no line has is taken as it is.
 */
import { GantryError } from "../../../base/errors.js";

/** `additionalGids` starts with `gid`. `home` is what a `HOME` variable should say, when it is known. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string | undefined;
}

/** Texts of /etc/passwd and /etc/group; "" when the file is absent. */
export interface UserFiles {
  readonly passwd: string;
  readonly group: string;
}

const largestId = 2 ** 31 - 1;

/**
 * `user` is `Config.User` ("" is root), `groupAdd` further groups by name or number. Throws "bad-parameter" with
 * Docker's texts for names the files do not have.
 */
export function resolveUser(user: string, groupAdd: readonly string[], files: UserFiles): ResolvedUser {
  const [userPart = "", groupPart = ""] = user.split(":", 2);
  const users = parseLines(files.passwd, 4);
  const groups = parseLines(files.group, 3);
  const wanted = userPart || "0";
  // Docker looks names up first, so that a user who is called 1000 is found by that name.
  const line = users.find(([name]) => name === wanted) ?? users.find((fields) => fields[2] === wanted);
  if (!line && !isId(wanted)) {
    throw new GantryError("bad-parameter", `unable to find user ${wanted}: no matching entries in passwd file`);
  }
  const uid = line ? Number(line[2]) : Number(wanted);
  const gid = groupPart ? groupId(groupPart, groups) : line ? Number(line[3]) : 0;
  const name = line?.[0];
  const memberOf = groupPart || !name ? [] : groups.filter((group) => membersOf(group).includes(name));
  const supplementary = memberOf.map((group) => Number(group[2]));
  const added = groupAdd.map((group) => groupId(group, groups));
  return { uid, gid, additionalGids: [...new Set([gid, ...supplementary, ...added])], home: line?.[5] || undefined };
}

function groupId(group: string, groups: readonly string[][]): number {
  const line = groups.find(([name]) => name === group) ?? groups.find((fields) => fields[2] === group);
  if (line) return Number(line[2]);
  if (isId(group)) return Number(group);
  throw new GantryError("bad-parameter", `unable to find group ${group}: no matching entries in group file`);
}

function membersOf(group: readonly string[]): string[] {
  return (group[3] ?? "").split(",").filter(Boolean);
}

/** Lines with numbers where `numericFields` first fields after the second should have them; others are skipped. */
function parseLines(text: string, numericUpTo: number): string[][] {
  return text
    .split("\n")
    .map((line) => line.trim().split(":"))
    .filter((fields) => fields.length >= numericUpTo && fields.slice(2, numericUpTo).every(isId));
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= largestId;
}
