/** What fields of a create request do to real containers: many fields for each container. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContainerCreateBody } from "../../../wire/container.js";
import { never, RealEngine } from "../real-engine.fixture.js";

const real = new RealEngine();
beforeAll(() => real.open());
afterAll(() => real.remove());

/** Each line of `script` is `name: command`; the answer has the command's output by that name. */
async function ask(lines: Record<string, string>, body: ContainerCreateBody): Promise<Record<string, string>> {
  const script = Object.entries(lines).map(([name, line]) => `echo "@${name}"; { ${line}; } 2>&1`);
  const text = await real.output(script.join("\n"), body);
  const parts = text.split(/^@(.+)\n/m).slice(1);
  return Object.fromEntries(Object.keys(lines).map((name) => [name, (parts[parts.indexOf(name) + 1] ?? "").trim()]));
}

const refusal = (body: ContainerCreateBody) =>
  real.containers.create(undefined, { Image: "busybox", ...body }).then(() => "created", String);

describe("a container that is confined", () => {
  it("has the user, the groups and the limits that it asks for", async () => {
    const seen = await ask(
      {
        id: "id -u; id -g; id -G",
        files: "ulimit -n; ulimit -Hn",
        oom: "cat /proc/self/oom_score_adj",
        root: "touch /x",
        tmp: "touch /t/x && echo written; grep ' /t ' /proc/mounts",
        shm: "df -k /dev/shm | tail -1 | awk '{print $2}'",
        sysctl: "cat /proc/sys/kernel/msgmax",
        privileges: "grep NoNewPrivs /proc/self/status",
        capabilities: "grep CapBnd /proc/self/status",
        keys: "cat /proc/keys",
        uts: "hostname; cat /proc/sys/kernel/domainname",
        filter: "grep Seccomp: /proc/self/status",
      },
      {
        ...{ User: "ann", Hostname: "web", Domainname: "lan" },
        HostConfig: {
          ...{ GroupAdd: ["video", "99"], Ulimits: [{ Name: "nofile", Soft: 100, Hard: 200 }], OomScoreAdj: 500 },
          ...{ ReadonlyRootfs: true, Tmpfs: { "/t": "size=1m,mode=1777,exec" }, ShmSize: 8 * 1024 ** 2 },
          ...{ Sysctls: { "kernel.msgmax": "9000" }, SecurityOpt: ["no-new-privileges"], CapDrop: ["ALL"] },
          CapAdd: ["CHOWN"],
        },
      },
    );
    expect(seen).toMatchObject({
      ...{ id: "1000\n1000\n1000 77 78 99", files: "100\n200", oom: "500", shm: "8192", sysctl: "9000" },
      root: expect.stringContaining("Read-only file system"),
      tmp: expect.stringMatching(/^written\ntmpfs \/t tmpfs rw,nosuid,nodev,relatime,size=1024k/),
      ...{ privileges: "NoNewPrivs:\t1", capabilities: "CapBnd:\t0000000000000001", keys: "", uts: "web\nlan" },
      filter: "Seccomp:\t2",
    });
  });

  it("is free of what it asks to be free of", async () => {
    const seen = await ask(
      {
        ...{ filter: "grep Seccomp: /proc/self/status", paths: "grep -c ' /proc/' /proc/mounts" },
        ...{ pid: "readlink /proc/self/ns/pid", uts: "hostname", ipc: "readlink /proc/self/ns/ipc" },
      },
      {
        HostConfig: {
          ...{ SecurityOpt: ["seccomp=unconfined", "systempaths=unconfined"], PidMode: "host", UTSMode: "host" },
          ...{ IpcMode: "host", NetworkMode: "none" },
        },
      },
    );
    const facts = "hostname; readlink /proc/self/ns/pid; readlink /proc/self/ns/ipc";
    const [uts, pid, ipc] = execFileSync("sh", ["-c", facts], { encoding: "utf8" }).split("\n");
    expect(seen).toEqual({ filter: "Seccomp:\t0", paths: "0", uts, pid, ipc });
  });

  it("joins the namespaces of another, and has a first process that ends with it", async () => {
    const first = await real.run({ HostConfig: { IpcMode: "shareable", NetworkMode: "none", Init: true } });
    const of = (name: string) =>
      execFileSync("readlink", [`/proc/${real.containers.inspect(first).State.Pid}/ns/${name}`], { encoding: "utf8" });
    const seen = await ask(
      { pid: "readlink /proc/self/ns/pid", ipc: "readlink /proc/self/ns/ipc", init: "cat /proc/1/comm" },
      { HostConfig: { PidMode: `container:${first}`, IpcMode: `container:${first}`, NetworkMode: "none" } },
    );
    expect(seen).toMatchObject({ pid: of("pid").trim(), ipc: of("ipc").trim(), init: "docker-init" });
    await real.removeContainer(first);
  });

  it("has its limits in its cgroup, and takes new ones while it runs", async () => {
    const disk = execFileSync("lsblk", ["-dnpo", "NAME"], { encoding: "utf8" }).split("\n")[0] ?? "";
    const id = await real.run({
      HostConfig: {
        ...{
          Memory: 64 * 1024 ** 2,
          CpuShares: 512,
          NanoCpus: 5e8,
          CpusetCpus: "0",
          PidsLimit: 50,
          NetworkMode: "none",
        },
        ...(disk ? { BlkioDeviceReadBps: [{ Path: disk, Rate: 1048576 }] } : {}),
      },
    });
    const read = (v1: string, v2: string) => {
      const base = existsSync("/sys/fs/cgroup/cgroup.controllers");
      const path = base ? v2 : v1;
      const [hierarchy, file] = path.split("/") as [string, string];
      return readFileSync(
        join("/sys/fs/cgroup", base ? "" : hierarchy, real.instanceId, id, base ? hierarchy : file),
        "utf8",
      ).trim();
    };
    expect(read("memory/memory.limit_in_bytes", "memory.max")).toBe("67108864");
    expect(read("pids/pids.max", "pids.max")).toBe("50");
    expect(read("cpuset/cpuset.cpus", "cpuset.cpus")).toBe("0");
    if (disk) expect(read("blkio/blkio.throttle.read_bps_device", "io.max")).toContain("1048576");
    await real.containers.update(id, { Memory: 32 * 1024 ** 2, MemorySwap: 64 * 1024 ** 2, PidsLimit: 60 });
    expect(read("memory/memory.limit_in_bytes", "memory.max")).toBe("33554432");
    expect(read("pids/pids.max", "pids.max")).toBe("60");
    expect(real.containers.inspect(id).HostConfig).toMatchObject({ Memory: 33554432, PidsLimit: 60 });
    await real.removeContainer(id);
  });
});

