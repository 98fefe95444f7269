/**
 * The errors of every room: one class, one table of codes.
 *
 * Pure. What the user wrote wrongly is collected as `Diagnostic`s (see `diagnostic.ts`); what an operation could not do
 * is thrown as a `GantryError`, once, where the most is known. `api/` and `cli/` each translate it in one place.
 */
import type { SourceLocation } from "./diagnostic.js";

/** What each code means to the outside: the status the API answers, and whose move it is. Keep sorted. */
export const errorCodes = {
  "address-in-use": { status: 403, blame: "user" },
  "bad-parameter": { status: 400, blame: "user" },
  "bad-usage": { status: 400, blame: "user" },
  "blob-corrupt": { status: 500, blame: "registry" },
  "build-failed": { status: 500, blame: "user" },
  cancelled: { status: 499, blame: "user" },
  "container-conflict": { status: 409, blame: "user" },
  "container-name-in-use": { status: 409, blame: "user" },
  "container-not-found": { status: 404, blame: "user" },
  "container-not-running": { status: 409, blame: "user" },
  "container-start-failed": { status: 500, blame: "user" },
  "command-not-found": { status: 400, blame: "user" },
  "compose-file-not-found": { status: 400, blame: "user" },
  "dependency-failed": { status: 500, blame: "user" },
  "disk-full": { status: 500, blame: "host" },
  "engine-locked": { status: 409, blame: "user" },
  "engine-elsewhere": { status: 409, blame: "user" },
  "engine-unavailable": { status: 503, blame: "user" },
  "exec-not-found": { status: 404, blame: "user" },
  "generation-not-found": { status: 404, blame: "user" },
  "helper-missing": { status: 500, blame: "host" },
  "hook-failed": { status: 500, blame: "user" },
  "image-in-use": { status: 409, blame: "user" },
  "image-not-found": { status: 404, blame: "user" },
  "import-failed": { status: 400, blame: "user" },
  internal: { status: 500, blame: "engine" },
  "mount-failed": { status: 500, blame: "engine" },
  "network-conflict": { status: 409, blame: "user" },
  "network-failed": { status: 500, blame: "engine" },
  "network-forbidden": { status: 403, blame: "user" },
  "network-in-use": { status: 403, blame: "user" },
  "network-not-found": { status: 404, blame: "user" },
  "no-swarm": { status: 503, blame: "user" },
  "not-modified": { status: 304, blame: "user" },
  "not-root": { status: 403, blame: "user" },
  "not-supported": { status: 501, blame: "engine" },
  offline: { status: 503, blame: "user" },
  "path-not-found": { status: 404, blame: "user" },
  "plan-damaged": { status: 400, blame: "user" },
  "plan-moved": { status: 409, blame: "user" },
  "plugin-not-found": { status: 404, blame: "user" },
  "port-in-use": { status: 500, blame: "user" },
  "provider-failed": { status: 500, blame: "user" },
  "read-only": { status: 403, blame: "user" },
  "registry-denied": { status: 401, blame: "user" },
  "registry-failed": { status: 500, blame: "registry" },
  "registry-unreachable": { status: 500, blame: "registry" },
  "remote-failed": { status: 500, blame: "user" },
  "runtime-failed": { status: 500, blame: "engine" },
  "state-damaged": { status: 500, blame: "engine" },
  "stream-truncated": { status: 500, blame: "engine" },
  "subnet-overlap": { status: 403, blame: "user" },
  "syscall-failed": { status: 500, blame: "engine" },
  unhealthy: { status: 500, blame: "user" },
  "update-failed": { status: 500, blame: "user" },
  "variable-missing": { status: 400, blame: "user" },
  "volume-in-use": { status: 409, blame: "user" },
  "volume-name-in-use": { status: 409, blame: "user" },
  "volume-not-found": { status: 404, blame: "user" },
  "wait-timeout": { status: 504, blame: "user" },
} as const satisfies Record<string, { status: number; blame: "user" | "engine" | "host" | "registry" }>;

export type ErrorCode = keyof typeof errorCodes;

/** `hint` is the next step, as a sentence; `source` the place in a Compose file that asked for it. */
export interface ErrorContext {
  readonly hint?: string;
  readonly source?: SourceLocation;
  readonly cause?: unknown;
}

/** An operation's failure. `code` is for programs, `message` for people (what happened, with the value). */
export class GantryError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly source: SourceLocation | undefined;

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.name = "GantryError";
    this.code = code;
    this.hint = context.hint;
    this.source = context.source;
  }

  /** The HTTP status that the API answers with. */
  get status(): number {
    return errorCodes[this.code].status;
  }
}

/** True for a `GantryError`, with `code` when it is given. */
export function isGantryError(error: unknown, code?: ErrorCode): error is GantryError {
  return error instanceof GantryError && (code === undefined || error.code === code);
}

/** Marks a case that the types rule out; a new case of the union fails to compile at the call. */
export function unreachable(value: never): never {
  throw new Error(`Unreachable case: ${JSON.stringify(value)}`);
}

/** The text of anything that was thrown; of a system error as other tools have it: `open x: no such file`. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const system = systemCodeOf(error) && /^E[A-Z0-9]+: (.+?), (\w+) '(.+?)'(?: -> '(.+)')?$/s.exec(error.message);
  if (!system) return error.message;
  const [, what, call, path, target] = system;
  return `${call} ${path}${target === undefined ? "" : ` to ${target}`}: ${what}`;
}

/** The `code` of a Node system error (`ENOENT`, …), or undefined. */
export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
