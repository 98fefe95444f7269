/** Where an engine listens: addresses as people write them, and where the embedded one lives. Pure. */
import { GantryError } from "../base/errors.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Certificates as PEM text. Without `ca` the system's authorities count; `verify` false trusts any server. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly verify: boolean;
}

/** `path` of an ssh endpoint is the engine's socket on that host; without it the host's own tools know. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: TlsMaterial }
  | {
      readonly kind: "ssh";
      readonly host: string;
      readonly user?: string;
      readonly port?: number;
      readonly path?: string;
    };

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

/** As IANA has them for Docker's API: plain and by TLS. */
const plainPort = 2375;
const tlsPort = 2376;

/**
 * Reads `unix:///path`, `tcp://host[:port]` and `ssh://[user@]host[:port][/path]`. `tls` is what a TCP connection uses.
 *
 * @throws {GantryError} "bad-parameter", naming `from`, where the address was written
 */
export function parseEndpoint(text: string, { from, tls }: { from: string; tls?: TlsMaterial }): Endpoint {
  const unix = /^unix:\/\/(\/[^\0]+)$/.exec(text);
  if (unix?.[1]) return { kind: "unix", path: unix[1] };
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:/?#@\s]+)(?::(\d{1,5}))?\/?$/.exec(text);
  if (tcp?.[1]) {
    const port = Number(tcp[2] ?? (tls ? tlsPort : plainPort));
    return { kind: "tcp", host: tcp[1].replace(/^\[|\]$/g, ""), port, ...(tls ? { tls } : {}) };
  }
  return sshEndpoint(text) ?? refuse(text, from);
}

/** Neither part may look like an option of ssh, and the path stands in a command of the other host's shell. */
const sshAddress = /^ssh:\/\/(?:([\w.][\w.+-]*)@)?(\[[0-9a-fA-F:]+\]|\w[\w.-]*)(?::(\d{1,5}))?(\/[\w./+-]+)?\/?$/;

function sshEndpoint(text: string): Endpoint | undefined {
  const [, user, host, port, path] = sshAddress.exec(text) ?? [];
  if (host === undefined) return undefined;
  return {
    kind: "ssh",
    host: host.replace(/^\[|\]$/g, ""),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(path === undefined ? {} : { path }),
  };
}

function refuse(text: string, from: string): never {
  throw new GantryError("bad-parameter", `${from}: ${withoutPassword(text)} is not an engine that Gantry can reach`, {
    hint: "Use embedded, docker, podman, unix:///path, tcp://host:port, ssh://user@host or a docker context's name",
  });
}

function withoutPassword(text: string): string {
  return text.replace(/^(\w+:\/\/[^:@/]*):[^@/]*@/, "$1:***@");
}

/** The text that people know an endpoint by. */
export function printEndpoint(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case "unix":
      return `unix://${endpoint.path}`;
    case "tcp":
      return `tcp://${bracketed(endpoint.host)}:${endpoint.port}`;
    case "ssh": {
      const { user, host, port, path = "" } = endpoint;
      return `ssh://${user ? `${user}@` : ""}${bracketed(host)}${port ? `:${port}` : ""}${path}`;
    }
  }
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** True for an address that never leaves this host. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
