/**
 * Which engine a command talks to, and what decided it. Pure: environment and files come as arguments.
 *
 * In this order: `--engine`, `GANTRY_HOST`, `DOCKER_HOST`, `DOCKER_CONTEXT`, the current context of docker's
 * configuration, and else the embedded engine, or Docker's socket where there is none. A name that is neither an engine
 * nor an address is a docker context's.
 */
import { type Endpoint, enginePaths, isLoopback, parseEndpoint, printEndpoint } from "../endpoint.js";
import { contextEndpoint, currentContext, type DockerFiles, dockerDir } from "./docker-context.js";
import { tlsOfEnvironment } from "./tls-of-environment.js";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `because` says what chose it, as `DOCKER_HOST`; `warnings` are sentences that the user must see; `listens` that the
 * embedded engine's socket is there, so that connecting most likely starts nothing.
 */
export type EngineChoice = { readonly because: string; readonly warnings: readonly EngineWarning[] } & (
  | { readonly kind: "embedded"; readonly listens: boolean }
  | { readonly kind: "external"; readonly endpoint: Endpoint }
);

export interface EngineWarning {
  readonly message: string;
  readonly hint: string;
}

/** What the choice depends on. `flag` is the value of `--engine`; `platform` as Node names it. */
export interface ChoiceInput {
  readonly flag: string | undefined;
  readonly env: Environment;
  readonly home: string;
  readonly platform: string;
  readonly files: DockerFiles;
}

/**
 * The engine and the reason. Nothing is connected.
 *
 * @throws {GantryError} "bad-parameter" for a name or address that is none, a context or certificate that is missing
 */
export function chooseEngine(input: ChoiceInput): EngineChoice {
  const { flag, env } = input;
  if (flag) return named(flag, "--engine", input);
  if (env.GANTRY_HOST) return named(env.GANTRY_HOST, "GANTRY_HOST", input);
  if (env.DOCKER_HOST) return named(env.DOCKER_HOST, "DOCKER_HOST", input);
  const context = env.DOCKER_CONTEXT || currentContext(dockerDir(input), input.files);
  const from = env.DOCKER_CONTEXT ? "DOCKER_CONTEXT" : `the current context of ${dockerDir(input)}/config.json`;
  // Docker's own default context stands for "nothing chosen".
  return context && context !== "default" ? ofContext(context, from, input) : byDefault(input);
}

function byDefault(input: ChoiceInput): EngineChoice {
  if (input.platform === "linux") return embedded("the default", input);
  return external(dockerSocket(input), "the default where containers need a virtual machine");
}

function named(text: string, from: string, input: ChoiceInput): EngineChoice {
  if (text === "embedded") return embedded(from, input);
  if (text === "docker") return external(dockerSocket(input), from);
  if (text === "podman") return ofAddress(podmanAddress(input.env), from, input);
  return /^[\w.+-]+$/.test(text) ? ofContext(text, from, input) : ofAddress(text, from, input);
}

function ofAddress(text: string, from: string, input: ChoiceInput): EngineChoice {
  const isTcp = text.startsWith("tcp://");
  const tls = isTcp ? tlsOfEnvironment(input.env, dockerDir(input), input.files) : undefined;
  const endpoint = parseEndpoint(text, { from, ...(tls ? { tls } : {}) });
  // By its own socket it is still the embedded engine, which is started when it is needed.
  const isOwn = endpoint.kind === "unix" && endpoint.path === enginePaths(input.env).socket;
  return isOwn ? embedded(from, input) : external(endpoint, from);
}

function ofContext(name: string, from: string, input: ChoiceInput): EngineChoice {
  const endpoint = contextEndpoint(name, { from, dir: dockerDir(input), files: input.files });
  return external(endpoint ?? dockerSocket(input), `docker context ${name}, by ${from}`);
}

function embedded(because: string, { env, files }: ChoiceInput): EngineChoice {
  return { kind: "embedded", because, warnings: [], listens: files.exists(enginePaths(env).socket) };
}

function external(endpoint: Endpoint, because: string): EngineChoice {
  return { kind: "external", endpoint, because, warnings: warningsOf(endpoint) };
}

function warningsOf(endpoint: Endpoint): EngineWarning[] {
  if (endpoint.kind !== "tcp" || isLoopback(endpoint.host)) return [];
  const where = printEndpoint(endpoint);
  if (!endpoint.tls) {
    return [
      {
        message: `${where} is neither encrypted nor authenticated: anybody on the way can run anything as root there`,
        hint: "Use ssh://user@host, or TLS: DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH",
      },
    ];
  }
  if (endpoint.tls.verify) return [];
  return [{ message: `The server at ${where} is not verified: it may be anybody`, hint: "Set DOCKER_TLS_VERIFY=1" }];
}

function dockerSocket({ platform, home, files }: ChoiceInput): Endpoint {
  const ofDesktop = `${home}/.docker/run/docker.sock`;
  const isDesktop = platform !== "linux" && files.exists(ofDesktop);
  return { kind: "unix", path: isDesktop ? ofDesktop : "/var/run/docker.sock" };
}

/** Podman's own client asks `CONTAINER_HOST` first, too. */
function podmanAddress(env: Environment): string {
  if (env.CONTAINER_HOST) return env.CONTAINER_HOST;
  return env.XDG_RUNTIME_DIR && env.XDG_RUNTIME_DIR !== "/run/user/0"
    ? `unix://${env.XDG_RUNTIME_DIR}/podman/podman.sock`
    : "unix:///run/podman/podman.sock";
}
