/**
 * What a `devcontainer.json` asks for.
 *
 * Pure. Follows the Dev Container Specification; keys that are for editors are passed over, those that change what runs
 * and that Gantry does not know are told by name.
 */
import { substitute } from "./substitute.js";

/** A command of the container's life: each is run, those of one command side by side. */
export type LifecycleCommands = Readonly<Record<string, readonly string[]>>;

/** Where the container comes from. Paths are absolute. */
export type DevcontainerSource =
  | { readonly kind: "image"; readonly image: string }
  | {
      readonly kind: "build";
      readonly context: string;
      readonly dockerfile: string;
      readonly options: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: "compose";
      readonly files: readonly string[];
      readonly service: string;
      readonly runServices?: readonly string[];
    };

export interface Devcontainer {
  readonly source: DevcontainerSource;
  /** Of the project on this host, absolute. */
  readonly localFolder: string;
  /** The same in the container. */
  readonly workspaceFolder: string;
  readonly workspaceMount?: string;
  readonly mounts: readonly unknown[];
  /** `service` only with Compose. */
  readonly forwardPorts: ReadonlyArray<{ readonly service?: string; readonly port: number }>;
  /** Published as they are written, to every address. */
  readonly appPorts: readonly string[];
  readonly portLabels: ReadonlyMap<number, string>;
  readonly containerEnv: Readonly<Record<string, string>>;
  readonly remoteEnv: Readonly<Record<string, string>>;
  readonly containerUser?: string;
  readonly remoteUser?: string;
  /** Undefined: true for an image or a build, false with Compose. */
  readonly overrideCommand?: boolean;
  readonly init: boolean;
  readonly privileged: boolean;
  readonly capAdd: readonly string[];
  readonly securityOpt: readonly string[];
  /** For this host, before there is a container. */
  readonly initialize: LifecycleCommands;
  /** By the name of the command, in the order in which they run. */
  readonly lifecycle: ReadonlyMap<LifecycleName, LifecycleCommands>;
  /** Keys that have no effect here. */
  readonly unsupported: readonly string[];
}

const lifecycleNames = [
  "onCreateCommand",
  "updateContentCommand",
  "postCreateCommand",
  "postStartCommand",
  "postAttachCommand",
] as const;
export type LifecycleName = (typeof lifecycleNames)[number];

/** Read here, or of no meaning to anything but an editor. */
const knownKeys: ReadonlySet<string> = new Set([
  ...["$schema", "name", "customizations", "portsAttributes", "otherPortsAttributes", "waitFor", "userEnvProbe"],
  ...["shutdownAction", "image", "build", "dockerFile", "context", "dockerComposeFile", "service", "runServices"],
  ...["workspaceFolder", "workspaceMount", "mounts", "forwardPorts", "appPort", "containerEnv", "remoteEnv"],
  ...["containerUser", "remoteUser", "overrideCommand", "init", "privileged", "capAdd", "securityOpt"],
  ...["initializeCommand", ...lifecycleNames],
  ...["settings", "extensions", "devPort"], // of editors, from before `customizations`
]);

export interface DevcontainerPlace {
  readonly localFolder: string;
  /** Where the file stands, absolute: paths in it are relative to this. */
  readonly fileFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Joins and normalises paths; given, because a pure room knows no file system. */
  readonly resolve: (...parts: string[]) => string;
}

