import { Command } from "commander";
import { expect, it } from "vitest";
import { type CreateFiles, createBody } from "./create-body.js";
import { addCreateOptions, type CreateOptions } from "./create-options.js";
import { parseMount } from "./parse-mount.js";
import { parsePorts } from "./parse-ports.js";

const noFiles: CreateFiles = { env: [], labels: [], seccomp: new Map() };

/** The body of a command line as a user writes it. */
function bodyOf(line: string | string[], env: Record<string, string> = {}, files: Partial<CreateFiles> = {}) {
  const command = addCreateOptions(new Command("run"))
    .argument("<image>")
    .argument("[command...]")
    .passThroughOptions();
  command.exitOverride().configureOutput({ writeErr: () => {} });
  command.parse(typeof line === "string" ? line.split(" ") : line, { from: "user" });
  const [image = "", ...words] = command.args;
  const options = command.opts<CreateOptions>();
  return createBody({
    proxies: {},
    options,
    image,
    command: words,
    attach: true,
    cwd: "/work",
    env,
    files: { ...noFiles, ...files },
  });
}

it("leaves the image's defaults alone where nothing was said", () => {
  const body = bodyOf("busybox");
  expect(body).toMatchObject({ Image: "busybox", AttachStdout: true, OpenStdin: false, Tty: false, Env: [] });
  for (const name of ["Cmd", "Entrypoint", "User", "WorkingDir", "Healthcheck", "NetworkingConfig"]) {
    expect(body).not.toHaveProperty(name);
  }
  expect(body.HostConfig).not.toHaveProperty("Memory");
});

it("passes what follows the image to the command, flags too", () => {
  expect(bodyOf("--rm busybox ls -l --rm").Cmd).toEqual(["ls", "-l", "--rm"]);
});

it("takes -h as the host name, as docker does", () => {
  expect(bodyOf("-h web busybox").Hostname).toBe("web");
});

it("takes the value of a bare variable from its own environment, and takes the image's away when it is unset", () => {
  expect(bodyOf("-e A=1 -e B -e C busybox", { B: "2" }).Env).toEqual(["A=1", "B=2", "C"]);
});

it("reads environment and label files: comments and unset bare names say nothing, flags win", () => {
  const files = { env: ["# no", "", "A=file", "B", "C"], labels: ["#no", "x=1", "y=2"] };
  const body = bodyOf("-e A=flag -l y=3 busybox", { B: "2" }, files);
  expect(body.Env).toEqual(["A=file", "B=2", "A=flag"]);
  expect(body.Labels).toEqual({ x: "1", y: "3" });
});

it("attaches to the streams that are named alone", () => {
  expect(bodyOf("-a stderr -i busybox")).toMatchObject({ AttachStdin: false, AttachStdout: false, AttachStderr: true });
  expect(() => bodyOf("-a all busybox")).toThrow("--attach: all");
});

it("tells binds, named and anonymous volumes apart, and makes relative paths absolute", () => {
  const body = bodyOf("-v ./a:/a:ro -v data:/data -v /anonymous busybox");
  expect(body.HostConfig?.Binds).toEqual(["/work/a:/a:ro", "data:/data"]);
  expect(body.Volumes).toEqual({ "/anonymous": {} });
});

it("reads limits in their units", () => {
  const line = "-m 256m --cpus 1.5 --pids-limit 100 --shm-size 1g --ulimit nofile=1024:2048 --memory-swap -1 busybox";
  expect(bodyOf(line).HostConfig).toMatchObject({
    Memory: 256 * 1024 ** 2,
    NanoCpus: 1.5e9,
    PidsLimit: 100,
    ShmSize: 1024 ** 3,
    MemorySwap: -1,
    Ulimits: [{ Name: "nofile", Soft: 1024, Hard: 2048 }],
  });
});

it("refuses what is no size, duration, policy or port, naming the flag", () => {
  for (const [line, message] of [
    ["-m lots busybox", /--memory: lots/],
    ["--health-interval soon busybox", /--health-interval: soon/],
    ["--restart sometimes busybox", /--restart: sometimes/],
    ["-p 80:99999 busybox", /--publish: 80:99999/],
  ] as const) {
    expect(() => bodyOf(line)).toThrow(message);
  }
});

it("reads health checks in nanoseconds, and switches them off", () => {
  expect(bodyOf("--health-cmd true --health-interval 1m30s --health-retries 2 busybox").Healthcheck).toEqual({
    Test: ["CMD-SHELL", "true"],
    Interval: 90e9,
    Retries: 2,
  });
  expect(bodyOf("--no-healthcheck busybox").Healthcheck).toEqual({ Test: ["NONE"] });
});

it("reads limits and devices of disks, CPUs and GPUs", () => {
  const line =
    "--blkio-weight 300 --blkio-weight-device /dev/sda:200 --device-read-bps /dev/sda:1mb " +
    "--device-write-iops /dev/sda:50 " +
    "--device /dev/fuse --device /dev/a:/dev/b:r --device vendor.com/gpu=0 --device-cgroup-rule c-1:3-mr " +
    "--cpu-period 100000 --cpu-quota 50000 --cpuset-mems 0 --memory-swappiness 10 --oom-kill-disable --gpus all";
  expect(bodyOf(`${line} busybox`).HostConfig).toMatchObject({
    BlkioWeight: 300,
    BlkioWeightDevice: [{ Path: "/dev/sda", Weight: 200 }],
    BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 1024 ** 2 }],
    BlkioDeviceWriteIOps: [{ Path: "/dev/sda", Rate: 50 }],
    Devices: [
      { PathOnHost: "/dev/fuse", PathInContainer: "/dev/fuse", CgroupPermissions: "rwm" },
      { PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "r" },
    ],
    DeviceCgroupRules: ["c-1:3-mr"],
    DeviceRequests: [
      { Driver: "cdi", DeviceIDs: ["vendor.com/gpu=0"] },
      { Count: -1, Capabilities: [["gpu"]] },
    ],
    ...{ CpuPeriod: 100000, CpuQuota: 50000, CpusetMems: "0", MemorySwappiness: 10, OomKillDisable: true },
  });
  expect(bodyOf(["--gpus", '"device=0,1",driver=nvidia', "busybox"]).HostConfig?.DeviceRequests).toEqual([
    { DeviceIDs: ["0", "1"], Driver: "nvidia", Capabilities: [["gpu"]] },
  ]);
});

