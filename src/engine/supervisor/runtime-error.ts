/** What an OCI runtime says when it cannot create a container or an exec, in Docker's words. Pure. */
import { GantryError } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";

/** Longest reason that is passed on; runtimes may quote whole configurations. */
const longestReasonChars = 2000;

/**
 * The error for a runtime's complaint. A missing or unusable command is "command-not-found", with the text that
 * clients look for to pick exit code 127 or 126; all else is "container-start-failed".
 */
export function runtimeError(output: string, runtime: string, args: readonly string[]): GantryError {
  const reason = reasonOf(output);
  const command = args[0] ?? "";
  const shim = "failed to create task for container: failed to create shim task";
  const prefix = `${shim}: OCI runtime create failed: ${runtime}`;
  const wrap = (text: string) => `${prefix} create failed: unable to start container process: ${text}: unknown`;
  if (isCommandMissing(reason)) {
    const where = command.includes("/")
      ? `stat ${command}: no such file or directory`
      : "executable file not found in $PATH";
    return new GantryError("command-not-found", wrap(`exec: ${JSON.stringify(command)}: ${where}`), {
      hint: `The image has no command ${JSON.stringify(command)}`,
    });
  }
  if (isCommandUnusable(reason, command)) {
    const what = /is a directory/i.test(reason) ? "is a directory" : "permission denied";
    return new GantryError("command-not-found", wrap(`exec: ${JSON.stringify(command)}: ${what}`), {
      hint: `${JSON.stringify(command)} in the image is not an executable file`,
    });
  }
  return new GantryError("container-start-failed", wrap(stripPrefix(reason)));
}

/** runc writes a logfmt line, a JSON line or plain text, by its options; crun the like. The last error line counts. */
function reasonOf(output: string): string {
  const lines = output.split("\n").map((line) => fromJsonLine(line.trim()));
  const errors = lines.filter((line) => line !== "" && !/level=(warning|info|debug)/.test(line));
  const line = errors.at(-1) ?? "the runtime gave no reason";
  const quoted = /\bmsg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
  const text = quoted === undefined ? line : quoted.replace(/\\(["\\])/g, "$1");
  return text.slice(0, longestReasonChars);
}

/** The message of an error line of a JSON log, "" for its other lines, else the line itself. */
function fromJsonLine(line: string): string {
  if (!line.startsWith("{")) return line;
  try {
    const parsed: unknown = JSON.parse(line);
    if (!isRecord(parsed) || typeof parsed.msg !== "string") return line;
    return parsed.level === "error" || parsed.level === "fatal" ? parsed.msg : "";
  } catch {
    return line;
  }
}

function isCommandMissing(reason: string): boolean {
  return (
    /executable file .*not found/i.test(reason) ||
    /exec: ".*": (stat .*: )?no such file or directory/i.test(reason) ||
    /open executable: no such file or directory/i.test(reason)
  );
}

function isCommandUnusable(reason: string, command: string): boolean {
  return (
    /exec: ".*": .*(permission denied|is a directory)/i.test(reason) ||
    /open executable: (permission denied|operation not permitted)/i.test(reason) ||
    (reason.includes(command) && /the path .* is not executable|is not a regular file/i.test(reason))
  );
}

function stripPrefix(reason: string): string {
  return reason.replace(/^(runc (create|run|exec) failed: )?(unable to start container process: )?/, "");
}
