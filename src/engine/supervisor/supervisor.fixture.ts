/** A supervisor of its own with real conmon, a real runtime and busybox as root file system. For tests. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { OciSpec } from "../../oci/runtime-spec.js";
import { removeCgroup } from "../runtime/cgroups.js";
import type { OciRuntime } from "../runtime/oci-runtime.js";
import { ConmonSupervisor } from "./conmon-supervisor.js";
import type { ProcessExit, ProcessRequest } from "./supervisor.js";

const applets = [
  "sh",
  "echo",
  "cat",
  "sleep",
  "true",
  "false",
  "seq",
  "stty",
  "dd",
  "tail",
  "kill",
  "wc",
  "head",
  "tr",
];

/** A place for one test file's probe of runtimes; the caller removes `wrapperDir`. */
export function probeDirs() {
  const folder = mkdtempSync(join(tmpdir(), "gantry-test-runtimes-"));
  return { cacheFile: join(folder, "runtimes.json"), wrapperDir: folder };
}

/** `exits` collects what `onExit` told; `exitOf` waits for one. */
export class Bench {
  readonly dir = mkdtempSync(join(tmpdir(), "gantry-sup-"));
  readonly runDir = join(this.dir, "run");
  readonly cgroup = `/${basename(this.dir)}`;
  readonly runtime: OciRuntime;
  supervisor: ConmonSupervisor;
  readonly exits: ProcessExit[] = [];
  #listeners: Array<() => void> = [];
  #count = 0;

  constructor(
    runtime: OciRuntime = { name: "runc", command: "/usr/sbin/runc", binary: "/usr/sbin/runc", version: "" },
  ) {
    this.runtime = runtime;
    this.supervisor = this.newSupervisor();
  }

  newSupervisor(): ConmonSupervisor {
    const supervisor = new ConmonSupervisor({
      runDir: this.runDir,
      conmonPath: "/usr/bin/conmon",
      runtimes: [this.runtime],
      defaultRuntime: this.runtime.name,
      monitorCgroup: `${this.cgroup}/monitors`,
    });
    supervisor.onExit = (exit) => {
      this.exits.push(exit);
      for (const wake of this.#listeners.splice(0)) wake();
    };
    return supervisor;
  }

  /** A request for `args` in a fresh busybox root; `change` may alter the spec. */
  request(args: string[], options: Partial<ProcessRequest> = {}, change: (spec: OciSpec) => void = () => {}) {
    const containerId = `${basename(this.dir)}-${++this.#count}`;
    const bundleDir = join(this.dir, containerId);
    const rootfs = join(bundleDir, "rootfs");
    mkdirSync(join(rootfs, "bin"), { recursive: true });
    for (const folder of ["proc", "dev", "sys", "tmp"]) mkdirSync(join(rootfs, folder));
    copyFileSync("/bin/busybox", join(rootfs, "bin/busybox"));
    for (const applet of applets) symlinkSync("busybox", join(rootfs, "bin", applet));
    const spec = aSpec(args, rootfs, `${this.cgroup}/${containerId}`, options.tty ?? false);
    change(spec);
    const logPath = join(this.dir, `${containerId}.log`);
    return { containerId, spec, bundleDir, logPath, tty: false, openStdin: false, ...options } satisfies ProcessRequest;
  }

  async exitOf(containerId: string): Promise<ProcessExit> {
    for (;;) {
      const exit = this.exits.find((each) => each.containerId === containerId);
      if (exit) return exit;
      await new Promise<void>((wake) => this.#listeners.push(wake));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let at = 1; at <= this.#count; at++) await this.supervisor.delete(`${basename(this.dir)}-${at}`);
    await this.supervisor.close();
    // A monitor may take a moment to end after its container has.
    for (let round = 0; round < 50 && existsSync(`/sys/fs/cgroup/systemd${this.cgroup}`); round++) {
      removeCgroup(this.cgroup);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    removeCgroup(this.cgroup);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function aSpec(args: string[], rootfs: string, cgroupsPath: string, terminal: boolean): OciSpec {
  return {
    ociVersion: "1.0.2",
    process: { terminal, user: { uid: 0, gid: 0 }, args, env: ["PATH=/bin"], cwd: "/" },
    root: { path: rootfs, readonly: false },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
      { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["newinstance", "ptmxmode=0666"] },
    ],
    linux: {
      namespaces: [{ type: "pid" }, { type: "network" }, { type: "ipc" }, { type: "uts" }, { type: "mount" }],
      cgroupsPath,
    },
  };
}