describe("mounts", () => {
  it("show an image, whole or in part, without a way to write, and keep it while they do", async () => {
    const Mounts = [
      { Type: "image" as const, Source: "busybox", Target: "/img" },
      { Type: "image" as const, Source: "busybox:latest", Target: "/part", ImageOptions: { Subpath: "filled" } },
    ];
    const { Id } = await real.containers.create(undefined, {
      Image: "busybox",
      Cmd: ["sh", "-c", "cat /img/filled/seed /part/seed; touch /img/x /part/x"],
      HostConfig: { Mounts, NetworkMode: "none" },
    });
    expect((await real.containers.files.stat(Id, "/part/seed", never)).sizeBytes).toBe(5);
    await real.containers.start(Id);
    await real.containers.wait(Id, "not-running", never);
    expect(await real.logOf(Id)).toBe(
      "seed\nseed\ntouch: /img/x: Read-only file system\ntouch: /part/x: Read-only file system\n",
    );
    const listed = real.containers
      .inspect(Id)
      .Mounts.map(({ Type, Destination, RW }) => `${Type} ${Destination} ${RW}`);
    expect(listed).toEqual(["volume /filled true", "image /img false", "image /part false"]);
    const image = real.images.resolve("busybox").id;
    expect(real.containers.usersOf({ imageId: image })).toHaveLength(1);
    await real.removeContainer(Id);
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(real.dir);
    expect(readdirSync(join(real.dir, "state/rootfs"))).toEqual([]);
  });

  it("are read-only as far down as is asked, and recursive or not", async () => {
    const source = join(real.dir, "tree");
    mkdirSync(join(source, "below"), { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(source, "below")]);
    try {
      writeFileSync(join(source, "below/file"), "");
      const bind = (Target: string, BindOptions: object) => ({
        ...{ Type: "bind" as const, Source: source, Target, ReadOnly: true, BindOptions },
      });
      const seen = await ask(
        {
          ...{ deep: "touch /deep/below/x", flat: "touch /flat/x; touch /flat/below/x && echo written" },
          ...{ alone: "ls -A /alone/below", made: "ls -d /made" },
        },
        {
          HostConfig: {
            NetworkMode: "none",
            Mounts: [
              ...[
                bind("/deep", {}),
                bind("/flat", { ReadOnlyNonRecursive: true }),
                bind("/alone", { NonRecursive: true }),
              ],
              { ...bind("/made", { CreateMountpoint: true }), Source: join(source, "new") },
            ],
          },
        },
      );
      expect(seen.deep).toContain("Read-only file system");
      expect(seen).toMatchObject({ flat: "touch: /flat/x: Read-only file system\nwritten", alone: "", made: "/made" });
      const shared = { HostConfig: { Binds: [`${source}:/s:shared`], NetworkMode: "none" } };
      await expect(real.output("true", shared)).rejects.toThrow(/is not a shared mount/);
    } finally {
      execFileSync("umount", [join(source, "below")]);
    }
  });
});

