/**
 * Bodies of the container routes, as the Docker Engine API 1.51 has them. Pure types; field names are the API's.
 *
 * Durations are integer nanoseconds, stop timeouts integer seconds, sizes bytes, times RFC 3339 in UTC.
 * Requests may carry null for anything that is unset; responses never carry null where a list or map is promised.
 */
import type { EndpointSettings } from "./network.js";
import type { HealConfig, ProbeConfig } from "./watchdog.js";

/**
 * `{ "80/tcp": [{ HostIp: "", HostPort: "8080" }] }`; "" or "0" as HostPort asks for a free one, `8000-8010` for the
 * first free.
 */
export type PortMap = Record<string, PortBinding[] | null>;
export interface PortBinding {
  HostIp?: string;
  HostPort?: string;
}

/**
 * `Test`: `["NONE"]`, `["CMD", …]`, `["CMD-SHELL", text]`, or empty to inherit the image's. Zero means "the default".
 */
export interface HealthConfig {
  Test?: string[] | null;
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

export interface ContainerConfig {
  Hostname?: string;
  Domainname?: string;
  User?: string;
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  ExposedPorts?: Record<string, object> | null;
  Tty?: boolean;
  OpenStdin?: boolean;
  StdinOnce?: boolean;
  Env?: string[] | null;
  Cmd?: string[] | null;
  Entrypoint?: string[] | null;
  Healthcheck?: HealthConfig | null;
  Image?: string;
  Volumes?: Record<string, object> | null;
  WorkingDir?: string;
  NetworkDisabled?: boolean;
  /** Before API 1.44: the address of the main endpoint. */
  MacAddress?: string;
  ArgsEscaped?: boolean;
  OnBuild?: string[] | null;
  Labels?: Record<string, string> | null;
  StopSignal?: string;
  StopTimeout?: number | null;
  Shell?: string[] | null;
}

export type RestartPolicyName = "" | "no" | "always" | "unless-stopped" | "on-failure";
export interface RestartPolicy {
  Name?: RestartPolicyName;
  MaximumRetryCount?: number;
}

export interface Ulimit {
  Name: string;
  Soft: number;
  Hard: number;
}

export interface DeviceMapping {
  PathOnHost: string;
  PathInContainer: string;
  CgroupPermissions: string;
}

/** Devices by their driver: CDI names with the driver `cdi`, or what a capability such as `gpu` asks for. */
export interface DeviceRequest {
  Driver?: string;
  /** -1 is all. */
  Count?: number;
  DeviceIDs?: string[] | null;
  /** Each inner list is an alternative; its members must all hold. */
  Capabilities?: string[][] | null;
  Options?: Record<string, string> | null;
}

/** `Rate` in bytes or operations a second. */
export interface ThrottleDevice {
  Path: string;
  Rate: number;
}

export type MountType = "bind" | "volume" | "tmpfs" | "image";
export interface MountRequest {
  Type: MountType;
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  /** Of Docker Desktop; without effect on Linux. */
  Consistency?: string;
  BindOptions?: {
    Propagation?: string;
    NonRecursive?: boolean;
    CreateMountpoint?: boolean;
    ReadOnlyNonRecursive?: boolean;
    ReadOnlyForceRecursive?: boolean;
  };
  VolumeOptions?: {
    NoCopy?: boolean;
    Labels?: Record<string, string> | null;
    Subpath?: string;
    DriverConfig?: { Name?: string; Options?: Record<string, string> | null };
  };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number; Options?: string[][] };
  ImageOptions?: { Subpath?: string };
  /** Of Swarm. */
  ClusterOptions?: object;
}

