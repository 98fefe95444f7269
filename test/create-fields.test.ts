/** Holds `docs/create-fields.md` against the decoder's list of fields, and each row against what the engine does. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { isGantryError } from "../src/base/errors.js";
import { containerCreateShape } from "../src/engine/api/body-shapes.js";
import type { Shape } from "../src/engine/api/http/shape.js";
import { specHost, World } from "../src/engine/containers/containers.fixture.js";
import { allCapabilities } from "../src/engine/runtime/spec/capabilities.js";
import type { ContainerCreateBody, HostConfig, MountRequest } from "../src/wire/container.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const made = mkdtempSync(join(tmpdir(), "gantry-fields-"));
afterAll(() => rmSync(made, { recursive: true, force: true }));

/** Fields by their paths: `[]` for the members of a list, `*` for those of a map. */
function fieldsOf(shape: Shape, path = ""): string[] {
  if (typeof shape === "string") return [path];
  if (Array.isArray(shape)) return isObject(shape[0]) ? fieldsOf(shape[0], `${path}[]`) : [path];
  const members = Object.entries(shape);
  if (members.length === 0) return [path];
  const [[key, member] = ["", "text" as Shape]] = members;
  if (key === "*") return isObject(member) && Object.keys(member).length > 0 ? fieldsOf(member, `${path}.*`) : [path];
  return members.flatMap(([name, inner]) => fieldsOf(inner, path === "" ? name : `${path}.${name}`));
}

function isObject(shape: unknown): shape is { readonly [field: string]: Shape } {
  return typeof shape === "object" && shape !== null && !Array.isArray(shape);
}

