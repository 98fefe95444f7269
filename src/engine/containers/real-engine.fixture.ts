/**
 * The container room over real parts: overlay, bridge, conmon, an OCI runtime, and a busybox image of one layer. For
 * tests; several may run side by side on one host.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { systemClock } from "../../base/clock.js";
import type { RegistryClient } from "../../registry/registry-client.js";
import type { ContainerCreateBody } from "../../wire/container.js";
import { FrameDecoder } from "../../wire/stream.js";
import { ImageStore } from "../images/image-store.js";
import { readBootId } from "../kernel/process.js";
import { LayerStore } from "../layers/layer-store.js";
import { copyIntoTree } from "../layers/trees/copy-into-tree.js";
import { NetworkStore } from "../networks/network-store.js";
import { cgroupVersion } from "../runtime/cgroups.js";
import { readSpecHost } from "../runtime/host.js";
import { findProgram, probeRuntimes } from "../runtime/runtime-probe.js";
import { ConmonSupervisor } from "../supervisor/conmon-supervisor.js";
import { openVolumes } from "../volumes/volume-store.js";
import type { Volumes } from "../volumes/volumes.js";
import type { ContainerStore } from "./container-store.js";
import { createContainers } from "./create-containers.js";
import { EventJournal } from "./event-journal.js";

/** Never aborted. */
export const never = new AbortController().signal;

