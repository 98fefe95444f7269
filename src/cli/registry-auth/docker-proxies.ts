/**
 * The proxies that docker's `config.json` gives to builds and containers, as variables. Does not touch the world.
 *
 * @see Docker, "Use a proxy server with the Docker CLI"
 */
import type { EngineClient } from "../../client/engine-client.js";

/** The members of `proxies.default` and the variables that they become, each in capitals and not. */
const names = [
  ["httpProxy", "HTTP_PROXY"],
  ["httpsProxy", "HTTPS_PROXY"],
  ["ftpProxy", "FTP_PROXY"],
  ["noProxy", "NO_PROXY"],
  ["allProxy", "ALL_PROXY"],
] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Those of the engine that the environment names, else the default ones. Empty when there are none. */
export function proxyVariables(
  proxies: Readonly<Record<string, Readonly<Record<string, string>>>>,
  { GANTRY_HOST, DOCKER_HOST }: Environment,
): Record<string, string> {
  const settings = proxies[GANTRY_HOST || DOCKER_HOST || "default"] ?? proxies.default ?? {};
  return Object.fromEntries(
    names.flatMap(([member, name]) => {
      const value = settings[member];
      return value ? [name, name.toLowerCase()].map((one) => [one, value] as const) : [];
    }),
  );
}

/** The same client, whose builds get these as build arguments unless they have such. */
export function withProxies(client: EngineClient, variables: Readonly<Record<string, string>>): EngineClient {
  const { builds } = client;
  const build: typeof builds.build = (one, call) => builds.build({ ...one, args: { ...variables, ...one.args } }, call);
  return { ...client, builds: { ...builds, build } };
}