type State = "honoured" | "refused" | "no effect";
const page = readFileSync(join(root, "docs/create-fields.md"), "utf8");
const rows = new Map(
  [...page.matchAll(/^\| `([^`]+)` \| (honoured|refused|no effect) \|/gm)].map(([, field = "", state]) => [
    field,
    state as State, // the pattern has no other
  ]),
);
const covers = (row: string, field: string) => field === row || /^(\.|\[|\.\*)/.test(field.slice(row.length));

/**
 * How a row is shown to be true. `spec` and `inspect` are found in the runtime's configuration or in `inspect` as JSON
 * and are not there without the field (`not` the other way round); `proof` is a test of the field's own, which names it.
 */
type Sample = Partial<Record<"spec" | "inspect" | "not" | "proof" | "says", string>> & { body?: ContainerCreateBody };

const host = (HostConfig: HostConfig): ContainerCreateBody => ({ HostConfig });
const bind = (more: Partial<MountRequest>): ContainerCreateBody =>
  host({ Mounts: [{ Type: "bind", Source: "/", Target: "/m", ...more }] });
const tmpfs = (TmpfsOptions: MountRequest["TmpfsOptions"]) =>
  host({ Mounts: [{ Type: "tmpfs", Target: "/m", TmpfsOptions }] });
const device = { PathOnHost: "/dev/null", PathInContainer: "/dev/x", CgroupPermissions: "r" };
const inEngine = "src/engine/containers/create/create-fields.engine.test.ts";
const inMounts = "src/engine/containers/mounts/parse-mounts.test.ts";
const inContainers = "src/engine/containers/containers.engine.test.ts";
const inCdi = "src/engine/runtime/cdi/device-requests.test.ts";
const inBlock = "src/engine/runtime/spec/block-limits.test.ts";
const megabyte = 1024 ** 2;

const config: Record<string, Sample> = {
  Hostname: { body: { Hostname: "web" }, spec: '"hostname":"web"' },
  Domainname: { body: { Domainname: "lan" }, spec: '"kernel.domainname":"lan"' },
  User: { body: { User: "7:8" }, spec: '"uid":7,"gid":8' },
  Image: { body: { Image: `sha256:${"a".repeat(64)}` }, inspect: '"Config":{"Image":"sha256:aaa' },
  WorkingDir: { body: { WorkingDir: "/srv" }, spec: '"cwd":"/srv"' },
  StopSignal: { body: { StopSignal: "SIGINT" }, inspect: '"StopSignal":"SIGINT"' },
  AttachStdin: { body: { AttachStdin: true }, inspect: '"AttachStdin":true' },
  AttachStdout: { body: { AttachStdout: true }, inspect: '"AttachStdout":true' },
  AttachStderr: { body: { AttachStderr: true }, inspect: '"AttachStderr":true' },
  Tty: { body: { Tty: true }, spec: '"terminal":true' },
  OpenStdin: { body: { OpenStdin: true }, inspect: '"OpenStdin":true' },
  StdinOnce: { body: { StdinOnce: true }, inspect: '"StdinOnce":true' },
  ArgsEscaped: { body: { ArgsEscaped: true } },
  Env: { body: { Env: ["A=b"] }, spec: '"A=b"' },
  Cmd: { body: { Cmd: ["true"] }, spec: '"args":["true"]' },
  Entrypoint: { body: { Entrypoint: ["env"] }, spec: '"args":["env"' },
  OnBuild: { body: { OnBuild: ["RUN true"] }, inspect: '"OnBuild":["RUN true"]' },
  Shell: { body: { Shell: ["/bin/ash"] }, inspect: '"Shell":["/bin/ash"]' },
  ExposedPorts: { body: { ExposedPorts: { "80/tcp": {} } }, inspect: '"80/tcp"' },
  Volumes: { body: { Volumes: { "/more": {} } }, spec: '"destination":"/more"' },
  Labels: { body: { Labels: { a: "b" } }, inspect: '"Labels":{"a":"b"}' },
  StopTimeout: { body: { StopTimeout: 3 }, inspect: '"StopTimeout":3' },
  Healthcheck: { body: { Healthcheck: { Test: ["CMD", "true"] } }, inspect: '"Health":{' },
};

const limits: Record<string, Sample> = {
  Memory: { body: host({ Memory: 64 * megabyte }), spec: `"limit":${64 * megabyte}` },
  MemorySwap: { body: host({ Memory: 8 * megabyte, MemorySwap: 9 * megabyte }), spec: `"swap":${9 * megabyte}` },
  MemoryReservation: { body: host({ MemoryReservation: 8 * megabyte }), spec: `"reservation":${8 * megabyte}` },
  MemorySwappiness: { body: host({ MemorySwappiness: 10 }), spec: '"swappiness":10' },
  OomKillDisable: { body: host({ OomKillDisable: true }), spec: '"disableOOMKiller":true' },
  NanoCpus: { body: host({ NanoCpus: 5e8 }), spec: '"quota":50000' },
  CpuShares: { body: host({ CpuShares: 512 }), spec: '"shares":512' },
  CpuPeriod: { body: host({ CpuPeriod: 50_000 }), spec: '"period":50000' },
  CpuQuota: { body: host({ CpuQuota: 20_000 }), spec: '"quota":20000' },
  CpuRealtimePeriod: { body: host({ CpuRealtimePeriod: 90_000 }), spec: '"realtimePeriod":90000' },
  CpuRealtimeRuntime: { body: host({ CpuRealtimeRuntime: 80_000 }), spec: '"realtimeRuntime":80000' },
  CpusetCpus: { body: host({ CpusetCpus: "0" }), spec: '"cpus":"0"' },
  CpusetMems: { body: host({ CpusetMems: "0" }), spec: '"mems":"0"' },
  PidsLimit: { body: host({ PidsLimit: 9 }), spec: '"pids":{"limit":9}' },
  BlkioWeight: { body: host({ BlkioWeight: 300 }), spec: '"weight":300' },
  "BlkioWeightDevice[]": { proof: inBlock },
  "BlkioDeviceReadBps[]": { proof: inBlock },
  "BlkioDeviceWriteBps[]": { proof: inBlock },
  "BlkioDeviceReadIOps[]": { proof: inBlock },
  "BlkioDeviceWriteIOps[]": { proof: inBlock },
  "Ulimits[]": {
    body: host({ Ulimits: [{ Name: "nofile", Soft: 10, Hard: 20 }] }),
    spec: '{"type":"RLIMIT_NOFILE","soft":10,"hard":20}',
  },
  ShmSize: { body: host({ ShmSize: megabyte }), spec: `"size=${megabyte}"` },
  OomScoreAdj: { body: host({ OomScoreAdj: 5 }), spec: '"oomScoreAdj":5' },
  CgroupParent: { body: host({ CgroupParent: "/mine" }), spec: '"cgroupsPath":"/mine/' },
  StorageOpt: { body: host({ StorageOpt: { size: "1G" } }) },
  KernelMemory: { body: host({ KernelMemory: 64 * megabyte }) },
  KernelMemoryTCP: { body: host({ KernelMemoryTCP: 64 * megabyte }) },
  CpuCount: { body: host({ CpuCount: 1 }) },
  CpuPercent: { body: host({ CpuPercent: 10 }) },
  IOMaximumIOps: { body: host({ IOMaximumIOps: 10 }) },
  IOMaximumBandwidth: { body: host({ IOMaximumBandwidth: 10 }) },
};

const devicesAndMounts: Record<string, Sample> = {
  "Devices[]": {
    body: host({ Devices: [device] }),
    spec: '"path":"/dev/x","type":"c","major":1,"minor":3',
  },
  DeviceCgroupRules: { body: host({ DeviceCgroupRules: ["c 42:* r"] }), spec: '"major":42,"minor":-1,"access":"r"' },
  "DeviceRequests[].Driver": { proof: inCdi },
  "DeviceRequests[].Count": { proof: inCdi },
  "DeviceRequests[].DeviceIDs": { proof: inCdi },
  "DeviceRequests[].Capabilities": { proof: inCdi },
  "DeviceRequests[].Options": { body: host({ DeviceRequests: [{ Driver: "cdi", Options: { a: "b" } }] }) },
  Binds: { body: host({ Binds: ["/:/b:ro"] }), spec: '"destination":"/b"' },
  "Mounts[].Type": { body: tmpfs({}), spec: '"destination":"/m","type":"tmpfs"' },
  "Mounts[].Source": { body: bind({ Source: "/proc" }), spec: '"source":"/proc","options"' },
  "Mounts[].Target": { body: bind({ Target: "/elsewhere" }), spec: '"destination":"/elsewhere"' },
  "Mounts[].ReadOnly": { body: bind({ ReadOnly: true }), spec: '"options":["rbind","rprivate","rro"]' },
  "Mounts[].Consistency": { body: host({ Mounts: [{ Type: "tmpfs", Target: "/m", Consistency: "cached" }] }) },
  "Mounts[].BindOptions.Propagation": {
    body: bind({ BindOptions: { Propagation: "private" } }),
    spec: '["rbind","private"]',
  },
  "Mounts[].BindOptions.NonRecursive": {
    body: bind({ BindOptions: { NonRecursive: true } }),
    spec: '["bind","private"]',
  },
  "Mounts[].BindOptions.CreateMountpoint": {
    body: bind({ Source: join(made, "new"), BindOptions: { CreateMountpoint: true } }),
    spec: join(made, "new"),
  },
  "Mounts[].BindOptions.ReadOnlyNonRecursive": {
    body: bind({ ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } }),
    spec: '["rbind","rprivate","ro"]',
  },
  "Mounts[].BindOptions.ReadOnlyForceRecursive": {
    body: bind({ ReadOnly: true, BindOptions: { ReadOnlyForceRecursive: true } }),
    spec: '["rbind","rprivate","rro"]',
  },
  "Mounts[].VolumeOptions.NoCopy": { proof: inMounts },
  "Mounts[].VolumeOptions.Labels": { proof: inMounts },
  "Mounts[].VolumeOptions.Subpath": { proof: inContainers },
  "Mounts[].VolumeOptions.DriverConfig.Name": {
    body: host({ Mounts: [{ Type: "volume", Target: "/m", VolumeOptions: { DriverConfig: { Name: "flocker" } } }] }),
    says: "DriverConfig",
  },
  "Mounts[].VolumeOptions.DriverConfig.Options": { proof: inMounts },
  "Mounts[].TmpfsOptions.SizeBytes": { body: tmpfs({ SizeBytes: 4096 }), spec: '"size=4096"' },
  "Mounts[].TmpfsOptions.Mode": { body: tmpfs({ Mode: 0o700 }), spec: '"mode=700"' },
  "Mounts[].TmpfsOptions.Options": { body: tmpfs({ Options: [["uid", "7"]] }), spec: '"uid=7"' },
  "Mounts[].ImageOptions.Subpath": { proof: inEngine },
  "Mounts[].ClusterOptions": { body: bind({ ClusterOptions: {} }) },
  Tmpfs: { body: host({ Tmpfs: { "/t": "size=1m" } }), spec: '"size=1m"' },
  VolumesFrom: { proof: inEngine },
  VolumeDriver: { body: host({ VolumeDriver: "flocker" }) },
  "GantryFiles[]": { proof: inContainers },
  GantryStandby: { proof: "src/engine/containers/lifecycle/take-over.test.ts" },
};

const confinement: Record<string, Sample> = {
  CapAdd: { body: host({ CapAdd: ["sys_ptrace"] }), spec: '"CAP_SYS_PTRACE"' },
  CapDrop: { body: host({ CapDrop: ["CHOWN"] }), not: '"CAP_CHOWN"' },
  Privileged: { body: host({ Privileged: true }), spec: '"devices":[{"allow":true,"access":"rwm"}]' },
  SecurityOpt: { body: host({ SecurityOpt: ["no-new-privileges"] }), spec: '"noNewPrivileges":true' },
  ReadonlyRootfs: { body: host({ ReadonlyRootfs: true }), spec: '"readonly":true' },
  MaskedPaths: { body: host({ MaskedPaths: ["/proc/x"] }), spec: '"maskedPaths":["/proc/x"]' },
  ReadonlyPaths: { body: host({ ReadonlyPaths: ["/proc/x"] }), spec: '"readonlyPaths":["/proc/x"]' },
  GroupAdd: { body: host({ GroupAdd: ["99"] }), spec: '"additionalGids":[0,99]' },
  IpcMode: { body: host({ IpcMode: "host" }), not: '"type":"ipc"' },
  PidMode: { body: host({ PidMode: "host" }), not: '"type":"pid"' },
  UTSMode: { body: host({ UTSMode: "host" }), not: '"type":"uts"' },
  UsernsMode: { body: host({ UsernsMode: "mine" }) },
  CgroupnsMode: { body: host({ CgroupnsMode: "private" }), spec: '"type":"cgroup"}]' },
  Sysctls: { body: host({ Sysctls: { "kernel.msgmax": "9" } }), spec: '"kernel.msgmax":"9"' },
  Isolation: { body: host({ Isolation: "process" }) },
};

const life: Record<string, Sample> = {
  Annotations: { body: host({ Annotations: { a: "b" } }), spec: '"annotations":{"a":"b"}' },
  Runtime: { body: host({ Runtime: "crun" }), inspect: '"Runtime":"crun"' },
  Init: { body: host({ Init: true }), spec: '"args":["/sbin/docker-init","--"' },
  ConsoleSize: { body: { Tty: true, ...host({ ConsoleSize: [20, 30] }) }, spec: '"consoleSize":{"height":20' },
  "LogConfig.Type": { body: host({ LogConfig: { Type: "none" } }), inspect: '"LogConfig":{"Type":"none"' },
  "LogConfig.Config": {
    body: host({ LogConfig: { Config: { "max-size": "1m" } } }),
    inspect: '"Config":{"max-size":"1m"}',
  },
  RestartPolicy: {
    body: host({ RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } }),
    inspect: '{"Name":"on-failure","MaximumRetryCount":2}',
  },
  AutoRemove: { body: host({ AutoRemove: true }), inspect: '"AutoRemove":true' },
  ContainerIDFile: { body: host({ ContainerIDFile: "/tmp/id" }) },
  Cgroup: { body: host({ Cgroup: "x" }) },
};

/** Networks have tests of their own; a row without effect here tells a state and asks for nothing. */
const ofNetworks =
  /^(NetworkDisabled|MacAddress|NetworkingConfig\..*|HostConfig\.(NetworkMode|PortBindings|PublishAllPorts|Links|ExtraHosts|Dns\w*))$/;

const samples = new Map<string, Sample>([
  ...Object.entries(config),
  ...[limits, devicesAndMounts, confinement, life].flatMap((group) =>
    Object.entries(group).map(([name, sample]): [string, Sample] => [`HostConfig.${name}`, sample]),
  ),
]);

/** A host that has everything. */
const generous: World["host"] = {
  ...{ cgroupVersion: 1, runtimes: ["runc", "crun"] },
  spec: {
    ...specHost,
    ...{ cgroupVersion: 1, capabilities: allCapabilities, initPath: "/usr/bin/tini", mayRaiseLimits: true },
    ...{ blockWeights: true, realtimeCpu: true, recursiveReadOnly: true, messageQueues: true },
    ...{ onlineCpus: "0-1", onlineNodes: "0" },
  },
};

/** What became of a container: its runtime configuration and `inspect`, without what differs from run to run. */
async function outcome(body: ContainerCreateBody): Promise<{ spec: string; inspect: string }> {
  using world = new World();
  world.host = generous;
  const engine = world.engine();
  await engine.restore();
  const { Id } = await engine.create("fields", { Image: "busybox", ...body });
  await engine.start(Id);
  const plain = (value: unknown) =>
    JSON.stringify(value)
      .replaceAll(world.dir, "/world")
      .replaceAll(Id, "ID")
      .replaceAll(Id.slice(0, 12), "ID")
      .replace(/(?<!sha256:)[0-9a-f]{64}/g, "NAME");
  const seen = { spec: plain(world.specs.get(Id)), inspect: plain(engine.inspect(Id)) };
  await engine.close();
  return seen;
}

describe("docs/create-fields.md", () => {
  const fields = fieldsOf(containerCreateShape);

  it("has a row for every field that the decoder knows", () => {
    const missing = fields.filter((field) => ![...rows.keys()].some((row) => covers(row, field)));
    expect(missing).toEqual([]);
  });

  it("has no row for anything else, and says how each is known to be true", () => {
    expect([...rows.keys()].filter((row) => !fields.some((field) => covers(row, field)))).toEqual([]);
    expect([...rows.keys()].filter((row) => !samples.has(row) && !ofNetworks.test(row))).toEqual([]);
    expect([...samples.keys()].filter((row) => !rows.has(row))).toEqual([]);
  });
});

describe("a field that is honoured", async () => {
  const plain = await outcome({});
  for (const [field, sample] of samples) {
    if (rows.get(field) !== "honoured") continue;
    it(field, async () => {
      if (sample.proof) {
        expect(existsSync(join(root, sample.proof))).toBe(true);
        const name = field.split(".").at(-1)?.replace("[]", "") ?? "";
        expect(readFileSync(join(root, sample.proof), "utf8").includes(name)).toBe(true);
        return;
      }
      const seen = await outcome(sample.body ?? {});
      if (sample.spec) {
        expect(seen.spec).toContain(sample.spec);
        expect(plain.spec).not.toContain(sample.spec);
      } else if (sample.not) {
        expect(seen.spec).not.toContain(sample.not);
        expect(plain.spec).toContain(sample.not);
      } else {
        expect(seen.inspect).toContain(sample.inspect);
        expect(plain.inspect).not.toContain(sample.inspect);
      }
    });
  }
});

describe("a field that is refused", () => {
  for (const [field, { body = {}, says }] of samples) {
    if (rows.get(field) !== "refused") continue;
    it(field, async () => {
      const error = await outcome(body).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!isGantryError(error)) throw new Error(`${field} was not refused: ${String(error)}`);
      expect([400, 501]).toContain(error.status);
      expect(error.message.toLowerCase()).toContain((says ?? field.split(".").at(-1) ?? "").toLowerCase());
    });
  }
});

it("a field without effect changes nothing of the runtime's configuration", async () => {
  const without = [...samples].filter(([field]) => rows.get(field) === "no effect");
  expect(without.length).toBeGreaterThan(0);
  const plain = await outcome({});
  const bare = await outcome(tmpfs(undefined));
  for (const [field, { body = {} }] of without) {
    const { spec } = await outcome(body);
    expect([field, spec]).toEqual([field, body.HostConfig?.Mounts ? bare.spec : plain.spec]);
  }
});
