import { expect, it } from "vitest";
import { aNetwork, aProject, aVolume, type ServiceInput } from "../plan.fixture.js";
import { containerBody } from "./container-body.js";
import { hashService } from "./service-hash.js";

const bodyOf = (input: ServiceInput, more: Parameters<typeof aProject>[1] = {}) => {
  const project = aProject({ web: input }, more);
  const service = project.services.get("web");
  if (!service) throw new Error("no service");
  return containerBody(project, service, { labels: { a: "b" }, inherited: [] });
};
const hostOf = (input: ServiceInput, more: Parameters<typeof aProject>[1] = {}) => bodyOf(input, more).HostConfig ?? {};

it("links containers on the default bridge by the host configuration, others by their endpoints", () => {
  const links = { external_links: ["legacy-db:database"] };
  expect(hostOf({ ...links, network_mode: "bridge", networks: [] }).Links).toEqual(["legacy-db:database"]);
  expect(hostOf(links).Links).toBeUndefined();
});

it("passes on process, user and terminal", () => {
  expect(
    bodyOf({
      command: ["-v"],
      entrypoint: [],
      environment: { A: "1", GONE: null },
      user: "1000:1000",
      working_dir: "/srv",
      hostname: "h",
      domainname: "example.org",
      tty: true,
      stdin_open: true,
      stop_signal: "SIGINT",
      stop_grace_period: 1.5e9,
    }),
  ).toMatchObject({
    Image: "busybox",
    Cmd: ["-v"],
    Entrypoint: [],
    Env: ["A=1", "GONE"],
    User: "1000:1000",
    WorkingDir: "/srv",
    Hostname: "h",
    Domainname: "example.org",
    Tty: true,
    OpenStdin: true,
    StopSignal: "SIGINT",
    StopTimeout: 2,
    Labels: { a: "b" },
  });
});

it("leaves to the image what the file does not say", () => {
  const body = bodyOf({});
  for (const key of ["Cmd", "Entrypoint", "User", "WorkingDir", "Hostname", "Healthcheck", "StopTimeout"]) {
    expect(body).not.toHaveProperty(key);
  }
});

it("runs PROJECT-SERVICE when only a build is given", () => {
  const project = aProject({ web: { build: { context: "/src" } } });
  const { image: _image, ...service } =
    project.services.get("web") ?? aProject({ web: {} }).services.get("web") ?? never();
  expect(containerBody(project, service, { labels: {}, inherited: [] }).Image).toBe("shop-web");
});

it("puts every network into the one call, the one of highest priority first", () => {
  const place = { aliases: ["www"], driver_opts: {} };
  const project = aProject({ web: { mac_address: "02:00:00:00:00:01" } });
  const service = {
    ...(project.services.get("web") ?? never()),
    networks: new Map([
      ["back", { ...place, ipv4_address: "10.1.0.5", gw_priority: 3 }],
      ["front", { ...place, priority: 10 }],
    ]),
  };
  const networks = new Map([
    ["back", aNetwork("back")],
    ["front", aNetwork("front", { name: "edge" })],
  ]);
  const body = containerBody({ ...project, networks }, service, { labels: {}, inherited: [] });
  expect(body.HostConfig?.NetworkMode).toBe("edge");
  expect(Object.entries(body.NetworkingConfig?.EndpointsConfig ?? {})).toEqual([
    ["edge", { Aliases: ["web", "www"], MacAddress: "02:00:00:00:00:01" }],
    ["shop_back", { Aliases: ["web", "www"], IPAMConfig: { IPv4Address: "10.1.0.5" }, GwPriority: 3 }],
  ]);
});

it("has its address on the default bridge, and none where there is no interface of its own", () => {
  const mac_address = "02:00:00:00:00:01";
  const endpoints = { bridge: { MacAddress: mac_address } };
  expect(bodyOf({ mac_address, network_mode: "bridge" }).NetworkingConfig?.EndpointsConfig).toEqual(endpoints);
  expect(bodyOf({ network_mode: "bridge" })).not.toHaveProperty("NetworkingConfig");
  expect(bodyOf({ mac_address, network_mode: "host" })).not.toHaveProperty("NetworkingConfig");
});

