/**
 * The fields of a service that an engine shows again when its container is inspected, read the same way from what would
 * be created and from what is there.
 *
 * Pure. Names are the Compose file's. What an engine or an image fills in by itself counts as not set, so that two
 * readings differ only where somebody asked for something else. Contents of configs and secrets are never shown, by any
 * engine.
 */
import { canonicalJson } from "../../base/json.js";
import type { ContainerConfig, HostConfig, MountRequest, PortMap, ThrottleDevice } from "../../wire/container.js";
import type { ImageInspect } from "../../wire/image.js";
import type { EndpointSettings } from "../../wire/network.js";

/** A create body, or the three parts of an inspection that answer to it. */
export interface ContainerShape {
  readonly config: ContainerConfig;
  readonly host: HostConfig;
  readonly endpoints: Readonly<Record<string, EndpointSettings | null>>;
}

/** What a reading is made against. */
export interface ReadingContext {
  readonly image?: ImageInspect;
  /** Known for a live container: by default its host name is the id's beginning. */
  readonly id?: string;
  /** Its name, which an engine may add to the aliases. */
  readonly name?: string;
  /** Where configs and secrets are mounted. */
  readonly targets?: ReadonlyMap<string, "configs" | "secrets">;
  /** The engine's own socket is mounted without being asked for as a volume. */
  readonly hasApiSocket?: true;
}

const nanosPerSecond = 1e9;
const nanosPerCpu = 1e9;
const defaultShmBytes = 64 * 2 ** 20;
/** The engine's short ids, used as host names and aliases. */
const shortIdChars = 12;
const volumeId = /^[0-9a-f]{64}$/;