/** Call `open` before the tests and `remove` after them; `close` and `open` again is the next engine of this state. */
export class RealEngine {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), "gantry-cte-")));
  readonly instanceId = `t${randomBytes(4).toString("hex")}`;
  /** Failures that no request waited for. */
  readonly reports: string[] = [];
  #engine: ContainerStore | undefined;
  #images: ImageStore | undefined;
  #volumes: Volumes | undefined;
  #networks: NetworkStore | undefined;
  /** As the engine publishes them. */
  readonly events: Array<Parameters<EventJournal["publish"]>[0]> = [];
  #closers: Array<() => Promise<void>> = [];
  #hasImage = false;

  get containers(): ContainerStore {
    if (!this.#engine) throw new Error("The engine is not open");
    return this.#engine;
  }

  get images(): ImageStore {
    if (!this.#images) throw new Error("The engine is not open");
    return this.#images;
  }

  get volumes(): Volumes {
    if (!this.#volumes) throw new Error("The engine is not open");
    return this.#volumes;
  }

  get networks(): NetworkStore {
    if (!this.#networks) throw new Error("The engine is not open");
    return this.#networks;
  }

  async open(): Promise<void> {
    const onDamaged = ({ path }: { path: string }) => this.reports.push(path);
    const [stateRoot, runDir] = [join(this.dir, "state"), join(this.dir, "run")];
    for (const path of [stateRoot, runDir]) mkdirSync(path, { recursive: true });
    const layers = await LayerStore.open({ stateRoot, onDamaged });
    const registry = {} as RegistryClient; // Nothing is pulled here.
    const images = await ImageStore.open({ stateRoot, layers, registry, clock: systemClock, onDamaged });
    const events = new EventJournal(systemClock);
    const publish = events.publish.bind(events);
    events.publish = (event) => {
      this.events.push(event);
      publish(event);
    };
    const networks = await this.#openNetworks((event) => events.publish(event));
    const runtimes = await probeRuntimes({
      cacheFile: join(this.dir, "runtimes.json"),
      wrapperDir: join(this.dir, "wrappers"),
    });
    const runtime = runtimes[0]?.name ?? "";
    const supervisor = new ConmonSupervisor({
      ...{ runDir, runtimes, conmonPath: findProgram("conmon") ?? "", defaultRuntime: runtime },
      monitorCgroup: `/${this.instanceId}/monitors`,
    });
    const volumes = await openVolumes({
      ...{ directory: join(stateRoot, "volumes"), clock: systemClock, onDamaged },
      copyInto: copyIntoTree,
    });
    const engine = await createContainers({
      ...{ clock: systemClock, images, layers, volumes, networks, supervisor, events, onDamaged },
      stateDir: join(stateRoot, "containers"),
      runDir: join(runDir, "containers"),
      host: {
        ...{ cgroupVersion: cgroupVersion(), cpus: cpus().length, runtime, runtimes: runtimes.map(({ name }) => name) },
        ...{ seLinux: false, cgroupParent: `/${this.instanceId}`, spec: readSpecHost() },
        cdiDirectories: [join(this.dir, "cdi")],
      },
      bootId: readBootId(),
      report: (message, error) => this.reports.push(`${message}: ${error}`),
    });
    await engine.restore();
    this.#engine = engine;
    this.#images = images;
    this.#volumes = volumes;
    this.#networks = networks;
    this.#closers = [() => engine.close(), () => supervisor.close(), () => networks.close(), () => layers.close()];
    if (this.#hasImage) return;
    await images.importRootfs(Readable.from(this.#busyboxTar()), {
      ...{ reference: "busybox:latest", changes: ["CMD sleep 1000", "VOLUME /filled"], signal: never },
      onProgress: () => {},
    });
    this.#hasImage = true;
  }

  /** Containers run on. */
  async close(): Promise<void> {
    for (const close of this.#closers) await close();
    this.#closers = [];
  }

  /** Nothing is left of it. */
  async remove(): Promise<void> {
    for (const { Id } of this.containers.list({ all: true, filters: {} })) await this.removeContainer(Id);
    await this.close();
    const sweeper = await this.#openNetworks(() => {});
    await sweeper.restore([]);
    for (const { Id } of sweeper.list({ type: ["custom"] })) await sweeper.remove(Id);
    await sweeper.close();
    for (const hierarchy of readdirSync("/sys/fs/cgroup")) {
      for (const path of [`${this.instanceId}/monitors`, this.instanceId]) {
        const folder = join("/sys/fs/cgroup", hierarchy, path);
        if (existsSync(folder)) execFileSync("rmdir", [folder]);
      }
    }
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Starts a container; the command is the image's unless `body` has one. */
  async run(body: ContainerCreateBody = {}, name?: string): Promise<string> {
    const { Id } = await this.containers.create(name, { Image: "busybox", ...body });
    await this.containers.start(Id);
    return Id;
  }

  /** Starts a container that runs `script`. */
  sh(script: string, body: ContainerCreateBody = {}): Promise<string> {
    return this.run({ Cmd: ["sh", "-c", script], ...body });
  }

  /** What `script` printed on both streams; the container is gone afterwards. */
  async output(script: string, body: ContainerCreateBody = {}): Promise<string> {
    const { Id } = await this.containers.create(undefined, { Image: "busybox", Cmd: ["sh", "-c", script], ...body });
    try {
      await this.containers.start(Id);
      await this.containers.wait(Id, "not-running", never);
      return await this.logOf(Id);
    } finally {
      await this.removeContainer(Id);
    }
  }

  /** Everything that the container prints until it ends. */
  async logOf(id: string): Promise<string> {
    const options = { stdout: true, stderr: true, follow: true, timestamps: false };
    const decoder = new FrameDecoder();
    let text = "";
    for await (const chunk of this.containers.logs(id, options, never)) {
      for (const { payload } of decoder.push(chunk)) text += Buffer.from(payload).toString();
    }
    return text;
  }

  removeContainer(id: string): Promise<void> {
    return this.containers.remove(id, { force: true, volumes: true });
  }

  #openNetworks(publish: (event: Parameters<EventJournal["publish"]>[0]) => void): Promise<NetworkStore> {
    return NetworkStore.open({
      ...{ stateDir: join(this.dir, "state"), runDir: join(this.dir, "run") },
      ...{ instanceId: this.instanceId, clock: systemClock, publish },
      log: (text) => this.reports.push(text),
    });
  }

  #busyboxTar(): Buffer {
    const root = join(this.dir, "rootfs");
    for (const folder of ["bin", "etc", "filled", "tmp", "proc", "sys", "dev"]) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    copyFileSync("/bin/busybox", join(root, "bin/busybox"));
    for (const applet of execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" }).trim().split("\n")) {
      if (applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
    }
    const tables = [
      "echo root:x:0:0::/root:/bin/sh >etc/passwd; echo ann:x:1000:1000::/home/ann:/bin/sh >>etc/passwd",
      "echo ann:x:1000: >etc/group; echo media:x:77:ann >>etc/group; echo video:x:78: >>etc/group",
      "echo seed >filled/seed",
    ];
    execFileSync("sh", ["-c", tables.join("; ")], { cwd: root });
    return execFileSync("tar", ["-C", root, "-c", "."], { maxBuffer: 64 * 1024 ** 2 });
  }
}
