import { expect, it } from "vitest";
import type { OciSeccomp } from "../../../oci/runtime-spec.js";
import { buildExecProcess, buildSpec, encodeSpec } from "./build-spec.js";
import { anInput } from "./spec.fixture.js";

const mountLine = (mount: { destination: string; options?: string[] }) =>
  `${mount.destination} ${mount.options?.join(",")}`;

it("gives Docker's fourteen capabilities, neither inheritable nor ambient", () => {
  const { capabilities } = buildSpec(anInput()).process;
  expect(capabilities?.bounding.map((name) => name.slice(4)).sort()).toEqual([
    ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW"],
    ...["SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
  ]);
  expect(capabilities?.effective).toEqual(capabilities?.bounding);
  expect([capabilities?.inheritable, capabilities?.ambient]).toEqual([[], []]);
});

it("adds and drops capabilities by any spelling, and refuses unknown ones", () => {
  const bounding = (CapAdd: string[], CapDrop: string[]) =>
    buildSpec(anInput({ CapAdd, CapDrop })).process.capabilities?.bounding;
  expect(bounding(["net_admin"], ["ALL"])).toEqual(["CAP_NET_ADMIN"]);
  expect(bounding([], ["CAP_MKNOD"])).toHaveLength(13);
  expect(bounding(["ALL"], ["sys_admin"])).toHaveLength(40);
  expect(() => bounding(["FLY"], [])).toThrow('invalid CapAdd: unknown capability: "CAP_FLY"');
});

it("mounts the defaults in Docker's order, then the user's by depth, then the engine's files", () => {
  const { mounts } = buildSpec(
    anInput(
      { Init: true },
      {},
      {
        mounts: [
          { kind: "bind", source: "/v", target: "/a/b", readOnly: true, propagation: "", recursive: true },
          { kind: "tmpfs", target: "/a", options: ["size=1m", "exec"] },
        ],
        etcMounts: [{ source: "/s/hosts", target: "/etc/hosts" }],
      },
    ),
  );
  expect(mounts.map(mountLine)).toEqual([
    "/proc nosuid,noexec,nodev",
    "/dev nosuid,strictatime,mode=755,size=65536k",
    "/dev/pts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5",
    "/sys nosuid,noexec,nodev,ro",
    "/sys/fs/cgroup ro,nosuid,noexec,nodev",
    "/dev/mqueue nosuid,noexec,nodev",
    "/dev/shm nosuid,noexec,nodev,mode=1777,size=67108864",
    "/sbin/docker-init bind,private,ro",
    "/a nosuid,nodev,rprivate,size=1m,exec",
    "/a/b rbind,rprivate,ro",
    "/etc/hosts rbind,rprivate",
  ]);
});

it("lets a user's mount replace a default, and one on /dev all below it", () => {
  const at = (target: string) => {
    const mounts = [{ kind: "tmpfs", target, options: [] }] as const;
    return buildSpec(anInput({}, {}, { mounts })).mounts.map((mount) => mount.destination);
  };
  expect(at("/dev/shm").filter((target) => target === "/dev/shm")).toHaveLength(1);
  expect(at("/dev")).toEqual(["/proc", "/sys", "/sys/fs/cgroup", "/dev"]);
});

it("runs the command under the init only in a PID namespace of its own", () => {
  const config = { Entrypoint: ["a"], Cmd: ["b"] };
  expect(buildSpec(anInput({ Init: true }, config)).process.args).toEqual(["/sbin/docker-init", "--", "a", "b"]);
  expect(buildSpec(anInput({ Init: true }, config, { pid: { kind: "host" } })).process.args).toEqual(["a", "b"]);
  expect(buildSpec(anInput({}, { Entrypoint: [""], Cmd: ["b"] })).process.args).toEqual(["b"]);
  expect(() => buildSpec(anInput({}, { Cmd: [] }))).toThrow("No command specified");
});

it("sets PATH, HOSTNAME and HOME unless the container says otherwise", () => {
  expect(buildSpec(anInput({}, { Env: ["HOME=/x", "A=1", "PATH"] })).process.env).toEqual([
    "HOSTNAME=0123456789ab",
    "HOME=/x",
    "A=1",
  ]);
});

it("turns limits into cgroup resources", () => {
  const { resources } = buildSpec(
    anInput({ Memory: 64 * 1024 ** 2, NanoCpus: 1.5e9, PidsLimit: 10, CpuShares: 512, MemorySwappiness: 5 }),
  ).linux;
  expect(resources).toMatchObject({
    memory: { limit: 67108864, swap: 134217728, swappiness: 5 },
    cpu: { period: 100000, quota: 150000, shares: 512 },
    pids: { limit: 10 },
  });
  const v2 = anInput(
    { Memory: 64 * 1024 ** 2, MemorySwappiness: 5, OomKillDisable: true },
    {},
    { host: { cgroupVersion: 2 } },
  );
  expect(buildSpec(v2).linux.resources?.memory).toEqual({ limit: 67108864, swap: 134217728 });
  expect(buildSpec(v2).linux.namespaces).toContainEqual({ type: "cgroup" });
  expect(buildSpec(anInput()).linux.resources).not.toHaveProperty("memory");
});

it("takes as much of a ulimit as the engine may give", () => {
  const ulimits = {
    Ulimits: [
      { Name: "nofile", Soft: 1024, Hard: 65536 },
      { Name: "core", Soft: -1, Hard: -1 },
    ],
  };
  expect(buildSpec(anInput(ulimits)).process.rlimits?.[0]).toEqual({ type: "RLIMIT_NOFILE", soft: 1024, hard: 20000 });
  const raising = buildSpec(anInput(ulimits, {}, { host: { mayRaiseLimits: true } }));
  expect(raising.process.rlimits?.[0]?.hard).toBe(65536);
  expect(encodeSpec(raising)).toContain('"soft":18446744073709551615,"hard":18446744073709551615');
});

it("hides paths and filters system calls, unless privileged", () => {
  const plain = buildSpec(anInput()).linux;
  expect(plain.maskedPaths).toContain("/proc/kcore");
  expect(plain.readonlyPaths).toEqual(["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]);
  expect(plain.seccomp?.defaultAction).toBe("SCMP_ACT_ERRNO");
  const privileged = buildSpec(anInput({ Privileged: true }));
  expect([privileged.linux.maskedPaths, privileged.linux.readonlyPaths]).toEqual([[], []]);
  expect(privileged.linux.seccomp).toBeUndefined();
  expect(privileged.process.capabilities?.bounding).toHaveLength(41);
  expect(privileged.linux.resources?.devices).toEqual([{ allow: true, access: "rwm" }]);
  expect(buildSpec(anInput({ SecurityOpt: ["seccomp=unconfined"] })).linux.seccomp).toBeUndefined();
});

it("allows system calls by capability and architecture", () => {
  const names = (seccomp?: OciSeccomp) =>
    (seccomp?.syscalls ?? []).filter(({ args }) => !args).flatMap((rule) => rule.names);
  const plain = names(buildSpec(anInput()).linux.seccomp);
  for (const name of ["read", "openat2", "arch_prctl", "chroot", "ptrace"]) expect(plain).toContain(name);
  for (const name of [
    "mount",
    "bpf",
    "setns",
    "kexec_load",
    "keyctl",
    "io_uring_setup",
    "socket",
    "clone",
    "personality",
  ])
    expect(plain).not.toContain(name);
  expect(names(buildSpec(anInput({ CapAdd: ["SYS_ADMIN"] })).linux.seccomp)).toContain("mount");
  expect(names(buildSpec(anInput({}, {}, { host: { arch: "arm64" } })).linux.seccomp)).not.toContain("arch_prctl");
});

it("refuses kernel parameters that are the host's", () => {
  expect(() => buildSpec(anInput({ Sysctls: { "vm.swappiness": "1" } }))).toThrow("not in a separate kernel namespace");
  expect(() =>
    buildSpec(anInput({ Sysctls: { "net.core.somaxconn": "1" } }, {}, { network: { kind: "host" } })),
  ).toThrow();
  expect(buildSpec(anInput({ Sysctls: { "net.core.somaxconn": "99" } })).linux.sysctl).toMatchObject({
    "net.core.somaxconn": "99",
    "net.ipv4.ip_unprivileged_port_start": "0",
  });
});

it("gives an exec the container's surroundings", () => {
  const input = anInput({}, { Env: ["A=1"], WorkingDir: "/w" });
  const exec = buildExecProcess(input, { Cmd: ["ls"], Env: ["B=2"] }, { user: input.user });
  expect(exec).toMatchObject({ args: ["ls"], cwd: "/w", terminal: false });
  expect(exec.env.slice(-2)).toEqual(["A=1", "B=2"]);
});
