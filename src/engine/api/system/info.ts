/** `GET /info` and `GET /version`: what clients want to know of an engine and its host. No look at any disk. */
import { apiVersion, minApiVersion, type VersionReply } from "../../../wire/system.js";
import type { ApiRooms, EngineFacts } from "../rooms.js";

/** See Docker Engine API, "SystemInfo". `registry` is what this engine was told of registries. */
export function infoReply(rooms: ApiRooms, now: Date): Record<string, unknown> {
  const { facts } = rooms;
  return {
    ...objectCounts(rooms),
    ...kernelAbilities(facts),
    ID: facts.instanceId,
    Name: facts.hostname,
    ServerVersion: facts.version,
    Driver: facts.storageDriver,
    DriverStatus: [["Backing Filesystem", facts.backingFileSystem]],
    Plugins: {
      Volume: ["local"],
      Network: ["bridge", "host", "macvlan", "null"],
      Authorization: null,
      Log: ["json-file", "local", "none"],
    },
    Debug: false,
    NFd: -1,
    NGoroutines: -1,
    NEventsListener: rooms.events.listeners,
    SystemTime: now.toISOString(),
    LoggingDriver: "json-file",
    CgroupDriver: "cgroupfs",
    CgroupVersion: String(facts.cgroupVersion),
    KernelVersion: facts.kernelVersion,
    OperatingSystem: facts.operatingSystem,
    OSVersion: facts.operatingSystemVersion,
    OSType: "linux",
    Architecture: facts.machine,
    NCPU: facts.cpus,
    MemTotal: facts.memoryBytes,
    GenericResources: null,
    DockerRootDir: facts.stateRoot,
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Labels: [],
    ExperimentalBuild: false,
    Runtimes: Object.fromEntries(facts.runtimes.map(({ name, path }) => [name, { path }])),
    DefaultRuntime: facts.runtime,
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: "tini",
    ContainerdCommit: { ID: "", Expected: "" },
    RuncCommit: { ID: versionOf(facts, "runc"), Expected: versionOf(facts, "runc") },
    InitCommit: { ID: "", Expected: "" },
    SecurityOptions: facts.securityOptions,
    FirewallBackend: { Driver: "nftables" },
    CDISpecDirs: ["/etc/cdi", "/var/run/cdi"],
    DiscoveredDevices: [],
    Warnings: [],
    ...registryParts(facts),
    ...noSwarm,
  };
}

/** See Docker Engine API, "SystemVersion". The first component is the engine, the others are its helpers. */
export function versionReply(facts: EngineFacts): VersionReply {
  const common = {
    ApiVersion: apiVersion,
    MinAPIVersion: minApiVersion,
    GitCommit: "",
    GoVersion: "",
    Os: "linux",
    Arch: facts.architecture,
    KernelVersion: facts.kernelVersion,
    BuildTime: "",
  };
  const helpers = facts.components.map(({ name, version }) => ({
    ...{ Name: name, Version: version, Details: { GitCommit: "" } },
  }));
  return {
    Platform: { Name: "Gantry" },
    Components: [{ Name: "Engine", Version: facts.version, Details: { ...common, Experimental: "false" } }, ...helpers],
    Version: facts.version,
    ...common,
  };
}

function objectCounts({ containers, images }: ApiRooms): Record<string, number> {
  const all = containers.list({ all: true, filters: {} });
  const count = (...states: string[]) => all.filter(({ State }) => states.includes(State)).length;
  return {
    Containers: all.length,
    ContainersRunning: count("running", "restarting"),
    ContainersPaused: count("paused"),
    ContainersStopped: count("created", "exited", "dead", "removing"),
    Images: images.list({}).length,
  };
}

/** What containers can be limited by: all of it, on a kernel that has the cgroup controllers which the engine needs. */
function kernelAbilities({ cgroupVersion }: EngineFacts): Record<string, boolean> {
  return {
    MemoryLimit: true,
    SwapLimit: true,
    KernelMemoryTCP: false,
    PidsLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    OomKillDisable: cgroupVersion === 1,
    IPv4Forwarding: true,
    BridgeNfIptables: false,
    BridgeNfIp6tables: false,
  };
}

function registryParts({ registries }: EngineFacts): Record<string, unknown> {
  const { mirrors, insecure } = registries;
  const hub = { Name: "docker.io", Mirrors: mirrors["docker.io"] ?? [], Secure: true, Official: true };
  const others = insecure.map((Name) => ({ Name, Mirrors: mirrors[Name] ?? [], Secure: false, Official: false }));
  return {
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: {
      InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8"],
      IndexConfigs: Object.fromEntries([hub, ...others].map((index) => [index.Name, index])),
      Mirrors: hub.Mirrors,
    },
  };
}

const noSwarm = {
  Swarm: {
    NodeID: "",
    NodeAddr: "",
    LocalNodeState: "inactive",
    ControlAvailable: false,
    Error: "",
    RemoteManagers: null,
  },
};

function versionOf({ components }: EngineFacts, name: string): string {
  return components.find((component) => component.name === name)?.version ?? "";
}
