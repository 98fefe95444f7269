/**
 * Turns the flags of `container run` and `container create` into the body of the API's create call.
 *
 * Pure: the contents of environment files and this process's environment come as arguments. Follows the docker CLI.
 */
import { resolve } from "node:path";
import { GantryError } from "../../../../base/errors.js";
import type { ContainerCreateBody, HealthConfig, HostConfig, RestartPolicy } from "../../../../wire/container.js";
import type { EndpointSettings } from "../../../../wire/network.js";
import { parseBytes, parseDuration, parseInteger, parsePairs } from "../../../options.js";
import type { CreateOptions } from "./create-options.js";
import { parseDevice, parseMount, parseTmpfs, parseUlimit } from "./parse-mount.js";
import { parsePorts } from "./parse-ports.js";

export interface CreateRequest {
  readonly image: string;
  readonly command: readonly string[];
  readonly options: CreateOptions;
  /** Attached to the output, and to the input with `-i`. */
  readonly attach: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines of the environment files, in order. */
  readonly envFileLines: readonly string[];
  /** Rows and columns of the terminal. */
  readonly consoleSize?: [number, number];
}

/** Throws "bad-parameter", naming the flag. */
export function createBody(request: CreateRequest): ContainerCreateBody {
  const { options, attach, command, image } = request;
  const interactive = options.interactive === true;
  return {
    Image: image,
    AttachStdin: attach && interactive,
    AttachStdout: attach,
    AttachStderr: attach,
    OpenStdin: interactive,
    StdinOnce: attach && interactive,
    Tty: options.tty === true,
    Env: environment(request),
    Labels: parsePairs(options.label),
    ...(command.length > 0 ? { Cmd: [...command] } : {}),
    // An empty word clears the image's entrypoint.
    ...(options.entrypoint === undefined ? {} : { Entrypoint: [options.entrypoint] }),
    ...optional({
      Hostname: options.hostname,
      Domainname: options.domainname,
      User: options.user,
      WorkingDir: options.workdir,
      StopSignal: options.stopSignal,
      StopTimeout: whole(options.stopTimeout, "--stop-timeout"),
      Healthcheck: healthcheck(options),
    }),
    ExposedPorts: exposedPorts(options),
    Volumes: anonymousVolumes(options.volume),
    HostConfig: hostConfig(request),
    ...networking(options),
  };
}

function hostConfig({ options, cwd, consoleSize }: CreateRequest): HostConfig {
  const { bindings } = parsePorts(options.publish ?? []);
  return {
    NetworkMode: options.network?.[0] === undefined ? "default" : networkName(options.network[0]),
    AutoRemove: options.rm === true,
    Privileged: options.privileged === true,
    ReadonlyRootfs: options.readOnly === true,
    PublishAllPorts: options.publishAll === true,
    PortBindings: bindings,
    RestartPolicy: restartPolicy(options),
    ...lists(options, cwd),
    ...limits(options),
    ...optional({
      Init: options.init,
      ConsoleSize: options.tty ? consoleSize : undefined,
      IpcMode: options.ipc,
      PidMode: options.pid,
      UTSMode: options.uts,
      CgroupnsMode: options.cgroupns,
      Runtime: options.runtime,
      LogConfig:
        options.logDriver || options.logOpt
          ? { Type: options.logDriver ?? "", Config: parsePairs(options.logOpt) }
          : undefined,
    }),
  };
}

function lists(options: CreateOptions, cwd: string): HostConfig {
  const binds = (options.volume ?? []).filter((volume) => volume.includes(":"));
  return optional({
    Binds: binds.length > 0 ? binds.map((bind) => absoluteBind(bind, cwd)) : undefined,
    Mounts: options.mount?.map((mount) => parseMount(mount, cwd)),
    Tmpfs: options.tmpfs && Object.fromEntries(options.tmpfs.map(parseTmpfs)),
    CapAdd: options.capAdd && [...options.capAdd],
    CapDrop: options.capDrop && [...options.capDrop],
    GroupAdd: options.groupAdd && [...options.groupAdd],
    SecurityOpt: options.securityOpt && [...options.securityOpt],
    ExtraHosts: options.addHost?.map((host) => host.replace("=", ":")),
    Dns: options.dns && [...options.dns],
    DnsSearch: options.dnsSearch && [...options.dnsSearch],
    DnsOptions: options.dnsOption && [...options.dnsOption],
    Sysctls: options.sysctl && parsePairs(options.sysctl),
    Ulimits: options.ulimit?.map(parseUlimit),
    Devices: options.device?.map(parseDevice),
  });
}

