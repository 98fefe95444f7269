/**
 * Turns the flags of `container run` and `container create` into the body of the API's create call.
 *
 * Pure: the contents of files and this process's environment come as arguments. Follows the docker CLI.
 */
import { resolve } from "node:path";
import { GantryError } from "../../../../../base/errors.js";
import type { ContainerCreateBody, HealthConfig, HostConfig, RestartPolicy } from "../../../../../wire/container.js";
import { parsePairs } from "../../../../options.js";
import type { CreateOptions } from "./create-options.js";
import { networking, networkMode } from "./networking.js";
import { copy, duration, optional, size, whole } from "./optional.js";
import { parseMount, parseTmpfs } from "./parse-mount.js";
import { parseExposed, parsePorts } from "./parse-ports.js";
import { resources } from "./resources.js";
import { securityOptions } from "./security-options.js";

/** Texts of the files that flags name. */
export interface CreateFiles {
  /** Lines of the environment files and of the label files, in order. */
  readonly env: readonly string[];
  readonly labels: readonly string[];
  /** Seccomp profiles by the path that `--security-opt seccomp=PATH` gives. */
  readonly seccomp: ReadonlyMap<string, string>;
}

export interface CreateRequest {
  readonly image: string;
  readonly command: readonly string[];
  readonly options: CreateOptions;
  /** Attached to the output, and to the input with `-i`. */
  readonly attach: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Variables that the container has unless it is given others. */
  readonly proxies: Readonly<Record<string, string>>;
  readonly files: CreateFiles;
  /** Rows and columns of the terminal. */
  readonly consoleSize?: [number, number];
}

/** Throws "bad-parameter", naming the flag. */
export function createBody(request: CreateRequest): ContainerCreateBody {
  const { options, command, image, files } = request;
  const streams = attachedStreams(request);
  return {
    Image: image,
    AttachStdin: streams.stdin,
    AttachStdout: streams.stdout,
    AttachStderr: streams.stderr,
    OpenStdin: options.interactive === true,
    StdinOnce: streams.stdin && options.interactive === true,
    Tty: options.tty === true,
    Env: withDefaults(environment(options.env ?? [], { env: request.env, fileLines: files.env }), request.proxies),
    Labels: parsePairs([...meaningful(files.labels), ...(options.label ?? [])]),
    ...(command.length > 0 ? { Cmd: [...command] } : {}),
    // An empty word clears the image's entrypoint.
    ...(options.entrypoint === undefined ? {} : { Entrypoint: [options.entrypoint] }),
    ...optional<ContainerCreateBody>({
      Hostname: options.hostname,
      Domainname: options.domainname,
      User: options.user,
      WorkingDir: options.workdir,
      StopSignal: options.stopSignal,
      StopTimeout: whole(options.stopTimeout, "--stop-timeout"),
      Healthcheck: healthcheck(options),
    } as ContainerCreateBody),
    ExposedPorts: exposedPorts(options),
    Volumes: anonymousVolumes(options.volume),
    HostConfig: hostConfig(request),
    ...networking(options),
  };
}

/** With `-a` the streams that it names, else the output, and the input with `-i`; none in the background. */
export function attachedStreams({ options, attach }: Pick<CreateRequest, "options" | "attach">) {
  const named = options.attach?.map((word) => word.toLowerCase());
  const wrong = named?.find((word) => !["stdin", "stdout", "stderr"].includes(word));
  if (wrong !== undefined) throw new GantryError("bad-parameter", `--attach: ${wrong}: use stdin, stdout or stderr`);
  const isOn = (name: string, byDefault: boolean) => attach && (named ? named.includes(name) : byDefault);
  return {
    stdin: isOn("stdin", options.interactive === true),
    stdout: isOn("stdout", true),
    stderr: isOn("stderr", true),
  };
}

function hostConfig({ options, cwd, consoleSize, files }: CreateRequest): HostConfig {
  const { bindings } = parsePorts(options.publish ?? []);
  if (options.rm && options.restart !== undefined && options.restart !== "no") {
    throw new GantryError("bad-parameter", "--restart and --rm cannot be combined");
  }
  return {
    NetworkMode: networkMode(options),
    AutoRemove: options.rm === true,
    Privileged: options.privileged === true,
    ReadonlyRootfs: options.readOnly === true,
    PublishAllPorts: options.publishAll === true,
    PortBindings: bindings,
    RestartPolicy: restartPolicy(options.restart),
    ...lists(options, cwd),
    ...resources(options),
    ...securityOptions(options.securityOpt, files.seccomp),
    ...optional<HostConfig>({
      ShmSize: size(options.shmSize, "--shm-size"),
      OomScoreAdj: whole(options.oomScoreAdj, "--oom-score-adj"),
      Init: options.init,
      ConsoleSize: options.tty ? consoleSize : undefined,
      IpcMode: options.ipc,
      PidMode: options.pid,
      UTSMode: options.uts,
      UsernsMode: options.userns,
      CgroupnsMode: options.cgroupns,
      Isolation: options.isolation,
      Runtime: options.runtime,
      VolumeDriver: options.volumeDriver,
      ContainerIDFile: options.cidfile,
      LogConfig:
        options.logDriver || options.logOpt
          ? { Type: options.logDriver ?? "", Config: parsePairs(options.logOpt) }
          : undefined,
    } as HostConfig),
  };
}

