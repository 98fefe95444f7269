/**
 * The docker CLI's contexts: named engines with their certificates, kept in files below its configuration directory.
 *
 * Pure: files are read through `DockerFiles`. A context `NAME` is `contexts/meta/<SHA-256 of NAME>/meta.json`, its
 * certificates are `contexts/tls/<the same>/docker/{ca,cert,key}.pem`.
 */
import { createHash } from "node:crypto";
import { GantryError } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";
import { type Endpoint, parseEndpoint, type TlsMaterial } from "../endpoint.js";

/** The files that a choice may look at. */
export interface DockerFiles {
  /** The file's text; undefined when it cannot be read. */
  readText(path: string): string | undefined;
  exists(path: string): boolean;
}

/** `DOCKER_CONFIG`, else `.docker` in the home directory. */
export function dockerDir({ env, home }: { env: Readonly<Record<string, string | undefined>>; home: string }): string {
  return env.DOCKER_CONFIG || `${home}/.docker`;
}

/** The name that `docker context use` wrote down, if any. A configuration that is no JSON has none. */
export function currentContext(dir: string, files: DockerFiles): string | undefined {
  const config = parseObject(files.readText(`${dir}/config.json`));
  return typeof config.currentContext === "string" ? config.currentContext : undefined;
}

/**
 * The engine of context `name`; undefined for `default`, which is Docker's local socket.
 *
 * @throws {GantryError} "bad-parameter" when there is no such context, or its address is none
 */
export function contextEndpoint(
  name: string,
  { from, dir, files }: { from: string; dir: string; files: DockerFiles },
): Endpoint | undefined {
  if (name === "default") return undefined;
  const id = createHash("sha256").update(name).digest("hex");
  const text = files.readText(`${dir}/contexts/meta/${id}/meta.json`);
  if (text === undefined) throw unknownContext(name, from);
  const endpoints = parseObject(text).Endpoints;
  const docker = isRecord(endpoints) && isRecord(endpoints.docker) ? endpoints.docker : {};
  if (typeof docker.Host !== "string" || docker.Host === "") return undefined;
  const tls = tlsOfContext(`${dir}/contexts/tls/${id}/docker`, docker.SkipTLSVerify === true, files);
  return parseEndpoint(docker.Host, { from: `docker context ${name}`, ...(tls ? { tls } : {}) });
}

function unknownContext(name: string, from: string): GantryError {
  return new GantryError("bad-parameter", `${from}: there is no engine and no docker context named ${name}`, {
    hint: "docker context ls shows the contexts; engines are embedded, docker, podman and addresses as ssh://user@host",
  });
}

/** Nothing there and nothing said means a connection without TLS. */
function tlsOfContext(dir: string, skipsVerify: boolean, files: DockerFiles): TlsMaterial | undefined {
  const material = pemFiles(dir, files);
  if (Object.keys(material).length === 0 && !skipsVerify) return undefined;
  return { ...material, verify: !skipsVerify };
}

/** What there is of `ca.pem`, `cert.pem` and `key.pem`. */
export function pemFiles(dir: string, files: DockerFiles): Omit<TlsMaterial, "verify"> {
  const entries = (["ca", "cert", "key"] as const).flatMap((part) => {
    const text = files.readText(`${dir}/${part}.pem`);
    return text === undefined ? [] : [[part, text] as const];
  });
  return Object.fromEntries(entries);
}

function parseObject(text: string | undefined): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text ?? "{}");
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}
