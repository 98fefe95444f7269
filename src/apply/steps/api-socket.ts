/** Gives a container the engine's own socket, and the registries' credentials of who runs the command. Pure. */
import { GantryError } from "../../base/errors.js";
import type { ContainerCreateBody } from "../../wire/container.js";

/** Where the engine's socket is on its host; `registryConfig` is the text of a docker `config.json`. */
export interface ApiSocket {
  readonly path: string;
  readonly registryConfig: string;
}

/** Where clients in the container look for a socket, and for credentials when they are told to. */
const socketTarget = "/var/run/docker.sock";
const configFolder = "/run/secrets/docker";
/** Whoever reads it has the credentials. */
const configMode = 0o400;

/** A container that has `DOCKER_CONFIG` brings credentials of its own. Follows Docker Compose, `use_api_socket`. */
export function withApiSocket(body: ContainerCreateBody, { path, registryConfig }: ApiSocket): ContainerCreateBody {
  const host = body.HostConfig ?? {};
  const env = body.Env ?? [];
  const hasOwn = env.some((entry) => entry.split("=")[0] === "DOCKER_CONFIG");
  const file = {
    Target: `${configFolder}/config.json`,
    Data: Buffer.from(registryConfig, "utf8").toString("base64"),
    Mode: configMode,
  };
  return {
    ...body,
    Env: hasOwn ? env : [...env, `DOCKER_CONFIG=${configFolder}`],
    HostConfig: {
      ...host,
      Mounts: [...(host.Mounts ?? []), { Type: "bind", Source: path, Target: socketTarget }],
      GantryFiles: [...(host.GantryFiles ?? []), file],
    },
  };
}

/** Of a caller that knows no socket. */
export function noApiSocket(): Promise<never> {
  return Promise.reject(new GantryError("not-supported", "use_api_socket: the engine's socket is not known here"));
}