it("joins the network of another service's first replica, of the host, or of nobody", () => {
  expect(hostOf({ network_mode: "host" }).NetworkMode).toBe("host");
  expect(hostOf({ networks: [] }).NetworkMode).toBe("none");
  const project = aProject({ db: {}, web: { network_mode: "service:db", pid: "service:db", ipc: "host" } });
  const service = project.services.get("web") ?? never();
  expect(containerBody(project, service, { labels: {}, inherited: [] }).HostConfig).toMatchObject({
    NetworkMode: "container:shop-db-1",
    PidMode: "container:shop-db-1",
    IpcMode: "host",
  });
});

it("publishes ports, each on its address, and exposes them", () => {
  const ports = [
    { target: 80, published: "8080", protocol: "tcp", mode: "ingress" },
    { target: 80, published: "8081", host_ip: "127.0.0.1", protocol: "tcp", mode: "ingress" },
    { target: 53, protocol: "udp", mode: "ingress" },
  ] as const;
  const body = bodyOf({ ports, expose: ["9000/tcp"] });
  expect(body.HostConfig?.PortBindings).toEqual({
    "80/tcp": [
      { HostIp: "", HostPort: "8080" },
      { HostIp: "127.0.0.1", HostPort: "8081" },
    ],
    "53/udp": [{ HostIp: "", HostPort: "" }],
  });
  expect(Object.keys(body.ExposedPorts ?? {})).toEqual(["53/udp", "80/tcp", "9000/tcp"]);
});

it("mounts volumes by their engine name, binds as text, and the rest as mounts", () => {
  const volumes = [
    { type: "volume", source: "data", target: "/data", read_only: true, volume: { nocopy: true } },
    { type: "volume", target: "/anon", read_only: false },
    {
      type: "bind",
      source: "/src/conf",
      target: "/conf",
      read_only: true,
      bind: { create_host_path: true, selinux: "z" },
    },
    { type: "bind", source: "/src/must", target: "/must", read_only: false, bind: { create_host_path: false } },
    { type: "tmpfs", target: "/run", read_only: false, tmpfs: { size: 1024, mode: 0o700 } },
  ] as const;
  const host = hostOf({ volumes, tmpfs: ["/tmp:size=1m", "/t2"] }, { volumes: new Map([["data", aVolume("data")]]) });
  expect(host.Binds).toEqual(["/src/conf:/conf:ro,z"]);
  expect(host.Mounts).toEqual([
    { Type: "volume", Source: "shop_data", Target: "/data", ReadOnly: true, VolumeOptions: { NoCopy: true } },
    { Type: "volume", Target: "/anon", ReadOnly: false },
    { Type: "bind", Source: "/src/must", Target: "/must", ReadOnly: false, BindOptions: { CreateMountpoint: false } },
    { Type: "tmpfs", Target: "/run", ReadOnly: false, TmpfsOptions: { SizeBytes: 1024, Mode: 0o700 } },
  ]);
  expect(host.Tmpfs).toEqual({ "/tmp": "size=1m", "/t2": "" });
});

it("binds config files read-only, and sends contents beside labels and mounts", () => {
  const configs = new Map([["conf", { key: "conf", name: "c", file: "/src/app.conf", external: false }]]);
  const secrets = new Map([["pw", { key: "pw", name: "s", environment: "PW", external: false }]]);
  const more = { configs, secrets, environment: { PW: "tiger" } };
  const input = {
    configs: [{ source: "conf", target: "/etc/app.conf" }],
    secrets: [{ source: "pw", target: "/run/secrets/pw", uid: "33", mode: 0o400 }],
  };
  const host = hostOf(input, more);
  expect(host.Mounts).toEqual([{ Type: "bind", Source: "/src/app.conf", Target: "/etc/app.conf", ReadOnly: true }]);
  const Data = Buffer.from("tiger").toString("base64");
  expect(host.GantryFiles).toEqual([{ Target: "/run/secrets/pw", Data, Mode: 0o400, Uid: 33 }]);
  expect(() => hostOf(input, { ...more, environment: {} })).toThrow('The secret "pw" needs PW, which is not set');
});

