/**
 * Gives the JSON of `inspect` the types that Docker's own structs have, so that templates written for docker hold:
 * what is a map there is one here, and a field that may be left out is there, as nothing. Pure.
 *
 * @see Docker Engine API, the schemas ContainerInspectResponse, ImageInspect, Network and Volume
 */
import { isRecord } from "../../base/json.js";

/** The kinds of objects that can be inspected. */
export type InspectedKind = "container" | "image" | "network" | "volume";

/** Fields whose value maps names to values, wherever they stand. */
const maps = new Set([
  ...["Labels", "Options", "DriverOpts", "Annotations", "StorageOpt", "Sysctls", "Tmpfs", "Volumes", "ExposedPorts"],
  ...["Ports", "PortBindings", "Networks", "Containers", "Data", "UsageData", "Status", "GwPriorities"],
  ...["AuxiliaryAddresses", "AuxAddress", "Services"],
]);

/** A list that is not there: empty to a template, `null` as JSON. */
const noList = Object.assign([], { toJSON: () => null });

/** Limits that an engine leaves out when there are none. */
const noLimits = {
  ...{ Memory: 0, MemorySwap: 0, MemoryReservation: 0, NanoCpus: 0, CpuShares: 0, CpuPeriod: 0, CpuQuota: 0 },
  ...{ CpusetCpus: "", CpusetMems: "", PidsLimit: null, OomScoreAdj: 0, OomKillDisable: false, ShmSize: 0 },
  ...{ CpuRealtimePeriod: 0, CpuRealtimeRuntime: 0, BlkioWeight: 0, CgroupParent: "", MemorySwappiness: null },
};

/** Fields that are left out when they are empty, by the path of their owner. */
const absent: Readonly<Record<InspectedKind, Readonly<Record<string, Readonly<Record<string, unknown>>>>>> = {
  container: {
    "": { SizeRw: null, SizeRootFs: null, ExecIDs: noList, GraphDriver: null, Platform: "" },
    State: { Health: null },
    Config: {
      ...{ Healthcheck: null, StopSignal: "", StopTimeout: null, Shell: noList, OnBuild: noList, ArgsEscaped: false },
      ...{ Cmd: noList, Entrypoint: noList, Labels: new Map(), Volumes: new Map(), ExposedPorts: new Map() },
      ...{ NetworkDisabled: false, MacAddress: "" },
    },
    HostConfig: {
      ...noLimits,
      ...{ Init: null, Mounts: noList, Tmpfs: new Map(), Sysctls: new Map(), StorageOpt: new Map(), Runtime: "" },
      ...{ Binds: noList, CapAdd: noList, CapDrop: noList, Dns: noList, DnsOptions: noList, DnsSearch: noList },
      ...{ ExtraHosts: noList, GroupAdd: noList, SecurityOpt: noList, Devices: noList, Ulimits: noList, Links: noList },
      ...{ IpcMode: "", PidMode: "", UTSMode: "", UsernsMode: "", CgroupnsMode: "", Isolation: "", VolumeDriver: "" },
      ...{ ContainerIDFile: "", VolumesFrom: noList, AutoRemove: false, Privileged: false, ReadonlyRootfs: false },
    },
  },
  image: {
    "": {
      RepoTags: [],
      RepoDigests: [],
      Variant: "",
      OsVersion: "",
      Comment: "",
      Author: "",
      Parent: "",
      Config: null,
    },
    Config: {
      ...{ Healthcheck: null, StopSignal: "", Shell: noList, OnBuild: noList, User: "", WorkingDir: "", Env: [] },
      ...{ Cmd: noList, Entrypoint: noList, Labels: new Map(), Volumes: new Map(), ExposedPorts: new Map() },
    },
  },
  network: { "": { ConfigFrom: null, Peers: [] } },
  volume: { "": { CreatedAt: "", Status: new Map(), UsageData: null } },
};

/** A value for `executeTemplate`. The order of members is kept. */
export function inspectShape(value: unknown, kind: InspectedKind): unknown {
  return shaped(value, absent[kind], "");
}

function shaped(value: unknown, missing: Readonly<Record<string, object>>, path: string): unknown {
  if (Array.isArray(value)) return value.map((item) => shaped(item, missing, `${path}[]`));
  // An exposed port that is not published has an empty list of bindings in Docker's types.
  if (value === null && /(^|\.)(Ports|PortBindings)\[\]$/.test(path)) return noList;
  if (!isRecord(value)) return value;
  const members = Object.entries(value).map(([name, member]): [string, unknown] => {
    const inner = path === "" ? name : `${path}.${name}`;
    // LogConfig.Config is the one map whose name means a struct elsewhere.
    const isMap = maps.has(name) || inner.endsWith("LogConfig.Config");
    return [name, isMap && isRecord(member) ? asMap(member, missing, inner) : shaped(member, missing, inner)];
  });
  return { ...Object.fromEntries(members), ...leftOut(value, missing[path]) };
}

function asMap(value: Record<string, unknown>, missing: Readonly<Record<string, object>>, path: string): unknown {
  return new Map(Object.entries(value).map(([name, member]) => [name, shaped(member, missing, `${path}[]`)]));
}

function leftOut(value: Record<string, unknown>, defaults: object = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(defaults).filter(([name]) => value[name] === undefined || value[name] === null),
  );
}