/** The message for people when the file does not say where its container comes from. */
export function readDevcontainer(
  value: unknown,
  place: DevcontainerPlace,
): Devcontainer | { readonly problem: string } {
  if (!isRecord(value)) return { problem: "it is no JSON object" };
  const usual = `/workspaces/${place.localFolder.split("/").filter(Boolean).at(-1) ?? "workspace"}`;
  const isCompose = value.dockerComposeFile !== undefined;
  const folder = text(value.workspaceFolder) ?? (isCompose ? "/" : usual);
  const known = { environment: place.environment, localFolder: place.localFolder, containerFolder: folder };
  const containerEnv = texts(substitute(value.containerEnv, { ...known, containerEnv: {} }));
  const all = substitute(value, { ...known, containerEnv });
  if (!isRecord(all)) return { problem: "it is no JSON object" };
  const source = sourceOf(all, place);
  if ("problem" in source) return source;
  const mounts = Array.isArray(all.mounts) ? all.mounts : [];
  const odd = mounts.findIndex((mount) => typeof mount !== "string" && !isRecord(mount));
  if (odd >= 0) return { problem: `mounts[${odd}] is neither a text nor an object` };
  const { localFolder } = place;
  return {
    source,
    localFolder,
    workspaceFolder: text(all.workspaceFolder) ?? folder,
    ...optional("workspaceMount", text(all.workspaceMount)),
    mounts,
    forwardPorts: list(all.forwardPorts).flatMap(forwardPort),
    appPorts: list(all.appPort).map((port) => (typeof port === "number" ? `${port}:${port}` : String(port))),
    portLabels: portLabels(all.portsAttributes),
    containerEnv,
    remoteEnv: texts(all.remoteEnv),
    ...optional("containerUser", text(all.containerUser)),
    ...optional("remoteUser", text(all.remoteUser)),
    ...(typeof all.overrideCommand === "boolean" ? { overrideCommand: all.overrideCommand } : {}),
    init: all.init === true,
    privileged: all.privileged === true,
    capAdd: list(all.capAdd).map(String),
    securityOpt: list(all.securityOpt).map(String),
    initialize: commandsOf(all.initializeCommand),
    lifecycle: new Map(
      lifecycleNames.flatMap((name) => {
        const commands = commandsOf(all[name]);
        return Object.keys(commands).length > 0 ? [[name, commands] as const] : [];
      }),
    ),
    unsupported: Object.keys(value).filter((key) => !knownKeys.has(key)),
  };
}

function sourceOf(
  all: Readonly<Record<string, unknown>>,
  { fileFolder, resolve }: DevcontainerPlace,
): DevcontainerSource | { readonly problem: string } {
  const files = list(all.dockerComposeFile).map((file) => resolve(fileFolder, String(file)));
  if (files.length > 0) {
    const service = text(all.service);
    if (service === undefined) return { problem: "dockerComposeFile goes with service" };
    const runServices = Array.isArray(all.runServices) ? { runServices: all.runServices.map(String) } : {};
    return { kind: "compose", files, service, ...runServices };
  }
  const build = isRecord(all.build) ? all.build : {};
  const dockerfile = text(build.dockerfile) ?? text(all.dockerFile);
  if (dockerfile !== undefined) {
    const context = resolve(fileFolder, text(build.context) ?? text(all.context) ?? ".");
    const { args, target, cacheFrom } = build;
    const options = { ...optional("args", args), ...optional("target", target), ...optional("cache_from", cacheFrom) };
    return { kind: "build", context, dockerfile: resolve(fileFolder, dockerfile), options };
  }
  const image = text(all.image);
  return image === undefined
    ? { problem: "it names no image, no build and no dockerComposeFile" }
    : { kind: "image", image };
}

/** A text is for a shell, a list is run as it is, a mapping has several of either. */
function commandsOf(value: unknown): LifecycleCommands {
  if (typeof value === "string") return value.trim() === "" ? {} : { "": ["sh", "-c", value] };
  if (Array.isArray(value)) return value.length === 0 ? {} : { "": value.map(String) };
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => {
      const command = commandsOf(one)[""];
      return command ? [[name, command]] : [];
    }),
  );
}

/** `3000` or `"db:5432"`. */
function forwardPort(value: unknown): Array<{ service?: string; port: number }> {
  const [, service, port] = /^(?:([\w.-]+):)?(\d{1,5})$/.exec(String(value)) ?? [];
  if (port === undefined) return [];
  const isHost = service === undefined || service === "localhost";
  return [{ port: Number(port), ...(isHost ? {} : { service }) }];
}

function portLabels(value: unknown): ReadonlyMap<number, string> {
  const entries = Object.entries(isRecord(value) ? value : {});
  return new Map(
    entries.flatMap(([key, one]) => {
      const label = isRecord(one) ? text(one.label) : undefined;
      const port = Number(key.split(":").at(-1));
      return label !== undefined && Number.isInteger(port) ? [[port, label] as const] : [];
    }),
  );
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function texts(value: unknown): Record<string, string> {
  const entries = Object.entries(isRecord(value) ? value : {});
  return Object.fromEntries(entries.flatMap(([key, one]) => (one === null ? [] : [[key, String(one)]])));
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value }; // the one key, or none
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