function limits(options: CreateOptions): HostConfig {
  const size = (text: string | undefined, flag: string) =>
    text === undefined ? undefined : text === "-1" ? -1 : parseBytes(text, flag);
  return optional({
    Memory: size(options.memory, "--memory"),
    MemoryReservation: size(options.memoryReservation, "--memory-reservation"),
    MemorySwap: size(options.memorySwap, "--memory-swap"),
    NanoCpus: nanoCpus(options.cpus),
    CpuShares: whole(options.cpuShares, "--cpu-shares"),
    CpusetCpus: options.cpusetCpus,
    PidsLimit: whole(options.pidsLimit, "--pids-limit"),
    ShmSize: size(options.shmSize, "--shm-size"),
    OomScoreAdj: whole(options.oomScoreAdj, "--oom-score-adj"),
  });
}

function nanoCpus(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new GantryError("bad-parameter", `--cpus: ${text} is not a number of CPUs`);
  return Math.round(Number(text) * 1e9);
}

function whole(text: string | undefined, flag: string): number | undefined {
  return text === undefined ? undefined : parseInteger(text, flag);
}

/** A name without value passes this process's variable on, and none when it is unset. Later ones win. */
function environment({ options, env, envFileLines }: CreateRequest): string[] {
  const words = [
    ...envFileLines.filter((line) => line.trim() && !line.trimStart().startsWith("#")),
    ...(options.env ?? []),
  ];
  return words.flatMap((word) => {
    const text = word.trimStart();
    if (text.includes("=")) return [text];
    const value = env[text.trim()];
    return value === undefined ? [] : [`${text.trim()}=${value}`];
  });
}

function healthcheck(options: CreateOptions): HealthConfig | undefined {
  if (options.healthcheck === false) return { Test: ["NONE"] };
  const duration = (text: string | undefined, flag: string) =>
    text === undefined ? undefined : parseDuration(text, flag);
  const config = optional({
    Test: options.healthCmd === undefined ? undefined : ["CMD-SHELL", options.healthCmd],
    Interval: duration(options.healthInterval, "--health-interval"),
    Timeout: duration(options.healthTimeout, "--health-timeout"),
    StartPeriod: duration(options.healthStartPeriod, "--health-start-period"),
    StartInterval: duration(options.healthStartInterval, "--health-start-interval"),
    Retries: whole(options.healthRetries, "--health-retries"),
  });
  return Object.keys(config).length > 0 ? config : undefined;
}

function restartPolicy({ restart }: CreateOptions): RestartPolicy {
  const match = /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(restart ?? "no");
  if (!match || (match[2] !== undefined && match[1] !== "on-failure")) {
    throw new GantryError("bad-parameter", `--restart: ${restart} is not a restart policy`, {
      hint: "Use no, always, unless-stopped, on-failure or on-failure:3",
    });
  }
  return { Name: match[1] as RestartPolicy["Name"], MaximumRetryCount: Number(match[2] ?? 0) };
}

function exposedPorts(options: CreateOptions): Record<string, object> {
  const exposed = (options.expose ?? []).map((port) => (port.includes("/") ? port : `${port}/tcp`));
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

function networking({ network = [], networkAlias, ip }: CreateOptions): Pick<ContainerCreateBody, "NetworkingConfig"> {
  const first = optional({
    Aliases: networkAlias && [...networkAlias],
    IPAMConfig: ip === undefined ? undefined : { IPv4Address: ip },
  });
  if (network.length <= 1 && Object.keys(first).length === 0 && !network[0]?.includes("=")) return {};
  const endpoints: Array<[string, EndpointSettings]> = (network.length > 0 ? network : ["default"]).map((text, at) => [
    networkName(text),
    { ...(at === 0 ? first : {}), ...networkSettings(text) },
  ]);
  return { NetworkingConfig: { EndpointsConfig: Object.fromEntries(endpoints) } };
}

/** The long form is `name=net,alias=a,ip=10.0.0.5`. */
function networkName(text: string): string {
  return text.includes("=") ? (longNetwork(text).get("name")?.[0] ?? text) : text;
}

function networkSettings(text: string): EndpointSettings {
  if (!text.includes("=")) return {};
  const fields = longNetwork(text);
  const address = fields.get("ip")?.[0];
  return optional({
    Aliases: fields.get("alias"),
    IPAMConfig: address === undefined ? undefined : { IPv4Address: address },
    MacAddress: fields.get("mac-address")?.[0],
  });
}

function longNetwork(text: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const [name, value] of text.split(",").map((part) => part.split("=", 2))) {
    if (name) fields.set(name, [...(fields.get(name) ?? []), value ?? ""]);
  }
  return fields;
}

/** Without the members that are undefined: the engine's default holds for what was not said. */
function optional<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
