/** A container must have a world of its own, and no more of the host's than Docker's default gives. */
import { hostname } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Project, scenarioDir } from "../harness/gantry.js";

let gantry: Gantry;
let project: Project;

beforeAll(async () => {
  gantry = await aGantry();
  await gantry.importImages("debian", "python");
  project = gantry.project(scenarioDir("isolation"));
  await project.ok("up", "-d");
});
afterAll(async () => {
  await project?.clear();
  await gantry?.[Symbol.asyncDispose]();
});

const plain = (...command: string[]) => project.exec("plain", ...command);
const limited = (...command: string[]) => project.exec("limited", ...command);

describe("a container", () => {
  it("has its command as process 1 and sees no process of the host", async () => {
    expect(await plain("cat", "/proc/1/cmdline")).toBe("sleep\u00001000\u0000");
    const processes = (await plain("sh", "-c", "echo /proc/[0-9]*")).split(" ");
    expect(processes.length).toBeLessThan(6);
  });

  it("has the start of its id as host name, not the host's", async () => {
    expect(await plain("hostname")).toBe((await project.container("plain")).slice(0, 12));
    expect(await limited("hostname")).toBe("narrow");
    expect(await plain("hostname")).not.toBe(hostname());
  });

  it("has the root file system of its image and none of the host's mounts", async () => {
    expect(await plain("cat", "/etc/debian_version")).toMatch(/\d/);
    const mounts = (await plain("cat", "/proc/self/mounts")).split("\n").map((line) => line.split(" ")[1]);
    expect(mounts).toContain("/");
    expect(mounts.filter((path) => /^\/(home|var|root|tmp|mnt)/.test(path ?? ""))).toEqual([]);
  });

  it("has one interface beside lo", async () => {
    expect((await plain("ls", "/sys/class/net")).split("\n").sort()).toEqual(["eth0", "lo"]);
  });

  it("has Docker's default capabilities, its seccomp filter, and no way to raise them", async () => {
    const status = await plain("cat", "/proc/1/status");
    for (const set of ["CapPrm", "CapEff", "CapBnd"]) expect(status).toContain(`${set}:\t00000000a80425fb`);
    for (const set of ["CapInh", "CapAmb"]) expect(status).toContain(`${set}:\t0000000000000000`);
    expect(status).toContain("Seccomp:\t2");
  });

  it("has /proc and /sys masked and read-only where Docker masks them", async () => {
    expect(await plain("sh", "-c", "cat /proc/kcore /proc/timer_list 2>/dev/null | wc -c")).toBe("0");
    expect(await plain("sh", "-c", "ls -A /sys/firmware /proc/acpi /proc/scsi 2>/dev/null | grep -v :")).toBe("");
    const writes =
      "for f in /proc/sys/kernel/domainname /proc/sysrq-trigger /sys/kernel/uevent_helper; do " +
      '{ echo x >"$f"; } 2>/dev/null && echo "wrote $f"; done; true';
    expect(await plain("sh", "-c", writes)).toBe("");
  });

  it("cannot make device nodes of the host's disks, mount, or set the clock", async () => {
    const attempts =
      "mknod /tmp/disk b 8 0 && cat /tmp/disk >/dev/null 2>&1 && echo disk; " +
      "mount -t tmpfs x /mnt 2>/dev/null && echo mount; date -s 2001-01-01 >/dev/null 2>&1 && echo clock; true";
    expect((await project.run("exec", "-T", "plain", "sh", "-c", attempts)).stdout).toBe("");
  });

  it("has the devices of Docker's list", async () => {
    const devices = (await plain("ls", "/dev")).split("\n");
    for (const device of ["null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "mqueue"]) {
      expect(devices).toContain(device);
    }
  });
});

describe("what a service asks for", () => {
  it("is its user, directory, capabilities, limits and sysctls", async () => {
    expect(await limited("id")).toBe("uid=1234 gid=1234 groups=1234");
    expect(await limited("pwd")).toBe("/usr");
    expect(await limited("grep", "CapBnd", "/proc/1/status")).toBe("CapBnd:\t0000000000000400");
    expect(await limited("sh", "-c", "ulimit -Sn; ulimit -Hn")).toBe("100\n200");
    expect(await limited("cat", "/proc/sys/net/core/somaxconn")).toBe("321");
  });

  it("is a root file system that takes no writes, and a tmpfs that does", async () => {
    expect((await project.run("exec", "-T", "limited", "touch", "/usr/file")).output).toContain(
      "Read-only file system",
    );
    expect(await limited("grep", "-c", " /scratch tmpfs ", "/proc/self/mounts")).toBe("1");
  });

  it("is a number of processes that is not exceeded", async () => {
    const burst = "for i in $(seq 40); do sleep 3 & done; wait";
    const outcome = await project.run("exec", "-T", "limited", "bash", "-c", burst);
    expect(outcome.output).toMatch(/Resource temporarily unavailable|Cannot fork/);
  });

  it("is memory: an allocation beyond the limit is killed, and inspect says so", async () => {
    const container = await project.container("hungry");
    await eventually(async () => {
      const { State } = await gantry.inspect(container);
      expect([State.Status, State.ExitCode, State.OOMKilled]).toEqual(["exited", 137, true]);
    });
  });
});
