/**
 * Credentials as the Engine API takes them: JSON in base64url. Pure.
 *
 * @see Docker Engine API, "Authentication"; `X-Registry-Config` of ImageBuild
 */
import { type Credentials, hubKey } from "./docker-config.js";

/** The value of `X-Registry-Auth`. */
export function registryAuth(key: string, credentials: Credentials): string {
  return encode(authConfig(key, credentials));
}

/** The value of `X-Registry-Config`; undefined when there is nothing to tell. */
export function registryConfig(all: ReadonlyMap<string, Credentials>): string | undefined {
  if (all.size === 0) return undefined;
  return encode(Object.fromEntries([...all].map(([key, credentials]) => [key, authConfig(key, credentials)])));
}

/** The host that an engine compares with an image's; Docker Hub's keeps its address. */
function authConfig(key: string, { username, password, identityToken, registryToken }: Credentials) {
  return {
    ...(username === undefined ? {} : { username, password: password ?? "" }),
    ...(identityToken === undefined ? {} : { identitytoken: identityToken }),
    ...(registryToken === undefined ? {} : { registrytoken: registryToken }),
    serveraddress: key === hubKey ? hubKey : key,
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
