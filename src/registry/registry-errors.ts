/** What can go wrong with a registry, in Docker's words where its clients read them. Does not touch the world. */
import { GantryError } from "../base/errors.js";
import { familiarName, familiarReference, type ImageReference } from "../oci/reference.js";
import { networkCodeOf } from "./retry.js";

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
export function deniedError(reference: ImageReference, hasCredentials: boolean): GantryError {
  const what = `pull access denied for ${familiarName(reference)}`;
  const why =
    "repository does not exist or may require 'docker login': denied: requested access to the resource is denied";
  return new GantryError(hasCredentials ? "registry-denied" : "image-not-found", `${what}, ${why}`, {
    hint: hasCredentials ? "The credentials do not give access to it" : "Check the name, or log in to the registry",
  });
}

export function statusError(status: number, baseUrl: string, resource: string): GantryError {
  return new GantryError("registry-failed", `${new URL(baseUrl).host} answered ${status} for ${resource}`);
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
  const reason = reasons[code] ?? code;
  const { host } = new URL(baseUrl);
  return new GantryError("registry-unreachable", `Cannot reach the registry ${host}: ${reason}`, {
    hint: "Check the network, a proxy, or configure a mirror in engine.json",
    cause: error,
  });
}