it("files go in with the archive's owner or with the container's, and not where it cannot write", async () => {
  const { Id } = await real.containers.create(undefined, {
    ...{ Image: "busybox", User: "ann" },
    HostConfig: { ReadonlyRootfs: true, Binds: ["data:/ro:ro", "data:/rw"], NetworkMode: "none" },
  });
  const tar = () => {
    const options = ["--owner=5", "--group=6", "--numeric-owner"];
    return Readable.from(execFileSync("tar", [...options, "-C", join(real.dir, "rootfs/filled"), "-c", "seed"]));
  };
  const write = (path: string, toUser: boolean) =>
    real.containers.files.write(Id, { path, keepKinds: false, toUser }, { archive: tar(), signal: never });
  for (const isRunning of [false, true]) {
    if (isRunning) await real.containers.start(Id);
    const owner = () => execFileSync("stat", ["-c", "%u:%g", join(real.volumes.get("data").Mountpoint, "seed")]);
    await write("/rw", false);
    expect(String(owner())).toBe("5:6\n");
    await write("/rw", true);
    expect(String(owner())).toBe("1000:1000\n");
    await expect(write("/tmp", false)).rejects.toThrow("container rootfs is marked read-only");
    await expect(write("/ro", false)).rejects.toThrow("mounted volume is marked read-only");
  }
  await real.removeContainer(Id);
  await real.volumes.remove("data", { force: false, usedBy: () => [] });
});

it("volumes of another are there as it has them, or read-only (VolumesFrom)", async () => {
  const { Id } = await real.containers.create("donor", { Image: "busybox" });
  const HostConfig = { VolumesFrom: ["donor:ro"], NetworkMode: "none" };
  expect(await real.output("cat /filled/seed; touch /filled/x", { HostConfig })).toBe(
    "seed\ntouch: /filled/x: Read-only file system\n",
  );
  expect(await refusal({ HostConfig: { VolumesFrom: ["donor:rx"] } })).toContain("VolumesFrom: invalid mode: rx");
  await real.removeContainer(Id);
});

it("a volume on a device of its own is filled from the image as well", async () => {
  const Options = { type: "tmpfs", device: "tmpfs", o: "size=1m,mode=700" };
  const VolumeOptions = { DriverConfig: { Name: "local", Options }, Labels: { a: "b" } };
  const Mounts = [{ Type: "volume" as const, Source: "card", Target: "/filled", VolumeOptions }];
  const seen = await ask(
    { seed: "cat /filled/seed", kind: "grep -c '^tmpfs /filled ' /proc/mounts", mode: "stat -c %a /filled" },
    { HostConfig: { Mounts, NetworkMode: "none" } },
  );
  expect(seen).toEqual({ seed: "seed", kind: "1", mode: "755" });
  expect(real.volumes.get("card").Labels).toEqual({ a: "b" });
  await real.volumes.remove("card", { force: false, usedBy: () => [] });
});

