/** The shapes of the bodies that requests carry, field by field as in `wire/`. Pure. */
import type {
  ContainerConfig,
  ContainerCreateBody,
  ExecCreateBody,
  ExecStartBody,
  HostConfig,
  InjectedFile,
  MountRequest,
} from "../../wire/container.js";
import type {
  EndpointSettings,
  Ipam,
  IpamPool,
  NetworkConnectBody,
  NetworkCreateBody,
  NetworkDisconnectBody,
} from "../../wire/network.js";
import type { AuthBody, PortCheckBody } from "../../wire/system.js";
import type { VolumeCreateBody } from "../../wire/volume.js";
import type { Fields } from "./http/shape.js";

const textMap = { "*": "text" } as const;
const keys = { "*": {} } as const;

const config = {
  ...{ Hostname: "text", Domainname: "text", User: "text", Image: "text", WorkingDir: "text", StopSignal: "text" },
  ...{ AttachStdin: "flag", AttachStdout: "flag", AttachStderr: "flag" },
  ...{ Tty: "flag", OpenStdin: "flag", StdinOnce: "flag", NetworkDisabled: "flag" },
  ...{ MacAddress: "text", ArgsEscaped: "flag" },
  ...{ Env: ["text"], Cmd: "words", Entrypoint: "words", OnBuild: ["text"], Shell: "words" },
  ...{ ExposedPorts: keys, Volumes: keys, Labels: textMap, StopTimeout: "integer" },
  Healthcheck: {
    ...{ Test: ["text"], Interval: "integer", Timeout: "integer" },
    ...{ StartPeriod: "integer", StartInterval: "integer", Retries: "integer" },
  },
} as const satisfies Fields<ContainerConfig>;

const mount = {
  ...{ Type: "text", Source: "text", Target: "text", ReadOnly: "flag", Consistency: "text" },
  BindOptions: {
    ...{ Propagation: "text", NonRecursive: "flag", CreateMountpoint: "flag" },
    ...{ ReadOnlyNonRecursive: "flag", ReadOnlyForceRecursive: "flag" },
  },
  VolumeOptions: {
    ...{ NoCopy: "flag", Labels: textMap, Subpath: "text" },
    DriverConfig: { Name: "text", Options: textMap },
  },
  TmpfsOptions: { SizeBytes: "integer", Mode: "integer", Options: [["text"]] },
  ImageOptions: { Subpath: "text" },
  ClusterOptions: {},
} as const satisfies Fields<MountRequest>;

const injectedFile = {
  ...{ Target: "text", Env: "text", Data: "text", Uid: "integer", Gid: "integer", Mode: "integer" },
} as const satisfies Fields<InjectedFile>;

const throttled = [{ Path: "text", Rate: "integer" }] as const;

const hostConfig = {
  ...{ Memory: "integer", MemorySwap: "integer", MemoryReservation: "integer", MemorySwappiness: "integer" },
  ...{ OomKillDisable: "flag", NanoCpus: "integer", CpuShares: "integer", CpuPeriod: "integer", CpuQuota: "integer" },
  ...{ CpusetCpus: "text", CpusetMems: "text", PidsLimit: "integer", BlkioWeight: "integer" },
  Devices: [{ PathOnHost: "text", PathInContainer: "text", CgroupPermissions: "text" }],
  Ulimits: [{ Name: "text", Soft: "integer", Hard: "integer" }],
  ...{ CpuRealtimePeriod: "integer", CpuRealtimeRuntime: "integer" },
  BlkioWeightDevice: [{ Path: "text", Weight: "integer" }],
  ...{ BlkioDeviceReadBps: throttled, BlkioDeviceWriteBps: throttled },
  ...{ BlkioDeviceReadIOps: throttled, BlkioDeviceWriteIOps: throttled },
  DeviceRequests: [
    { Driver: "text", Count: "integer", DeviceIDs: ["text"], Capabilities: [["text"]], Options: textMap },
  ],
  ...{ DeviceCgroupRules: ["text"], CgroupParent: "text" },
  ...{ KernelMemory: "integer", KernelMemoryTCP: "integer" },
  ...{ CpuCount: "integer", CpuPercent: "integer", IOMaximumIOps: "integer", IOMaximumBandwidth: "integer" },
  ...{ Binds: ["text"], Mounts: [mount], Tmpfs: textMap, VolumesFrom: ["text"], GantryFiles: [injectedFile] },
  GantryStandby: "flag",
  LogConfig: { Type: "text", Config: textMap },
  ...{ NetworkMode: "text", PublishAllPorts: "flag", AutoRemove: "flag" },
  PortBindings: { "*": [{ HostIp: "text", HostPort: "text" }] },
  RestartPolicy: { Name: "text", MaximumRetryCount: "integer" },
  ...{ CapAdd: ["text"], CapDrop: ["text"], Privileged: "flag", SecurityOpt: ["text"], ReadonlyRootfs: "flag" },
  ...{ MaskedPaths: ["text"], ReadonlyPaths: ["text"], GroupAdd: ["text"] },
  ...{ ExtraHosts: ["text"], Dns: ["text"], DnsSearch: ["text"], DnsOptions: ["text"], Init: "flag" },
  ...{ IpcMode: "text", PidMode: "text", UTSMode: "text", UsernsMode: "text", CgroupnsMode: "text" },
  ...{ ShmSize: "integer", Sysctls: textMap, OomScoreAdj: "integer", Annotations: textMap, Runtime: "text" },
  ...{ StorageOpt: textMap, ConsoleSize: ["integer"], VolumeDriver: "text", Links: ["text"] },
  ...{ Isolation: "text", ContainerIDFile: "text", Cgroup: "text" },
  GantryProbe: {
    Http: { Port: "integer", Path: "text", Scheme: "text", Status: ["integer"] },
    ...{ Tcp: { Port: "integer" }, Log: { Pattern: "text" } },
    ...{ Interval: "integer", Timeout: "integer", StartPeriod: "integer", StartInterval: "integer" },
    Retries: "integer",
  },
  GantryHeal: { After: "integer", Attempts: "integer", Window: "integer" },
} as const satisfies Fields<HostConfig>;

