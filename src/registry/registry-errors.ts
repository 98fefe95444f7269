/** What can go wrong with a registry, in Docker's words where its clients read them. Does not touch the world. */
import { GantryError } from "../base/errors.js";
import { isRecord } from "../base/json.js";
import { printable } from "../base/printable.js";
import { familiarName, familiarReference, type ImageReference } from "../oci/reference.js";
import { isCertificateCode, networkCodeOf, retryAfterMs } from "./retry.js";

/** A registry's refusal. `said` is its own text, as `registryText` reads it. */
export interface Refusal {
  readonly status: number;
  readonly said: string | undefined;
  readonly retryAfter?: string | undefined;
}

export function missingError(reference: ImageReference): GantryError {
  const name = familiarReference(reference);
  return new GantryError("image-not-found", `manifest for ${name} not found: manifest unknown: manifest unknown`, {
    hint: "Check the name and the tag",
  });
}

export function missingRepositoryError(reference: ImageReference): GantryError {
  const why = "not found: name unknown: repository name not known to registry";
  return new GantryError("image-not-found", `repository ${familiarName(reference)} ${why}`, { hint: "Check the name" });
}

/** Without credentials nobody can tell a private repository from one that does not exist. */
export function deniedError(reference: ImageReference, hasCredentials: boolean, said?: string): GantryError {
  const what = `pull access denied for ${familiarName(reference)}`;
  const text = said ?? "denied: requested access to the resource is denied";
  const why = `repository does not exist or may require 'docker login': ${text}`;
  return new GantryError(hasCredentials ? "registry-denied" : "image-not-found", `${what}, ${why}`, {
    hint: hasCredentials ? "The credentials do not give access to it" : "Check the name, or log in to the registry",
  });
}

/** Any other answer. `what` is what was asked for: "manifests/1", "a token". */
export function statusError({ status, said, retryAfter }: Refusal, baseUrl: string, what: string): GantryError {
  const { host } = new URL(baseUrl);
  const text = said ? `: ${said}` : "";
  if (status === 429) {
    return new GantryError("registry-failed", `${host} limits requests and answered 429 for ${what}${text}`, {
      hint: `${waitHint(retryAfter)} Who is logged in may often ask more; a mirror asks once for all`,
    });
  }
  const hint = status >= 500 ? { hint: "The registry has failed, not this machine: try again later" } : {};
  return new GantryError("registry-failed", `${host} answered ${status} for ${what}${text}`, hint);
}

function waitHint(retryAfter: string | undefined): string {
  const ms = retryAfterMs(retryAfter, new Date(0));
  if (ms === undefined) return "Try again later.";
  return /^\s*\d/.test(retryAfter ?? "") ? `Try again in ${Math.ceil(ms / 1000)} s.` : `Try again after ${retryAfter}.`;
}

/**
 * What the body of an error says, as Docker prints it: `CODE: MESSAGE` in small letters. Undefined when it says
 * nothing.
 *
 * @see OCI distribution specification, "Error Codes"
 */
export function registryText(body: string): string | undefined {
  const parsed = parseJson(body);
  const errors = isRecord(parsed) && Array.isArray(parsed.errors) ? parsed.errors.filter(isRecord) : [];
  const [first] = errors;
  const code = typeof first?.code === "string" ? first.code.toLowerCase().replaceAll("_", " ") : "";
  const message = typeof first?.message === "string" ? first.message : "";
  const text = [code, message].filter((part) => part !== "").join(": ");
  return text === "" ? undefined : printable(text).slice(0, 500);
}

const reasons: Readonly<Record<string, string>> = {
  EAI_AGAIN: "its name could not be resolved",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was broken",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ENOTFOUND: "no such host",
  EPROTO: "it does not speak TLS",
  ETIMEDOUT: "no answer",
};

/** What to throw for a request's failure. An error that is not the network's (a full disk) stays what it is. */
export function connectionError(baseUrl: string, error: unknown): unknown {
  const code = networkCodeOf(error);
  if (code === undefined) return error;
  const { host } = new URL(baseUrl);
  if (isCertificateCode(code)) {
    const why = error instanceof Error ? error.message : code;
    return new GantryError(
      "registry-unreachable",
      `Cannot trust the registry ${host}: tls: failed to verify certificate: ${why}`,
      {
        hint: `Put the certificate of its authority into /etc/docker/certs.d/${host}/ca.crt, or update the system's`,
        cause: error,
      },
    );
  }
  const reason = reasons[code] ?? code;
  return new GantryError("registry-unreachable", `Cannot reach the registry ${host}: ${reason}`, {
    hint: "Check the network, a proxy, or configure a mirror in engine.json",
    cause: error,
  });
}

/** Nothing was asked of anybody. */
export function offlineError(host: string, what: "registry" | "address" = "registry"): GantryError {
  return new GantryError("offline", `Gantry is offline: the ${what} ${host} is not asked`, {
    hint: 'Unset GANTRY_OFFLINE, or "offline" in engine.json; a running engine has to be started again',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