/** By field; unset ones are left out. `environment` and `labels` are compared key by key elsewhere. */
export function comparableFields(shape: ContainerShape, context: ReadingContext): ReadonlyMap<string, unknown> {
  const fields = {
    ...ofConfig(shape, context),
    ...ofHost(shape.host),
    ...ofLimits(shape.host),
    ...ofDevices(shape.host),
    ...ofNetworks(shape, context),
    ...ofMounts(shape.host, context),
  };
  return new Map(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function ofConfig({ config, host }: ContainerShape, { image, id }: ReadingContext): Record<string, unknown> {
  const own = <Key extends keyof ContainerConfig>(key: Key): ContainerConfig[Key] | undefined => {
    const fromImage = image?.Config[key as keyof ImageInspect["Config"]]; // absent there: undefined
    return same(config[key], fromImage) ? undefined : set(config[key]);
  };
  const published = new Set(Object.keys(host.PortBindings ?? {}));
  const imagePorts = image?.Config.ExposedPorts ?? {};
  const exposed = Object.keys(config.ExposedPorts ?? {}).filter((port) => !published.has(port) && !imagePorts[port]);
  return {
    image: config.Image,
    // An empty one asks for the image's, or for none where the entry point is the service's own: engines show none.
    command: list(own("Cmd")),
    entrypoint: list(own("Entrypoint")),
    user: own("User"),
    working_dir: own("WorkingDir"),
    stop_signal: own("StopSignal"),
    hostname: isOwnHostname(config.Hostname, host, id) ? set(config.Hostname) : undefined,
    domainname: isOwnHostname(undefined, host, undefined) ? set(config.Domainname) : undefined,
    stop_grace_period: set(config.StopTimeout),
    tty: set(config.Tty),
    stdin_open: set(config.OpenStdin),
    healthcheck: healthText(config, image),
    expose: sortedList(exposed),
    ports: portTexts(host.PortBindings),
  };
}

function isOwnHostname(hostname: string | undefined, { NetworkMode = "" }: HostConfig, id: string | undefined) {
  if (id !== undefined && hostname === id.slice(0, shortIdChars)) return false;
  return NetworkMode !== "host" && !NetworkMode.startsWith("container:");
}

/** Parts that the image's own check has are inherited. */
function healthText({ Healthcheck }: ContainerConfig, image: ImageInspect | undefined): string | undefined {
  const inherited = image?.Config.Healthcheck ?? {};
  const parts = Object.entries(Healthcheck ?? {}).filter(
    ([key, value]) => set(value) !== undefined && !same(value, Object.entries(inherited).find(([k]) => k === key)?.[1]),
  );
  const texts = parts.map(([key, value]) => {
    const shown = typeof value === "number" && key !== "Retries" ? `${value / nanosPerSecond}s` : JSON.stringify(value);
    return `${snake(key)}=${shown}`;
  });
  return texts.length > 0 ? texts.sort().join(" ") : undefined;
}

function ofHost(host: HostConfig): Record<string, unknown> {
  const { Name = "", MaximumRetryCount = 0 } = host.RestartPolicy ?? {};
  const log = host.LogConfig;
  const logging = log?.Type === "json-file" && Object.keys(log.Config ?? {}).length === 0 ? undefined : log;
  const capabilities = (words: readonly string[] | null | undefined) =>
    sortedList((words ?? []).map((word) => word.toUpperCase().replace(/^CAP_/, "")));
  return {
    restart:
      Name === "" || Name === "no" ? undefined : `${Name}${MaximumRetryCount > 0 ? `:${MaximumRetryCount}` : ""}`,
    privileged: set(host.Privileged),
    read_only: set(host.ReadonlyRootfs),
    init: set(host.Init),
    cap_add: capabilities(host.CapAdd),
    cap_drop: capabilities(host.CapDrop),
    // An engine under SELinux says this of containers that it does not confine.
    security_opt: sortedList(host.SecurityOpt?.filter((option) => option !== "label=disable")),
    group_add: sortedList(host.GroupAdd),
    devices: sortedList(
      host.Devices?.map((one) => `${one.PathOnHost}:${one.PathInContainer}:${one.CgroupPermissions}`),
    ),
    ulimits: sortedList(host.Ulimits?.map(({ Name: name, Soft, Hard }) => `${name}=${Soft}:${Hard}`)),
    sysctls: pairs(host.Sysctls),
    annotations: pairs(host.Annotations),
    extra_hosts: sortedList(host.ExtraHosts),
    dns: list(host.Dns),
    dns_search: list(host.DnsSearch),
    dns_opt: list(host.DnsOptions),
    pid: sharedMode(host.PidMode),
    uts: sharedMode(host.UTSMode),
    userns_mode: set(host.UsernsMode),
    cgroup: host.CgroupnsMode === "host" ? "host" : undefined, // "private" is what engines show by themselves
    isolation: host.Isolation === "default" ? undefined : set(host.Isolation),
    storage_opt: pairs(host.StorageOpt),
    volumes_from: list(host.VolumesFrom?.map((from) => from.replace(/^[^:]+/, "container"))),
    ipc: host.IpcMode === "private" || host.IpcMode === "shareable" ? undefined : sharedMode(host.IpcMode),
    tmpfs: pairs(host.Tmpfs),
    shm_size: host.ShmSize === defaultShmBytes ? undefined : set(host.ShmSize),
    oom_score_adj: set(host.OomScoreAdj),
    cgroup_parent: set(host.CgroupParent),
    "x-gantry.probe": host.GantryProbe ? canonicalJson(host.GantryProbe) : undefined,
    "x-gantry.heal": host.GantryHeal ? canonicalJson(host.GantryHeal) : undefined,
    logging: logging ? [logging.Type, ...(pairs(logging.Config) ?? [])].join(" ") || undefined : undefined,
  };
}

function ofLimits(host: HostConfig): Record<string, unknown> {
  const { Memory, MemorySwap, MemorySwappiness, PidsLimit } = host;
  return {
    cpus: host.NanoCpus ? host.NanoCpus / nanosPerCpu : undefined,
    cpu_shares: set(host.CpuShares),
    cpu_period: set(host.CpuPeriod),
    cpu_quota: set(host.CpuQuota),
    cpuset: set(host.CpusetCpus),
    mem_limit: set(Memory),
    mem_reservation: set(host.MemoryReservation),
    // Unset, engines take twice the memory.
    memswap_limit: MemorySwap === (Memory ?? 0) * 2 ? undefined : set(MemorySwap),
    mem_swappiness: MemorySwappiness === -1 ? undefined : set(MemorySwappiness),
    pids_limit: PidsLimit === -1 ? undefined : set(PidsLimit),
    oom_kill_disable: set(host.OomKillDisable),
  };
}

/** Limits of block devices, and devices by what they can do. */
function ofDevices(host: HostConfig): Record<string, unknown> {
  const rates = (key: string, limits: readonly ThrottleDevice[] | null | undefined) =>
    (limits ?? []).map(({ Path, Rate }) => `${key} ${Path}=${Rate}`);
  const requests = (host.DeviceRequests ?? []).map(({ Driver, Count, DeviceIDs, Capabilities, Options }) =>
    [
      ...[Driver, Count === -1 ? "all" : set(Count)].filter((word) => set(word) !== undefined),
      ...(DeviceIDs ?? []),
      ...(Capabilities ?? []).flat().sort(),
      ...(pairs(Options) ?? []),
    ].join(" "),
  );
  return {
    blkio_config: sortedList([
      ...(host.BlkioWeight ? [`weight=${host.BlkioWeight}`] : []),
      ...(host.BlkioWeightDevice ?? []).map(({ Path, Weight }) => `weight ${Path}=${Weight}`),
      ...rates("device_read_bps", host.BlkioDeviceReadBps),
      ...rates("device_read_iops", host.BlkioDeviceReadIOps),
      ...rates("device_write_bps", host.BlkioDeviceWriteBps),
      ...rates("device_write_iops", host.BlkioDeviceWriteIOps),
    ]),
    device_cgroup_rules: list(host.DeviceCgroupRules),
    gpus: sortedList(requests),
    cpu_rt_period: set(host.CpuRealtimePeriod),
    cpu_rt_runtime: set(host.CpuRealtimeRuntime),
  };
}

/** A field for each network, so that a change names the one it is about. */
function ofNetworks(
  { config, host, endpoints }: ContainerShape,
  { id = "", name }: ReadingContext,
): Record<string, unknown> {
  const mode = host.NetworkMode ?? "";
  const isShared = /^(host|none|container:.*)$/.test(mode);
  // Some engines add the host name as well.
  const implied = new Set([name, id.slice(0, shortIdChars), config.Hostname]);
  const places = Object.entries(isShared ? {} : endpoints).map(([network, place]) => {
    const { IPv4Address, IPv6Address } = place?.IPAMConfig ?? {};
    const aliases = (place?.Aliases ?? []).filter((alias) => !implied.has(alias)).sort();
    const text = [aliases.join(","), IPv4Address, IPv6Address].filter((part) => part).join(" ");
    return [`networks.${network}`, text];
  });
  return { ...Object.fromEntries(places), network_mode: isShared ? sharedMode(mode) : undefined };
}

/** Anonymous volumes have no source: they may have been handed on by the container before. */
function ofMounts(host: HostConfig, { image, targets, hasApiSocket }: ReadingContext): Record<string, unknown> {
  const imageVolumes = image?.Config.Volumes ?? {};
  const isNoise = ({ Type, Source, Target }: MountRequest) =>
    Type === "volume" && imageVolumes[Target] !== undefined && (Source === undefined || volumeId.test(Source));
  const mounts = (host.Mounts ?? []).filter((mount) => !isNoise(mount) && !(hasApiSocket && isSocket(mount)));
  const kindOf = ({ Target }: MountRequest) =>
    targets?.get(Target) ?? (Target.startsWith("/run/secrets/") ? "secrets" : "volumes");
  const textsOf = (kind: string) => mounts.filter((mount) => kindOf(mount) === kind).map(mountText);
  return {
    volumes: sortedList([...(host.Binds ?? []).map(bindText), ...textsOf("volumes")]),
    configs: sortedList(textsOf("configs")),
    secrets: sortedList(textsOf("secrets")),
  };
}

function isSocket({ Target }: MountRequest): boolean {
  return Target === "/var/run/docker.sock";
}

/** As a mount of the same says it: Compose tools write either, and `rw` is what it is anyway. */
function bindText(bind: string): string {
  const [source = "", target, options = "", ...more] = bind.split(":");
  if (target === undefined || more.length > 0) return bind;
  return [source, target, ...options.split(",").filter((option) => option !== "" && option !== "rw")].join(":");
}

function mountText(mount: MountRequest): string {
  const { Type, Source = "", Target, ReadOnly } = mount;
  const source = Type === "volume" && volumeId.test(Source) ? "" : Source;
  const options = [
    ...(ReadOnly ? ["ro"] : []),
    ...(mount.VolumeOptions?.NoCopy ? ["nocopy"] : []),
    ...(mount.VolumeOptions?.Subpath ? [`subpath=${mount.VolumeOptions.Subpath}`] : []),
    ...(mount.BindOptions?.Propagation ? [mount.BindOptions.Propagation] : []),
    ...(mount.TmpfsOptions?.SizeBytes ? [`size=${mount.TmpfsOptions.SizeBytes}`] : []),
  ];
  const path = source === "" ? Target : `${source}:${Target}`;
  return [Type === "tmpfs" ? `tmpfs ${path}` : path, ...options].join(options.length > 0 ? ":" : "");
}

function portTexts(ports: PortMap | null | undefined): string[] | undefined {
  const texts = Object.entries(ports ?? {}).flatMap(([port, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => {
      const host = HostIp && HostIp !== "0.0.0.0" ? `${HostIp}:` : "";
      return `${host}${HostPort ? `${HostPort}:` : ""}${port.replace(/\/tcp$/, "")}`;
    }),
  );
  return sortedList(texts);
}

/** Which container is joined is a matter of ids, which the planner follows by itself. */
function sharedMode(mode: string | undefined): string | undefined {
  return mode?.startsWith("container:") ? "container" : set(mode);
}

function pairs(map: Readonly<Record<string, string>> | null | undefined): string[] | undefined {
  return sortedList(Object.entries(map ?? {}).map(([key, value]) => (value === "" ? key : `${key}=${value}`)));
}

function sortedList(values: readonly string[] | null | undefined): string[] | undefined {
  return list([...(values ?? [])].sort());
}

function list(values: readonly string[] | null | undefined): string[] | undefined {
  return values && values.length > 0 ? [...values] : undefined;
}

/** Undefined for what an engine shows where nothing was asked for. */
function set<Value>(value: Value): NonNullable<Value> | undefined {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return undefined;
  return value;
}

/** Null and absent are the same; lists by their words. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/** `StartPeriod`, as the file writes it. */
function snake(key: string): string {
  return key.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
