/** Who makes a generation, and whether its maker is still there. Touches `/proc` and the names of user and host. */
import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { pid as ownPid } from "node:process";
import { maskSecrets, maskWords } from "../../compose/mask-secrets.js";
import type { Author } from "../../wire/history.js";

/** A command line is there to be recognised; one of a script may be as long as it likes. */
const maxCommandLength = 500;

/** This process, on behalf of its user: who became root by sudo is still who it was. */
export function thisAuthor(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Author {
  const words = maskWords(argv).map((word) => (/^[\w@%+=:,./*-]+$/.test(word) ? word : JSON.stringify(word)));
  return {
    user: env.SUDO_USER || nameOfUser(),
    host: hostname(),
    commandLine: maskSecrets(["gantry", ...words].join(" ")).slice(0, maxCommandLength),
    pid: ownPid,
    pidStart: startOf(ownPid) ?? 0,
  };
}

/** On the same host, by process id and start: an id alone may be another process by now. */
export function isAtWork({ host, pid, pidStart }: Author): boolean {
  return host === hostname() && pidStart !== 0 && startOf(pid) === pidStart;
}

/** In ticks since the boot; undefined where there is no such process, or no `/proc`. */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The program's name stands in brackets and may hold anything.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]) || undefined;
  } catch {
    return undefined;
  }
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    return "nobody"; // a user without an entry, as in some containers
  }
}
