/**
 * Which engine a command talks to, and where the embedded one lives. Pure: the environment comes as an argument.
 */
import { GantryError } from "../base/errors.js";
import type { Endpoint } from "./transport.js";

type Environment = Readonly<Record<string, string | undefined>>;

export type EngineChoice = { readonly kind: "embedded" } | { readonly kind: "external"; readonly endpoint: Endpoint };

/** Where the embedded engine keeps its state (survives a reboot), its run files (does not) and its socket. */
export interface EnginePaths {
  readonly stateRoot: string;
  readonly runDir: string;
  readonly socket: string;
}

/** `GANTRY_STATE_ROOT` and `GANTRY_RUN_DIR` move them, e.g. for a second engine beside the first. */
export function enginePaths(env: Environment): EnginePaths {
  const runDir = env.GANTRY_RUN_DIR || "/run/gantry";
  return { stateRoot: env.GANTRY_STATE_ROOT || "/var/lib/gantry", runDir, socket: `${runDir}/engine.sock` };
}

/**
 * `--engine`, then `GANTRY_HOST`, then `DOCKER_HOST`, then the embedded engine.
 *
 * @throws {GantryError} "bad-parameter" for an engine that is neither a known name nor an address
 */
export function chooseEngine(flag: string | undefined, env: Environment): EngineChoice {
  const [text, from] = flag
    ? [flag, "--engine"]
    : env.GANTRY_HOST
      ? [env.GANTRY_HOST, "GANTRY_HOST"]
      : [env.DOCKER_HOST || "embedded", "DOCKER_HOST"];
  if (text === "embedded") return { kind: "embedded" };
  const endpoint = parseEndpoint(namedEngine(text, env), from);
  if (endpoint.kind === "unix" && endpoint.path === enginePaths(env).socket) return { kind: "embedded" };
  return { kind: "external", endpoint };
}

function namedEngine(text: string, env: Environment): string {
  if (text === "docker") return "unix:///var/run/docker.sock";
  if (text !== "podman") return text;
  return env.XDG_RUNTIME_DIR && env.XDG_RUNTIME_DIR !== "/run/user/0"
    ? `unix://${env.XDG_RUNTIME_DIR}/podman/podman.sock`
    : "unix:///run/podman/podman.sock";
}

function parseEndpoint(text: string, from: string): Endpoint {
  const unix = /^unix:\/\/(\/.+)$/.exec(text);
  if (unix?.[1]) return { kind: "unix", path: unix[1] };
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:/\s]+)(?::(\d{1,5}))?\/?$/.exec(text);
  if (tcp?.[1]) return { kind: "tcp", host: tcp[1].replace(/^\[|\]$/g, ""), port: Number(tcp[2] ?? 2375) };
  throw new GantryError("bad-parameter", `${from}: ${text} is not an engine that Gantry can reach`, {
    hint: "Use embedded, docker, podman, unix:///path or tcp://host:port",
  });
}
