/** Routes of the engine itself: ping, version, info, events. */
import { decodeFilters } from "../../../wire/filters.js";
import { apiVersion, type EngineEvent, minApiVersion, type VersionReply } from "../../../wire/system.js";
import { json, type Reply } from "../http/reply.js";
import { type ApiRequest, seconds, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ApiRooms, EngineFacts } from "../rooms.js";

const eventFilters = [
  "config",
  "container",
  "daemon",
  "event",
  "image",
  "label",
  "network",
  "node",
  "plugin",
  "scope",
  "secret",
  "service",
  "type",
  "volume",
];

/** See Docker Engine API, "System". */
export function systemRoutes(rooms: ApiRooms): Route[] {
  return [
    { method: "GET", pattern: "/_ping", handle: () => ping("OK") },
    { method: "HEAD", pattern: "/_ping", handle: () => ping("") },
    { method: "GET", pattern: "/version", handle: () => json(versionReply(rooms.facts)) },
    { method: "GET", pattern: "/info", handle: () => json(infoReply(rooms)) },
    { method: "GET", pattern: "/events", handle: (request) => events(rooms, request) },
    // Docker's own client asks for these while it looks for an object by name.
    { method: "GET", pattern: "/plugins", handle: () => json([]) },
  ];
}

function ping(body: string): Reply {
  const headers = {
    "Builder-Version": "1",
    Swarm: "inactive",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    Pragma: "no-cache",
  };
  return { kind: "text", status: 200, text: body, headers };
}

function events({ events: journal }: ApiRooms, request: ApiRequest): Reply {
  const filters = decodeFilters(text(request, "filters"), eventFilters);
  const query = { since: seconds(request, "since"), until: seconds(request, "until"), filters };
  const followed = journal.follow(query, request.signal);
  return { kind: "stream", contentType: "application/json", chunks: printEvents(followed) };
}

async function* printEvents(events: AsyncIterable<EngineEvent>): AsyncGenerator<string, void> {
  for await (const event of events) yield `${JSON.stringify(withLegacyFields(event))}\n`;
}

/** Clients before 1.52 read the action and the object from the top level. */
function withLegacyFields(event: EngineEvent): EngineEvent {
  if (event.Type !== "container" && event.Type !== "image") return event;
  const from = event.Type === "container" ? { from: event.Actor.Attributes.image ?? "" } : {};
  return { status: event.Action, id: event.Actor.ID, ...from, ...event };
}

function versionReply(facts: EngineFacts): VersionReply {
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
  const details = { ...common, Experimental: "false" };
  return {
    Platform: { Name: "Gantry" },
    Components: [{ Name: "Engine", Version: facts.version, Details: details }],
    Version: facts.version,
    ...common,
  };
}

function infoReply({ containers, images, facts }: ApiRooms): Record<string, unknown> {
  const all = containers.list({ all: true, filters: {} });
  const count = (...states: string[]) => all.filter(({ State }) => states.includes(State)).length;
  return {
    ID: facts.instanceId,
    Name: facts.hostname,
    ServerVersion: facts.version,
    Containers: all.length,
    ContainersRunning: count("running", "restarting"),
    ContainersPaused: count("paused"),
    ContainersStopped: count("created", "exited", "dead", "removing"),
    Images: images.list({}).length,
    Driver: facts.storageDriver,
    DriverStatus: [],
    Plugins: {
      Volume: ["local"],
      Network: ["bridge", "host", "null"],
      Authorization: null,
      Log: ["json-file", "local", "none"],
    },
    ...kernelAbilities(facts),
    Debug: false,
    SystemTime: new Date().toISOString(),
    LoggingDriver: "json-file",
    CgroupDriver: "cgroupfs",
    CgroupVersion: String(facts.cgroupVersion),
    NEventsListener: 0,
    KernelVersion: facts.kernelVersion,
    OperatingSystem: facts.operatingSystem,
    OSVersion: "",
    OSType: "linux",
    Architecture: facts.architecture === "amd64" ? "x86_64" : "aarch64",
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: { InsecureRegistryCIDRs: ["127.0.0.0/8", "::1/128"], IndexConfigs: {}, Mirrors: [] },
    NCPU: facts.cpus,
    MemTotal: facts.memoryBytes,
    GenericResources: null,
    DockerRootDir: facts.stateRoot,
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Labels: [],
    ExperimentalBuild: false,
    Runtimes: { [facts.runtime]: { path: facts.runtime } },
    DefaultRuntime: facts.runtime,
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: "",
    ContainerdCommit: { ID: "", Expected: "" },
    RuncCommit: { ID: "", Expected: "" },
    InitCommit: { ID: "", Expected: "" },
    SecurityOptions: facts.securityOptions,
    Warnings: [],
  };
}

function kernelAbilities({ cgroupVersion }: EngineFacts): Record<string, boolean> {
  return {
    MemoryLimit: true,
    SwapLimit: true,
    PidsLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    OomKillDisable: cgroupVersion === 1,
    IPv4Forwarding: true,
  };
}