/** cgroup limits; 0 or absent means unlimited. `NanoCpus` is 1e-9 of a CPU. */
export interface Resources {
  Memory?: number;
  MemorySwap?: number;
  MemoryReservation?: number;
  MemorySwappiness?: number | null;
  OomKillDisable?: boolean | null;
  NanoCpus?: number;
  CpuShares?: number;
  CpuPeriod?: number;
  CpuQuota?: number;
  CpusetCpus?: string;
  CpusetMems?: string;
  /** Microseconds; v1 only. */
  CpuRealtimePeriod?: number;
  CpuRealtimeRuntime?: number;
  PidsLimit?: number | null;
  BlkioWeight?: number;
  BlkioWeightDevice?: Array<{ Path: string; Weight: number }> | null;
  BlkioDeviceReadBps?: ThrottleDevice[] | null;
  BlkioDeviceWriteBps?: ThrottleDevice[] | null;
  BlkioDeviceReadIOps?: ThrottleDevice[] | null;
  BlkioDeviceWriteIOps?: ThrottleDevice[] | null;
  Devices?: DeviceMapping[] | null;
  DeviceCgroupRules?: string[] | null;
  DeviceRequests?: DeviceRequest[] | null;
  Ulimits?: Ulimit[] | null;
  CgroupParent?: string;
  /** Obsolete. */
  KernelMemory?: number;
  KernelMemoryTCP?: number;
  /** Of Windows. */
  CpuCount?: number;
  CpuPercent?: number;
  IOMaximumIOps?: number;
  IOMaximumBandwidth?: number;
}

/**
 * A file whose content travels by the API: a Compose secret or config that has no file the engine could bind.
 * Gantry's own (`HostConfig.GantryFiles`); other engines ignore it. The engine keeps it 0600 in its state root and
 * never shows `Data` again. `Data` is base64, `Mode` permission bits. With `Env` it is no file but the value of that
 * variable of the container's first process, and `Target` is empty.
 */
export interface InjectedFile {
  Target: string;
  Env?: string;
  Data: string;
  Uid?: number;
  Gid?: number;
  Mode?: number;
}

export interface HostConfig extends Resources {
  Binds?: string[] | null;
  Mounts?: MountRequest[] | null;
  Tmpfs?: Record<string, string> | null;
  LogConfig?: { Type?: string; Config?: Record<string, string> | null };
  NetworkMode?: string;
  PortBindings?: PortMap | null;
  PublishAllPorts?: boolean;
  RestartPolicy?: RestartPolicy;
  AutoRemove?: boolean;
  CapAdd?: string[] | null;
  CapDrop?: string[] | null;
  Privileged?: boolean;
  SecurityOpt?: string[] | null;
  ReadonlyRootfs?: boolean;
  MaskedPaths?: string[] | null;
  ReadonlyPaths?: string[] | null;
  GroupAdd?: string[] | null;
  ExtraHosts?: string[] | null;
  Dns?: string[] | null;
  DnsSearch?: string[] | null;
  DnsOptions?: string[] | null;
  Init?: boolean | null;
  IpcMode?: string;
  PidMode?: string;
  UTSMode?: string;
  UsernsMode?: string;
  CgroupnsMode?: "" | "host" | "private";
  ShmSize?: number;
  Sysctls?: Record<string, string> | null;
  OomScoreAdj?: number;
  Annotations?: Record<string, string> | null;
  Runtime?: string;
  StorageOpt?: Record<string, string> | null;
  ConsoleSize?: [number, number];
  VolumesFrom?: string[] | null;
  VolumeDriver?: string;
  /** `name:alias` of containers on the default bridge. */
  Links?: string[] | null;
  /** Of Windows, but for "" and "default". */
  Isolation?: string;
  /** Written by clients only. */
  ContainerIDFile?: string;
  /** Obsolete. */
  Cgroup?: string;
  GantryFiles?: InjectedFile[] | null;
  /** Gantry's own: the container publishes nothing and answers to no name until it takes over. */
  GantryStandby?: boolean;
  /** Gantry's own: takes the place of the container's and the image's health check. */
  GantryProbe?: ProbeConfig | null;
  GantryHeal?: HealConfig | null;
}

