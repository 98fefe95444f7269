/** Why an engine could not be reached, or stopped answering, in words that help. */
import type net from "node:net";
import { GantryError, messageOf, systemCodeOf } from "../../base/errors.js";
import type { Dialer } from "./dialer.js";

/** The next step for what the system says; by its error code. */
const hints: Readonly<Record<string, string>> = {
  EACCES: "Its socket belongs to its owner and group: run this with sudo, or join the group that may use it",
  ENOENT: "No engine listens there: start it, or choose another one with --engine",
  ECONNREFUSED: "No engine listens there: start it, or choose another one with --engine",
  ENOTFOUND: "Check the host's name, and that it can be resolved from here",
  DEPTH_ZERO_SELF_SIGNED_CERT: "Put the authority that signed it as ca.pem into DOCKER_CERT_PATH",
  SELF_SIGNED_CERT_IN_CHAIN: "Put the authority that signed it as ca.pem into DOCKER_CERT_PATH",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "Put the authority that signed it as ca.pem into DOCKER_CERT_PATH",
  ERR_TLS_CERT_ALTNAME_INVALID: "Use the name that the server's certificate bears",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "Put cert.pem and key.pem that it trusts into DOCKER_CERT_PATH",
  ERR_SSL_WRONG_VERSION_NUMBER: "It does not speak TLS: unset DOCKER_TLS_VERIFY, or use its TLS port",
  HPE_INVALID_CONSTANT: "It does not speak HTTP: an engine with TLS needs DOCKER_TLS_VERIFY and DOCKER_CERT_PATH",
};

/** True for a connection that the other side closed: the request may never have been read. */
export function isLostConnection(error: Error): boolean {
  const code = systemCodeOf(error);
  return code === "ECONNRESET" || code === "EPIPE";
}

/** "engine-unavailable", or "helper-missing" of the dialer; an abort stays one. */
export async function connectionError(error: Error, socket: net.Socket | null, dialer: Dialer): Promise<Error> {
  const code = systemCodeOf(error);
  if (code === undefined && error.name === "AbortError") return error;
  const known = await dialer.explain(socket);
  if (known) return known;
  const text = code === "EACCES" ? "Not allowed to use" : "Cannot reach";
  const hint = code === undefined ? undefined : hints[code];
  return new GantryError("engine-unavailable", `${text} the engine at ${dialer.name}: ${reasonOf(error)}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Several addresses of one name fail together, each with a reason of its own. */
function reasonOf(error: Error): string {
  if (!(error instanceof AggregateError) || error.errors.length === 0) return messageOf(error);
  return error.errors.map(messageOf).join("; ");
}