function lists(options: CreateOptions, cwd: string): HostConfig {
  const binds = (options.volume ?? []).filter((volume) => volume.includes(":"));
  const isLinked = networkMode(options) === "default" || networkMode(options) === "bridge";
  return optional<HostConfig>({
    Binds: binds.length > 0 ? binds.map((bind) => absoluteBind(bind, cwd)) : undefined,
    Mounts: options.mount?.map((mount) => parseMount(mount, cwd)),
    Tmpfs: options.tmpfs && Object.fromEntries(options.tmpfs.map(parseTmpfs)),
    VolumesFrom: copy(options.volumesFrom),
    CapAdd: copy(options.capAdd),
    CapDrop: copy(options.capDrop),
    GroupAdd: copy(options.groupAdd),
    ExtraHosts: options.addHost?.map(parseHost),
    Dns: copy(options.dns),
    DnsSearch: copy(options.dnsSearch),
    DnsOptions: copy(options.dnsOption),
    Links: isLinked ? options.link?.map((link) => (link.includes(":") ? link : `${link}:${link}`)) : undefined,
    Sysctls: options.sysctl && parsePairs(options.sysctl),
    StorageOpt: options.storageOpt && parsePairs(options.storageOpt),
    Annotations: options.annotation && parsePairs(options.annotation),
  } as HostConfig);
}

/** `name:address`, `name=address`; brackets about an IPv6 address are left out. Throws "bad-parameter". */
function parseHost(text: string): string {
  const match = /^([^:=]+)[:=](.+)$/.exec(text);
  if (!match) throw new GantryError("bad-parameter", `--add-host: ${text}: write it as name:address`);
  return `${match[1]}:${(match[2] ?? "").replace(/^\[(.*)\]$/, "$1")}`;
}

/**
 * A name without value passes this process's variable on. Where it is unset, `-e` takes the image's variable away and a
 * line of a file says nothing. Later ones win.
 */
export function environment(
  words: readonly string[],
  { env, fileLines }: { env: CreateRequest["env"]; fileLines: readonly string[] },
): string[] {
  const ofFiles = meaningful(fileLines).flatMap((line) => {
    const text = line.trimStart();
    if (text.includes("=")) return [text];
    const value = env[text.trim()];
    return value === undefined ? [] : [`${text.trim()}=${value}`];
  });
  const own = words.map((word) => {
    if (word.startsWith("=") || word === "") throw new GantryError("bad-parameter", `--env: ${word} has no name`);
    const value = word.includes("=") ? undefined : env[word];
    return value === undefined ? word : `${word}=${value}`;
  });
  return [...ofFiles, ...own];
}

function withDefaults(own: readonly string[], defaults: Readonly<Record<string, string>>): string[] {
  const given = new Set(own.map((entry) => entry.split("=", 1)[0]));
  const others = Object.entries(defaults).filter(([name]) => !given.has(name));
  return [...own, ...others.map(([name, value]) => `${name}=${value}`)];
}

/** Lines that are neither empty nor comments. */
function meaningful(lines: readonly string[]): string[] {
  return lines.filter((line) => line.trim() && !line.trimStart().startsWith("#"));
}

function healthcheck(options: CreateOptions): HealthConfig | undefined {
  const config = optional<HealthConfig>({
    Test: options.healthCmd === undefined ? undefined : ["CMD-SHELL", options.healthCmd],
    Interval: duration(options.healthInterval, "--health-interval"),
    Timeout: duration(options.healthTimeout, "--health-timeout"),
    StartPeriod: duration(options.healthStartPeriod, "--health-start-period"),
    StartInterval: duration(options.healthStartInterval, "--health-start-interval"),
    Retries: whole(options.healthRetries, "--health-retries"),
  } as HealthConfig);
  const isAsked = Object.keys(config).length > 0;
  if (options.healthcheck !== false) return isAsked ? config : undefined;
  if (isAsked) throw new GantryError("bad-parameter", "--no-healthcheck and --health-… cannot be combined");
  return { Test: ["NONE"] };
}

/** `no` when it was not said. Throws "bad-parameter". */
export function restartPolicy(restart = "no"): RestartPolicy {
  const match = /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(restart);
  if (!match || (match[2] !== undefined && match[1] !== "on-failure")) {
    throw new GantryError("bad-parameter", `--restart: ${restart} is not a restart policy`, {
      hint: "Use no, always, unless-stopped, on-failure or on-failure:3",
    });
  }
  return { Name: match[1] as RestartPolicy["Name"], MaximumRetryCount: Number(match[2] ?? 0) };
}

function exposedPorts(options: CreateOptions): Record<string, object> {
  const exposed = parseExposed(options.expose ?? []);
  return Object.fromEntries([...parsePorts(options.publish ?? []).exposed, ...exposed].map((port) => [port, {}]));
}

function anonymousVolumes(volumes: readonly string[] = []): Record<string, object> {
  return Object.fromEntries(volumes.filter((volume) => !volume.includes(":")).map((path) => [path, {}]));
}

/** Relative host paths start with a dot, as in the docker CLI; other words are volume names. */
function absoluteBind(bind: string, cwd: string): string {
  const [source = "", ...rest] = bind.split(":");
  return source === "." || source === ".." || /^\.\.?\//.test(source)
    ? [resolve(cwd, source), ...rest].join(":")
    : bind;
}