const endpoint = {
  IPAMConfig: { IPv4Address: "text", IPv6Address: "text", LinkLocalIPs: ["text"] },
  ...{ Links: ["text"], Aliases: ["text"], DriverOpts: textMap, MacAddress: "text", GwPriority: "integer" },
  ...{ NetworkID: "text", EndpointID: "text", Gateway: "text", IPAddress: "text", IPPrefixLen: "integer" },
  ...{ IPv6Gateway: "text", GlobalIPv6Address: "text", GlobalIPv6PrefixLen: "integer", DNSNames: ["text"] },
} as const satisfies Fields<EndpointSettings>;

const pool = {
  ...{ Subnet: "text", IPRange: "text", Gateway: "text", AuxiliaryAddresses: textMap },
} as const satisfies Fields<IpamPool>;
const ipam = { Driver: "text", Options: textMap, Config: [pool] } as const satisfies Fields<Ipam>;

export const containerCreateShape = {
  ...config,
  HostConfig: hostConfig,
  NetworkingConfig: { EndpointsConfig: { "*": endpoint } },
} as const satisfies Fields<ContainerCreateBody>;

export const execCreateShape = {
  ...{ AttachStdin: "flag", AttachStdout: "flag", AttachStderr: "flag", DetachKeys: "text", Tty: "flag" },
  ...{ ConsoleSize: ["integer"], Env: ["text"], Cmd: ["text"], Privileged: "flag", User: "text", WorkingDir: "text" },
} as const satisfies Fields<ExecCreateBody>;

export const execStartShape = {
  ...{ Detach: "flag", Tty: "flag", ConsoleSize: ["integer"] },
} as const satisfies Fields<ExecStartBody>;

export const networkCreateShape = {
  ...{ Name: "text", CheckDuplicate: "flag", Driver: "text", Internal: "flag", Attachable: "flag" },
  ...{ EnableIPv4: "flag", EnableIPv6: "flag", IPAM: ipam, Options: textMap, Labels: textMap },
  ...{ Scope: "text", Ingress: "flag", ConfigOnly: "flag", ConfigFrom: { Network: "text" } },
} as const satisfies Fields<NetworkCreateBody>;

export const networkConnectShape = {
  ...{ Container: "text", EndpointConfig: endpoint },
} as const satisfies Fields<NetworkConnectBody>;

export const networkDisconnectShape = {
  ...{ Container: "text", Force: "flag" },
} as const satisfies Fields<NetworkDisconnectBody>;

export const portCheckShape = {
  Ports: { "*": [{ HostIp: "text", HostPort: "text" }] },
} as const satisfies Fields<PortCheckBody>;

export const volumeCreateShape = {
  ...{ Name: "text", Driver: "text", DriverOpts: textMap, Labels: textMap },
} as const satisfies Fields<VolumeCreateBody>;

/** The limits of `HostConfig`, and the restart policy: what an update may change. */
export const updateShape = hostConfig;

/** A commit's body is the configuration alone. */
export const commitShape = config;

export const authShape = {
  ...{ username: "text", password: "text", serveraddress: "text", identitytoken: "text", email: "text" },
} as const satisfies Fields<AuthBody>;
