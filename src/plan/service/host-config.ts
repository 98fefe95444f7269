/** The part of a create body that concerns the host: limits, security, namespaces, ports, restart policy. Pure. */
import type { PortSpec, Project, ResourceSpec, Service } from "../../compose/project.js";
import type { HostConfig, PortBinding, PortMap, Resources } from "../../wire/container.js";
import { blkioLimits, deviceRequests } from "./device-limits.js";
import { endpointsOf } from "./endpoints.js";
import { type InheritedMount, mountsOf } from "./mounts.js";
import { linksOf, sharedMode, volumesFrom } from "./references.js";
import { healConfig, probeConfig } from "./watchdog.js";
import { when } from "./when.js";

const nanosPerCpu = 1e9;

/** `service:NAME` in network, pid and ipc modes becomes the container of that service's first replica. */
export function hostConfig(project: Project, service: Service, inherited: readonly InheritedMount[]): HostConfig {
  return {
    ...resources(service.resources),
    ...blkioLimits(service.blkio_config),
    ...mountsOf(project, service, inherited),
    ...tmpfs(service),
    NetworkMode: networkMode(project, service),
    PortBindings: portBindings(service.ports),
    RestartPolicy: { Name: service.restart?.name ?? "no", MaximumRetryCount: service.restart?.max_attempts ?? 0 },
    ...security(service),
    ...(service.devices.length > 0 ? { Devices: service.devices.map(deviceMapping) } : {}),
    ...(Object.keys(service.ulimits).length > 0 ? { Ulimits: ulimits(service) } : {}),
    ...(Object.keys(service.sysctls).length > 0 ? { Sysctls: { ...service.sysctls } } : {}),
    ...(Object.keys(service.annotations).length > 0 ? { Annotations: { ...service.annotations } } : {}),
    ...list("ExtraHosts", service.extra_hosts.map(extraHost)),
    // On the default bridge there is no endpoint to have them.
    ...list("Links", service.network_mode === "bridge" ? linksOf(project, service) : []),
    ...list("Dns", service.dns),
    ...list("DnsSearch", service.dns_search),
    ...list("DnsOptions", service.dns_opt),
    ...when("Init", service.init),
    ...(service.device_requests ? { DeviceRequests: deviceRequests(service.device_requests) } : {}),
    ...list("DeviceCgroupRules", service.device_cgroup_rules ?? []),
    ...list("VolumesFrom", volumesFrom(project, service)),
    ...when("StorageOpt", service.storage_opt && { ...service.storage_opt }),
    ...when("Isolation", service.isolation),
    ...when("UTSMode", service.uts && sharedMode(project, service.uts)),
    ...when("UsernsMode", service.userns_mode),
    ...cgroupNamespace(service.cgroup),
    ...when("PidMode", service.pid && sharedMode(project, service.pid)),
    ...when("IpcMode", service.ipc && sharedMode(project, service.ipc)),
    ...when("ShmSize", service.shm_size),
    ...when("OomScoreAdj", service.oom_score_adj),
    ...when("Runtime", service.runtime),
    ...when("CgroupParent", service.cgroup_parent),
    ...when(
      "LogConfig",
      service.logging && { ...when("Type", service.logging.driver), Config: service.logging.options },
    ),
    ...when("GantryProbe", service.gantry?.probe && probeConfig(service.gantry.probe)),
    ...when("GantryHeal", service.gantry?.heal && healConfig(service.gantry.heal)),
  };
}

function security(service: Service): HostConfig {
  const options = service.security_opt.filter((option) => !/^systempaths[=:]unconfined$/.test(option));
  return {
    ...(service.privileged ? { Privileged: true } : {}),
    ...(service.read_only ? { ReadonlyRootfs: true } : {}),
    ...list("CapAdd", service.cap_add),
    ...list("CapDrop", service.cap_drop),
    ...list("SecurityOpt", options),
    ...list("GroupAdd", service.group_add),
    // No engine knows this option: clients say it with empty lists.
    ...(options.length < service.security_opt.length ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

function resources(limits: ResourceSpec): Resources {
  return {
    ...when("NanoCpus", limits.cpus === undefined ? undefined : Math.round(limits.cpus * nanosPerCpu)),
    ...when("CpuShares", limits.cpu_shares),
    ...when("CpuPeriod", limits.cpu_period),
    ...when("CpuQuota", limits.cpu_quota),
    ...when("CpuRealtimePeriod", limits.cpu_rt_period),
    ...when("CpuRealtimeRuntime", limits.cpu_rt_runtime),
    ...when("CpusetCpus", limits.cpuset),
    ...when("Memory", limits.mem_limit),
    ...when("MemoryReservation", limits.mem_reservation),
    ...when("MemorySwap", limits.memswap_limit),
    ...when("MemorySwappiness", limits.mem_swappiness),
    ...when("PidsLimit", limits.pids_limit),
    ...when("OomKillDisable", limits.oom_kill_disable),
  };
}

/** The mode, or the main network's name. */
export function networkMode(project: Project, service: Service): string {
  if (service.network_mode !== undefined) return sharedMode(project, service.network_mode);
  const [main] = endpointsOf(project, service).keys();
  return main ?? "none";
}

function cgroupNamespace(mode: string | undefined): HostConfig {
  return mode === "host" || mode === "private" ? { CgroupnsMode: mode } : {};
}

function portBindings(ports: readonly PortSpec[]): PortMap {
  const map: Record<string, PortBinding[]> = {};
  for (const port of ports) {
    const key = `${port.target}/${port.protocol}`;
    const binding = { HostIp: port.host_ip ?? "", HostPort: port.published ?? "" };
    map[key] = [...(map[key] ?? []), binding];
  }
  return map;
}

function tmpfs(service: Service): HostConfig {
  if (service.tmpfs.length === 0) return {};
  const entries = service.tmpfs.map((entry): [string, string] => {
    const at = entry.indexOf(":");
    return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
  });
  return { Tmpfs: Object.fromEntries(entries) };
}

function ulimits(service: Service) {
  return Object.entries(service.ulimits).map(([name, limit]) => ({ Name: name, Soft: limit.soft, Hard: limit.hard }));
}

function deviceMapping(device: Service["devices"][number]) {
  return { PathOnHost: device.source, PathInContainer: device.target, CgroupPermissions: device.permissions };
}

/** `host=address` of the model, `host:address` of the API. */
function extraHost(entry: string): string {
  const at = entry.indexOf("=");
  return at < 0 ? entry : `${entry.slice(0, at)}:${entry.slice(at + 1)}`;
}

function list<Key extends string>(key: Key, values: readonly string[]): { [K in Key]?: string[] } {
  return when(key, values.length > 0 ? [...values] : undefined);
}
