/** A container's record in the shape of `GET /containers/{id}/json`. Pure. */
import type { ContainerInspect, ContainerState, MountPoint, PortMap } from "../../../wire/container.js";
import type { EndpointSettings } from "../../../wire/network.js";
import { commandLine } from "../create/merge-config.js";
import type { ResolvedMount } from "../mounts/resolved-mount.js";
import { shownLinks } from "../networking/links.js";
import type { ContainerRecord, RunState } from "../record/container-record.js";
import { countsAsRunning, hasProcess } from "../record/state-machine.js";

/** What is not in the record. Paths are "" before the first start. */
export interface InspectFacts {
  readonly graphDriver: { Name: string; Data: Record<string, string> | null };
  readonly execIds: readonly string[];
  readonly paths: { log: string; hosts: string; hostname: string; resolvConf: string };
  readonly volumePath: (name: string) => string;
  /** Where the layers of a mounted image are to be seen. */
  readonly imagePath: (layerId: string) => string;
  /** Full id of a network, or undefined when there is none of that name or id. */
  readonly networkId: (network: string) => string | undefined;
}

export function inspectContainer(record: ContainerRecord, facts: InspectFacts): ContainerInspect {
  const [Path = "", ...Args] = commandLine(record.config);
  return {
    Id: record.id,
    Created: record.createdAt,
    Path,
    Args,
    State: inspectState(record.state),
    Image: record.imageId,
    Name: `/${record.name}`,
    RestartCount: record.state.restartCount,
    Driver: facts.graphDriver.Name,
    Platform: record.platform,
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: facts.execIds.length > 0 ? [...facts.execIds] : null,
    LogPath: facts.paths.log,
    ResolvConfPath: facts.paths.resolvConf,
    HostnamePath: facts.paths.hostname,
    HostsPath: facts.paths.hosts,
    HostConfig: record.hostConfig.Links?.length
      ? { ...record.hostConfig, Links: shownLinks(record) }
      : record.hostConfig,
    GraphDriver: facts.graphDriver,
    Mounts: mountPoints(record.mounts, facts),
    Config: record.config,
    NetworkSettings: networkSettings(record, facts.networkId),
  };
}

/** The networks of a container: with addresses while it runs, with what was asked otherwise. */
export function networksOf(
  { state, endpoints, hostConfig }: ContainerRecord,
  networkId: InspectFacts["networkId"],
): Record<string, EndpointSettings> {
  const live = state.sandbox?.endpoints;
  if (live && Object.keys(live).length > 0) return { ...live };
  const mode = hostConfig.NetworkMode ?? "";
  const listed = mode === "host" || mode === "none" ? { [mode]: {} } : endpoints;
  return Object.fromEntries(
    Object.entries(listed).map(([name, settings]) => [
      name,
      { ...emptyEndpoint, ...settings, NetworkID: networkId(name) ?? "" },
    ]),
  );
}

/** Volumes and binds as listed; a tmpfs of `HostConfig.Tmpfs` is not among them, as in Docker. */
export function mountPoints(
  mounts: readonly ResolvedMount[],
  { volumePath, imagePath }: Pick<InspectFacts, "volumePath" | "imagePath">,
): MountPoint[] {
  return mounts.flatMap((mount): MountPoint[] => {
    const common = { Destination: mount.target, RW: !mount.readOnly };
    switch (mount.kind) {
      case "bind":
        return [{ Type: "bind", Source: mount.source, ...common, Mode: mount.mode, Propagation: mount.propagation }];
      case "volume": {
        const named = { Name: mount.name, Source: volumePath(mount.name), Driver: "local" };
        // Docker's own default, which means SELinux's shared label and nothing where there is none.
        return [{ Type: "volume", ...named, ...common, Mode: mount.mode || "z", Propagation: "" }];
      }
      case "image": {
        const Source = imagePath(mount.layerId);
        return [{ Type: "image", Name: mount.image, Source, ...common, Mode: "", Propagation: "" }];
      }
      default:
        return mount.listed ? [{ Type: "tmpfs", Source: "", ...common, Mode: "", Propagation: "" }] : [];
    }
  });
}

function inspectState(state: RunState): ContainerState {
  return {
    Status: state.status,
    Running: countsAsRunning(state.status),
    Paused: state.status === "paused",
    Restarting: state.status === "restarting",
    OOMKilled: state.oomKilled,
    Dead: state.status === "dead",
    Pid: hasProcess(state.status) ? (state.process?.pid ?? 0) : 0,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health ? { Health: state.health } : {}),
    ...(state.standby ? { GantryStandby: true } : {}),
  };
}

function networkSettings(
  record: ContainerRecord,
  networkId: InspectFacts["networkId"],
): ContainerInspect["NetworkSettings"] {
  const networks = networksOf(record, networkId);
  const sandbox = record.state.sandbox;
  const onBridge = networks.bridge ?? {};
  return {
    Bridge: "",
    SandboxID: sandbox ? record.id : "",
    SandboxKey: sandbox?.netnsPath ?? "",
    Ports: bothFamilies(sandbox?.ports ?? {}),
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    EndpointID: onBridge.EndpointID ?? "",
    Gateway: onBridge.Gateway ?? "",
    GlobalIPv6Address: onBridge.GlobalIPv6Address ?? "",
    GlobalIPv6PrefixLen: onBridge.GlobalIPv6PrefixLen ?? 0,
    IPAddress: onBridge.IPAddress ?? "",
    IPPrefixLen: onBridge.IPPrefixLen ?? 0,
    IPv6Gateway: onBridge.IPv6Gateway ?? "",
    MacAddress: onBridge.MacAddress ?? "",
    Networks: networks,
  };
}

/** Docker lists a binding to every address once for each family. */
export function bothFamilies(ports: PortMap): PortMap {
  return Object.fromEntries(
    Object.entries(ports).map(([port, bindings]) => [
      port,
      bindings?.flatMap((binding) =>
        binding.HostIp
          ? [binding]
          : [
              { HostIp: "0.0.0.0", HostPort: binding.HostPort },
              { HostIp: "::", HostPort: binding.HostPort },
            ],
      ) ?? null,
    ]),
  );
}

const emptyEndpoint: EndpointSettings = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: "",
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: "",
  EndpointID: "",
  Gateway: "",
  IPAddress: "",
  IPPrefixLen: 0,
  IPv6Gateway: "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
};