describe("devices", () => {
  it("are nodes with the permissions that were asked for, and rules of their own", async () => {
    const seen = await ask(
      {
        node: "stat -c %t:%T /dev/n; cat /dev/n | wc -c; echo x >/dev/n",
        rule: "mknod /z c 1 5; head -c 3 /z | wc -c",
      },
      {
        HostConfig: {
          Devices: [{ PathOnHost: "/dev/null", PathInContainer: "/dev/n", CgroupPermissions: "rwm" }],
          ...{ DeviceCgroupRules: ["c 1:5 rwm"], NetworkMode: "none" },
        },
      },
    );
    expect(seen).toEqual({ node: "1:3\n0", rule: "3" });
  });

  it("come from descriptions of the Container Device Interface", async () => {
    mkdirSync(join(real.dir, "cdi"), { recursive: true });
    const hooked = join(real.dir, "hooked");
    writeFileSync(
      join(real.dir, "cdi/vendor.yaml"),
      `cdiVersion: "0.6.0"
kind: vendor.com/gpu
devices:
  - name: "0"
    containerEdits:
      env: [CARD=0]
      deviceNodes: [{ path: /dev/card0, hostPath: /dev/zero, permissions: r }]
containerEdits:
  env: [DRIVER=1]
  additionalGids: [4242]
  mounts: [{ hostPath: ${real.dir}/cdi, containerPath: /opt/driver, options: [ro, rbind] }]
  hooks: [{ hookName: createRuntime, path: /bin/touch, args: [touch, ${hooked}] }]
`,
    );
    writeFileSync(join(real.dir, "cdi/broken.json"), "{}");
    const DeviceRequests = [{ Driver: "cdi", DeviceIDs: ["vendor.com/gpu=0"] }];
    const seen = await ask(
      { env: "echo $CARD$DRIVER", node: "head -c 2 /dev/card0 | wc -c", mount: "ls /opt/driver", groups: "id -G" },
      { HostConfig: { DeviceRequests, NetworkMode: "none" } },
    );
    expect(seen).toMatchObject({ env: "01", node: "2", mount: "broken.json\nvendor.yaml" });
    expect(seen.groups?.split(" ")).toContain("4242");
    expect(existsSync(hooked)).toBe(true);
    const asks = (request: object) => refusal({ HostConfig: { DeviceRequests: [request] } });
    expect(await asks({ Driver: "cdi", DeviceIDs: ["vendor.com/gpu=7"] })).toContain("unresolvable CDI devices");
    expect(await asks({ Count: -1, Capabilities: [["gpu"]] })).toContain('could not select device driver ""');
    expect(real.containers.list({ all: true, filters: {} })).toHaveLength(0);
  });
});

it("nothing is made of a container that is refused", async () => {
  const refused: Array<[ContainerCreateBody["HostConfig"], string]> = [
    [{ CapAdd: ["FOO"] }, "invalid CapAdd: unknown capability"],
    [{ Sysctls: { "kernel.hostname": "x" } }, "sysctl 'kernel.hostname'"],
    [{ SecurityOpt: ["seccomp={"] }, "Decoding seccomp profile failed"],
    [{ Runtime: "kata" }, "unknown or invalid runtime name: kata"],
    [{ Devices: [{ PathOnHost: "/dev/nope", PathInContainer: "/x", CgroupPermissions: "rwm" }] }, "/dev/nope"],
    [{ VolumeDriver: "flocker", Binds: ["data:/d"] }, 'plugin "flocker" not found'],
    [{ PidMode: "container:nobody" }, "No such container: nobody"],
    [{ VolumesFrom: ["nobody"] }, "No such container: nobody"],
    [{ Mounts: [{ Type: "image", Source: "nothing", Target: "/i" }] }, "No such image: nothing"],
  ];
  for (const [HostConfig = {}, text] of refused) {
    const error = await real.containers.create(undefined, { Image: "busybox", HostConfig }).catch((thrown) => thrown);
    // Not 404: clients would pull the image again.
    expect(error).toMatchObject({ status: 400, message: expect.stringContaining(text) });
  }
  expect(real.containers.list({ all: true, filters: {} })).toHaveLength(0);
  for (const folder of ["state/containers/state", "state/rootfs"]) {
    expect(readdirSync(join(real.dir, folder)).filter((name) => name !== "boot-id")).toEqual([]);
  }
});
