/** Which engine answers, as its `/_ping` tells in one call. */
import { once } from "node:events";
import { GantryError } from "../../base/errors.js";
import type { CallOptions } from "../engine-client.js";
import type { Transport } from "../transport.js";

/** `version` is the engine's own, "" where it does not say; `apiVersion` the one that is spoken with it, as `1.41`. */
export interface EngineIdentity {
  readonly kind: "gantry" | "docker" | "podman" | "other";
  readonly version: string;
  readonly apiVersion: string;
  /** Gantry's own, by the engine's word; absent: none. */
  readonly features?: readonly string[];
}

/** `apiVersion` is the engine's newest. Throws "engine-unavailable". */
export async function identify(transport: Transport, call?: CallOptions): Promise<EngineIdentity> {
  const reply = await transport.open({ method: "HEAD", path: "/_ping", accept: [400], ...call });
  await once(reply.resume(), "end"); // then its connection is free for the next call
  // No engine refuses a ping; a server of TLS answers so to whoever does not speak it.
  if (reply.statusCode === 400) throw wantsTls();
  return identityOf(reply.headers);
}

function wantsTls(): GantryError {
  return new GantryError("engine-unavailable", "The engine does not answer plain HTTP: it wants TLS", {
    hint: "Set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the directory of ca.pem, cert.pem and key.pem",
  });
}

/** Pure. An engine that is older than the header of its version speaks 1.24. */
export function identityOf(headers: Readonly<Record<string, string | string[] | undefined>>): EngineIdentity {
  const text = (name: string) => String(headers[name] ?? "");
  const apiVersion = text("api-version") || "1.24";
  const podman = text("libpod-api-version");
  if (podman) return { kind: "podman", version: podman, apiVersion };
  const [, name = "", version = ""] = /^(\w+)\/(\S+)/.exec(text("server")) ?? [];
  const kind = name === "Gantry" ? "gantry" : name === "Docker" ? "docker" : "other";
  const features = text("gantry-features").split(/, */).filter(Boolean);
  return { kind, version, apiVersion, ...(features.length > 0 ? { features } : {}) };
}

/** The older of two API versions such as `1.41`. */
export function older(a: string, b: string): string {
  return isBefore(a, b) ? a : b;
}

/** True when version `a` came before `b`; numbers between dots, missing ones are 0. */
export function isBefore(a: string, b: string): boolean {
  const numbers = (version: string) => version.split(/[.+~-]/).map((part) => Number.parseInt(part, 10) || 0);
  const [left, right] = [numbers(a), numbers(b)];
  const at = [0, 1, 2].find((index) => (left[index] ?? 0) !== (right[index] ?? 0));
  return at !== undefined && (left[at] ?? 0) < (right[at] ?? 0);
}

/** As people know it: `Docker 20.10.24 (API 1.41)`. */
export function printIdentity({ kind, version, apiVersion }: EngineIdentity): string {
  const name = { gantry: "Gantry", docker: "Docker", podman: "Podman", other: "An engine of unknown make" }[kind];
  return `${name}${version ? ` ${version}` : ""} (API ${apiVersion})`;
}