it("passes security profiles as their text, and opens /proc by two empty lists", () => {
  const seccomp = new Map([["p.json", '{\n "defaultAction": "SCMP_ACT_ALLOW" }']]);
  const line = "--security-opt seccomp=p.json --security-opt no-new-privileges --security-opt systempaths=unconfined";
  expect(bodyOf(`${line} busybox`, {}, { seccomp }).HostConfig).toMatchObject({
    SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}', "no-new-privileges"],
    MaskedPaths: [],
    ReadonlyPaths: [],
  });
  expect(() => bodyOf("--security-opt label busybox")).toThrow("--security-opt: label");
});

it("passes on what only another system can do, so that the engine refuses it by name", () => {
  const line = "--isolation hyperv --cpu-count 2 --io-maxiops 5 --kernel-memory 1m --cpu-rt-runtime 950";
  expect(bodyOf(`${line} busybox`).HostConfig).toMatchObject({
    ...{ Isolation: "hyperv", CpuCount: 2, IOMaximumIOps: 5, KernelMemory: 1024 ** 2, CpuRealtimeRuntime: 950 },
  });
});

it("knows hosts, links, annotations and volumes of others", () => {
  const body = bodyOf(
    "--add-host a=1.2.3.4 --add-host b:[::1] --link db --link x:y --annotation k=v --volumes-from o:ro b",
  );
  expect(body.HostConfig).toMatchObject({
    ExtraHosts: ["a:1.2.3.4", "b:::1"],
    Links: ["db:db", "x:y"],
    Annotations: { k: "v" },
    VolumesFrom: ["o:ro"],
  });
  expect(bodyOf("--network front --link db busybox").NetworkingConfig?.EndpointsConfig).toEqual({
    front: { Links: ["db"] },
  });
});

it("refuses flags that contradict each other", () => {
  for (const [line, message] of [
    ["--rm --restart always busybox", /--restart and --rm/],
    ["--no-healthcheck --health-cmd true busybox", /--no-healthcheck/],
    ["--network name=front,ip=10.0.0.9 --ip 10.0.0.8 busybox", /both set IPAMConfig/],
  ] as const) {
    expect(() => bodyOf(line)).toThrow(message);
  }
});

it("puts aliases on the first network and further networks beside it", () => {
  const body = bodyOf("--network front --network name=back,alias=db,ip=10.0.0.9 --network-alias web busybox");
  expect(body.HostConfig?.NetworkMode).toBe("front");
  expect(body.NetworkingConfig?.EndpointsConfig).toEqual({
    front: { Aliases: ["web"] },
    back: { Aliases: ["db"], IPAMConfig: { IPv4Address: "10.0.0.9" } },
  });
});

it.each([
  ["8080:80", { "80/tcp": [{ HostIp: "", HostPort: "8080" }] }],
  ["80", { "80/tcp": [{ HostIp: "", HostPort: "" }] }],
  ["127.0.0.1:8080:80/udp", { "80/udp": [{ HostIp: "127.0.0.1", HostPort: "8080" }] }],
  ["127.0.0.1::80", { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] }],
  ["[::1]:8080:80", { "80/tcp": [{ HostIp: "::1", HostPort: "8080" }] }],
  ["8000-8001:80-81", { "80/tcp": [{ HostIp: "", HostPort: "8000" }], "81/tcp": [{ HostIp: "", HostPort: "8001" }] }],
  ["target=80,published=8080,protocol=udp,mode=host", { "80/udp": [{ HostIp: "", HostPort: "8080" }] }],
  ["8000-8010:80", { "80/tcp": [{ HostIp: "", HostPort: "8000-8010" }] }],
])("publishes %s", (text, bindings) => {
  expect(parsePorts([text]).bindings).toEqual(bindings);
});

it("reads the fields of --mount and refuses unknown ones", () => {
  expect(parseMount("type=bind,src=./a,dst=/b,readonly", "/work")).toEqual({
    Type: "bind",
    Source: "/work/a",
    Target: "/b",
    ReadOnly: true,
  });
  expect(parseMount("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1777", "/")).toEqual({
    Type: "tmpfs",
    Target: "/t",
    TmpfsOptions: { SizeBytes: 1024 ** 2, Mode: 0o1777 },
  });
  expect(() => parseMount("type=bind,from=/a,target=/b", "/")).toThrow("from is not known");
  expect(() => parseMount("type=bind,target=/b", "/")).toThrow("a source is missing");
  expect(() => parseMount("type=volume,target=/b,bind-propagation=shared", "/")).toThrow(
    "not for mounts of type volume",
  );
});

it("reads fields of --mount that hold commas, and a driver's options", () => {
  expect(
    parseMount('type=volume,src=n,dst=/n,volume-driver=local,volume-opt=type=nfs,"volume-opt=o=addr=h,rw"', "/"),
  ).toEqual({
    Type: "volume",
    Source: "n",
    Target: "/n",
    VolumeOptions: { DriverConfig: { Name: "local", Options: { type: "nfs", o: "addr=h,rw" } } },
  });
});