export interface ContainerCreateBody extends ContainerConfig {
  HostConfig?: HostConfig;
  NetworkingConfig?: { EndpointsConfig?: Record<string, EndpointSettings | null> | null };
}
export interface ContainerCreateReply {
  Id: string;
  Warnings: string[];
}

export type ContainerStatus = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
export type HealthStatus = "starting" | "healthy" | "unhealthy";
export interface HealthState {
  Status: HealthStatus;
  FailingStreak: number;
  Log: Array<{ Start: string; End: string; ExitCode: number; Output: string }>;
}

/** `StartedAt`/`FinishedAt` are `0001-01-01T00:00:00Z` when it never happened; `Pid` is 0 unless running. */
export interface ContainerState {
  Status: ContainerStatus;
  Running: boolean;
  Paused: boolean;
  Restarting: boolean;
  OOMKilled: boolean;
  Dead: boolean;
  Pid: number;
  ExitCode: number;
  Error: string;
  StartedAt: string;
  FinishedAt: string;
  Health?: HealthState;
  /** Gantry's own: true for one that does not publish its ports, yet or any more. */
  GantryStandby?: boolean;
}

export interface MountPoint {
  Type: MountType;
  Name?: string;
  Source: string;
  Destination: string;
  Driver?: string;
  Mode: string;
  RW: boolean;
  Propagation: string;
}

export interface ContainerInspect {
  Id: string;
  Created: string;
  Path: string;
  Args: string[];
  State: ContainerState;
  Image: string;
  Name: string;
  RestartCount: number;
  Driver: string;
  Platform: string;
  MountLabel: string;
  ProcessLabel: string;
  AppArmorProfile: string;
  ExecIDs: string[] | null;
  LogPath: string;
  ResolvConfPath: string;
  HostnamePath: string;
  HostsPath: string;
  HostConfig: HostConfig;
  GraphDriver: { Name: string; Data: Record<string, string> | null };
  Mounts: MountPoint[];
  Config: ContainerConfig;
  NetworkSettings: {
    SandboxID: string;
    SandboxKey: string;
    Ports: PortMap;
    Networks: Record<string, EndpointSettings>;
    [legacy: string]: unknown;
  };
}

export interface PortSummary {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: string;
}
export interface ContainerSummary {
  Id: string;
  Names: string[];
  Image: string;
  ImageID: string;
  Command: string;
  Created: number;
  Ports: PortSummary[];
  Labels: Record<string, string>;
  State: ContainerStatus;
  Status: string;
  HostConfig: { NetworkMode: string };
  NetworkSettings: { Networks: Record<string, EndpointSettings> };
  Mounts: MountPoint[];
  SizeRw?: number;
  SizeRootFs?: number;
  /** Gantry's own: true when a stop or kill by its users ended the last run, false when the process ended by itself. */
  GantryStopped?: boolean;
  /** As `ContainerState.GantryStandby`. */
  GantryStandby?: boolean;
}

/** How many connections clients have with a container; a line now, and one for each change, down to 0. */
export interface ConnectionsReply {
  Connections: number;
}

export interface WaitReply {
  StatusCode: number;
  Error?: { Message: string } | null;
}

export interface ExecCreateBody {
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  DetachKeys?: string;
  Tty?: boolean;
  ConsoleSize?: [number, number] | null;
  Env?: string[] | null;
  Cmd?: string[] | null;
  Privileged?: boolean;
  User?: string;
  WorkingDir?: string;
}
export interface ExecStartBody {
  Detach?: boolean;
  Tty?: boolean;
  ConsoleSize?: [number, number] | null;
}
export interface ExecInspect {
  ID: string;
  Running: boolean;
  ExitCode: number | null;
  ProcessConfig: { tty: boolean; entrypoint: string; arguments: string[]; privileged: boolean; user?: string };
  OpenStdin: boolean;
  OpenStdout: boolean;
  OpenStderr: boolean;
  CanRemove: boolean;
  ContainerID: string;
  DetachKeys: string;
  Pid: number;
}
