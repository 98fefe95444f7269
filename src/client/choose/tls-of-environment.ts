/** TLS for `tcp://` addresses, as Docker's variables ask for it. Pure: files are read through `DockerFiles`. */
import { GantryError } from "../../base/errors.js";
import type { TlsMaterial } from "../endpoint.js";
import { type DockerFiles, pemFiles } from "./docker-context.js";

/**
 * Undefined unless `DOCKER_TLS_VERIFY` (the server is verified) or `DOCKER_TLS` (it is not) is set to anything. The
 * certificates are in `DOCKER_CERT_PATH`, else in docker's configuration directory.
 *
 * @throws {GantryError} "bad-parameter" when half of a client's certificate is missing, or the authority to verify by
 */
export function tlsOfEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  configDir: string,
  files: DockerFiles,
): TlsMaterial | undefined {
  const verify = Boolean(env.DOCKER_TLS_VERIFY);
  if (!verify && !env.DOCKER_TLS) return undefined;
  const dir = env.DOCKER_CERT_PATH || configDir;
  const material = pemFiles(dir, files);
  const missing = [
    ...(verify && env.DOCKER_CERT_PATH && !material.ca ? ["ca.pem"] : []),
    ...(material.key && !material.cert ? ["cert.pem"] : []),
    ...(material.cert && !material.key ? ["key.pem"] : []),
  ];
  if (missing.length === 0) return { ...material, verify };
  throw new GantryError("bad-parameter", `TLS is asked for, but ${missing.join(" and ")} cannot be read in ${dir}`, {
    hint: "DOCKER_CERT_PATH names the directory that holds ca.pem, cert.pem and key.pem",
  });
}
