/** What only a system of its own shows: pure cgroup v2 with crun, systemd, AppArmor, and a reboot. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accelerationOf, aVirtualMachine, type VirtualMachine } from "./vm.js";

const acceleration = await accelerationOf(process.env.GANTRY_VM_ACCEL);
const accelerator = "accelerator" in acceleration ? acceleration.accelerator : undefined;
const reason = "unusable" in acceleration ? ` (skipped: ${acceleration.unusable})` : "";
/** Emulated processors are some twenty times slower than those of the machine. */
const timeout = accelerator === "tcg" ? 900_000 : 120_000;

const composeFile = `
services:
  web:
    image: busybox
    init: true
    command: ["sh", "-c", "mkdir /www; echo hello >/www/index.html; exec httpd -f -p 80 -h /www"]
    restart: always
    ports: ["8080:80"]
    mem_limit: 64m
    cpus: 0.5
    pids_limit: 50
    healthcheck: { test: [CMD, wget, -qO-, "http://127.0.0.1/"], interval: 5s, start_period: 60s, start_interval: 1s }
  free:
    image: busybox
    init: true
    command: ["sleep", "infinity"]
    restart: unless-stopped
    security_opt: [apparmor=unconfined]
  hog:
    image: busybox
    command: ["tail", "/dev/zero"]
    mem_limit: 16m
    profiles: [hog]
`;

describe.skipIf(!accelerator)(`a Debian machine of its own${reason}`, { timeout }, () => {
  let machine: VirtualMachine;
  const inProject = (script: string) => machine.run(`cd /root/p && ${script}`);
  const statusOf = (service: string) => inProject(`gantry ps -a --format json ${service} | grep -o '"State":"[a-z]*"'`);

  beforeAll(async () => {
    machine = await aVirtualMachine(accelerator ?? "kvm");
    await machine.run("gantry image import /opt/gantry/busybox.tar busybox");
    await machine.run(`mkdir /root/p && cat >/root/p/compose.yaml <<'END'\n${composeFile}\nEND`);
  }, timeout);
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  it("has all that the engine needs: pure cgroup v2, crun, AppArmor", async () => {
    expect(await machine.run("stat --file-system --format %T /sys/fs/cgroup")).toBe("cgroup2fs");
    const doctor = await machine.run("gantry doctor");
    expect(doctor).toMatch(/ok +runtime +crun/);
    expect(doctor).toMatch(/ok +cgroups +v2/);
    expect(doctor).toMatch(/ok +apparmor +\/\S*apparmor_parser/);
    expect(doctor).not.toMatch(/^(warn|fail)/m);
  });

  it("runs a project: healthy, published, limited", async () => {
    await inProject("gantry up -d --wait");
    expect(await machine.run("busybox wget -qO- http://127.0.0.1:8080/")).toBe("hello");
    const limits = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max";
    expect(await inProject(`gantry exec -T web sh -c '${limits}'`)).toBe("67108864\n50\n50000 100000");
  });

  it("fences containers with the default AppArmor profile, unless told otherwise", async () => {
    const fence = (service: string) => inProject(`gantry exec -T ${service} cat /proc/1/attr/current`);
    expect(await fence("web")).toBe("gantry-default (enforce)");
    expect(await fence("free")).toBe("unconfined");
    const attempt = "docker-init -h >/dev/null 2>&1; mount -t tmpfs x /mnt 2>&1 || true";
    expect(await inProject(`gantry exec -T web sh -c '${attempt}'`)).toMatch(/denied/);
  });

  it("changes limits while the container runs, and pauses it", async () => {
    await inProject("gantry container update --memory 80m --pids-limit 60 p-web-1");
    const limits = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max";
    expect(await inProject(`gantry exec -T web sh -c '${limits}'`)).toBe("83886080\n60");
    await inProject("gantry pause web");
    expect(await machine.run("grep -h frozen /sys/fs/cgroup/gantry-*/*/cgroup.events | sort -u")).toContain("frozen 1");
    await inProject("gantry unpause web");
    expect(await inProject("gantry container stats --no-stream --format json p-web-1")).toMatch(/"MemUsage":"[1-9]/);
  });

  it("tells that a container ran out of memory", async () => {
    await inProject("gantry up -d hog && gantry container wait p-hog-1");
    expect(await inProject("gantry container inspect p-hog-1")).toMatch(/"OOMKilled": true/);
  });

  it("brings the engine back after its end, and containers run on", async () => {
    await inProject("gantry engine install");
    const before = await inProject("gantry container inspect p-web-1 | grep '\"Pid\":'");
    await machine.run("systemctl is-active gantry && systemctl kill --kill-who=main --signal=KILL gantry");
    await inProject("gantry up -d --wait web");
    expect(await inProject("gantry container inspect p-web-1 | grep '\"Pid\":'")).toBe(before);
    expect(await machine.run("busybox wget -qO- http://127.0.0.1:8080/")).toBe("hello");
  });

  it.each(["reboot", "crash"] as const)(
    "starts what is to run always after a %s, and not what was stopped",
    async (end) => {
      await inProject("gantry up -d --wait web && gantry stop --timeout 1 free");
      await machine[end]();
      await machine.run("systemctl is-active gantry || systemctl start gantry");
      await inProject("gantry up -d --wait web --no-recreate");
      expect([await statusOf("web"), await statusOf("free")]).toEqual(['"State":"running"', '"State":"exited"']);
      expect(await inProject("gantry container inspect p-web-1 | grep RestartCount")).toContain("0");
      expect(await machine.run("busybox wget -qO- http://127.0.0.1:8080/")).toBe("hello");
    },
  );

  it("is left as it was found", async () => {
    await inProject("gantry --profile hog down --volumes && gantry engine uninstall");
    expect(await machine.run("ip -brief link | grep -c gt || true")).toBe("0");
    expect(await machine.run("mount | grep -c /rootfs/ || true")).toBe("0");
    expect(await machine.run("find /sys/fs/cgroup/gantry-*/* -maxdepth 0 -type d -name '????????????*' | wc -l")).toBe(
      "0",
    );
  });
});
