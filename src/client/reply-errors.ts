/**
 * Turns an engine's error reply into a `GantryError`.
 *
 * Pure. Our engine sends its stable code and a hint; of another engine's reply the code follows from status and route.
 */
import { type ErrorCode, errorCodes, GantryError } from "../base/errors.js";
import { isRecord } from "../base/json.js";

/** The error that `status` and `body` (JSON or text) mean for a call to `path` (without version). */
export function replyError(status: number, body: string, path: string): GantryError {
  const reply = parse(body);
  const message = typeof reply.message === "string" && reply.message ? reply.message : body.trim();
  return new GantryError(
    isErrorCode(reply.code) ? reply.code : codeOf(status, path, message),
    message || `The engine answered ${status}`,
    typeof reply.hint === "string" ? { hint: reply.hint } : {},
  );
}

/** The error of a failed line in a progress stream, which carries no status. */
export function streamError(line: Record<string, unknown>, fallback: ErrorCode): GantryError {
  const detail = isRecord(line.errorDetail) ? line.errorDetail : {};
  const message = [detail.message, line.error].find((text) => typeof text === "string");
  return new GantryError(
    isErrorCode(line.errorCode) ? line.errorCode : fallback,
    typeof message === "string" ? message : "The engine reported an error without a text",
    typeof line.hint === "string" ? { hint: line.hint } : {},
  );
}

function parse(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(errorCodes, code);
}

function codeOf(status: number, path: string, message: string): ErrorCode {
  const kind = kindOf(path);
  switch (status) {
    case 304:
      return "not-modified";
    case 400:
      return /executable file not found|no such file or directory/.test(message) && path.endsWith("/start")
        ? "command-not-found"
        : "bad-parameter";
    case 401:
      return "registry-denied";
    case 403:
      return kind === "network" ? "network-in-use" : "bad-parameter";
    case 404:
      return missing(path, message);
    case 409:
      return conflict(kind, message);
    case 501:
      return "not-supported";
    default:
      return /port is already allocated|address already in use/.test(message) ? "port-in-use" : "internal";
  }
}

type Kind = "container" | "exec" | "image" | "network" | "volume" | "other";

function kindOf(path: string): Kind {
  const first = path.split("/")[1];
  if (first === "containers") return "container";
  if (first === "exec") return "exec";
  if (first === "images") return "image";
  if (first === "networks") return "network";
  return first === "volumes" ? "volume" : "other";
}

function missing(path: string, message: string): ErrorCode {
  // Docker's and Podman's words for a route that they do not have.
  if (/^(page not found|not found)$/i.test(message)) return "not-supported";
  if (/no such image|manifest .*(unknown|not found)/i.test(message)) return "image-not-found";
  if (/no such container/i.test(message)) return "container-not-found";
  if (/network .* not found/i.test(message)) return "network-not-found";
  const kind = kindOf(path);
  return kind === "other" ? "bad-parameter" : `${kind}-not-found`;
}

function conflict(kind: Kind, message: string): ErrorCode {
  if (/is not running/.test(message)) return "container-not-running";
  if (/is already in use by container/.test(message)) return "container-name-in-use";
  if (kind === "image") return "image-in-use";
  if (kind === "network") return "network-conflict";
  return kind === "volume" ? "volume-in-use" : "container-conflict";
}