it("passes on limits, security, devices and restart policy", () => {
  expect(
    hostOf({
      resources: { cpus: 0.5, mem_limit: 1 << 20, pids_limit: 10, memswap_limit: -1 },
      cap_add: ["NET_ADMIN"],
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges", "systempaths=unconfined"],
      devices: [{ source: "/dev/fuse", target: "/dev/fuse", permissions: "rwm" }],
      ulimits: { nofile: { soft: 1, hard: 2 } },
      sysctls: { "net.core.somaxconn": "1" },
      extra_hosts: ["db=10.0.0.1"],
      dns: ["1.1.1.1"],
      init: true,
      shm_size: 4096,
      privileged: true,
      read_only: true,
      restart: { name: "on-failure", max_attempts: 3 },
      logging: { driver: "local", options: { "max-size": "1m" } },
    }),
  ).toMatchObject({
    NanoCpus: 5e8,
    Memory: 1 << 20,
    PidsLimit: 10,
    MemorySwap: -1,
    CapAdd: ["NET_ADMIN"],
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges"],
    MaskedPaths: [],
    ReadonlyPaths: [],
    Devices: [{ PathOnHost: "/dev/fuse", PathInContainer: "/dev/fuse", CgroupPermissions: "rwm" }],
    Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }],
    Sysctls: { "net.core.somaxconn": "1" },
    ExtraHosts: ["db:10.0.0.1"],
    Dns: ["1.1.1.1"],
    Init: true,
    ShmSize: 4096,
    Privileged: true,
    ReadonlyRootfs: true,
    RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 },
    LogConfig: { Type: "local", Config: { "max-size": "1m" } },
  });
});

it("hashes what a container depends on, contents included, and nothing else", () => {
  const digestOf = (
    input: ServiceInput,
    more: Parameters<typeof aProject>[1] = {},
    { files = [], secrets = [] }: { files?: [string, string][]; secrets?: [string, string][] } = {},
  ) => {
    const project = aProject({ web: input }, more);
    const digests = { fileDigests: new Map(files), secretDigests: new Map(secrets) };
    return hashService(project.services.get("web") ?? never(), project, digests);
  };
  const plain = digestOf({});
  expect(digestOf({ scale: 3, pull_policy: "always", profiles: ["x"], depends_on: { db: {} } })).toBe(plain);
  expect(digestOf({ command: [] })).not.toBe(plain);
  const configs = [{ source: "conf", target: "/c" }];
  const inline = (content: string) => ({
    configs: new Map([["conf", { key: "conf", name: "c", content, external: false }]]),
  });
  expect(digestOf({ configs }, inline("a"))).not.toBe(digestOf({ configs }, inline("b")));
  const bound = { configs: new Map([["conf", { key: "conf", name: "c", file: "/f", external: false }]]) };
  const ofFile = (digest: string) => digestOf({ configs }, bound, { files: [["/f", digest]] });
  expect(ofFile("1")).not.toBe(ofFile("2"));
  const secrets = [{ source: "key", target: "/run/secrets/key" }];
  const secret = (content: string, digest: string) =>
    digestOf(
      { secrets },
      { secrets: new Map([["key", { key: "key", name: "k", content, external: false }]]) },
      { secrets: [["key", digest]] },
    );
  expect(secret("1234", "keyed 1")).not.toBe(secret("1234", "keyed 2"));
  expect(secret("1234", "keyed 1")).toBe(secret("5678", "keyed 1")); // the content itself is nowhere in it
});

function never(): never {
  throw new Error("missing in the fixture");
}
