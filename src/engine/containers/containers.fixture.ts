/**
 * A container room over small fakes that keep the promises of the rooms below, for tests of lifecycles and races.
 *
 * A fake process runs until `exit` is called or a signal that it obeys arrives. Records live as long as the `World`,
 * so that a second engine of the same world finds what the first one left.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type Clock, systemClock } from "../../base/clock.js";
import { GantryError } from "../../base/errors.js";
import type { OciSpec } from "../../oci/runtime-spec.js";
import type { NetworkInspect } from "../../wire/network.js";
import type { EngineEvent } from "../../wire/system.js";
import type { VolumeCreateBody, VolumeInspect } from "../../wire/volume.js";
import type { Images, StoredImage } from "../images/images.js";
import type { Layers } from "../layers/layers.js";
import type { Networks, Sandbox, SandboxRequest } from "../networks/networks.js";
import type { SpecHost } from "../runtime/spec/spec-input.js";
import type { ProcessIdentity, RunningExec, Supervisor } from "../supervisor/supervisor.js";
import type { Volumes } from "../volumes/volumes.js";
import type { ContainerStore } from "./container-store.js";
import { containersOver } from "./create-containers.js";
import { EventJournal } from "./event-journal.js";
import type { RecordStore } from "./record/container-index.js";
import type { ContainerRecord } from "./record/container-record.js";
import type { Rooms } from "./rooms.js";

interface FakeProcess {
  readonly containerId: string;
  readonly identity: ProcessIdentity;
  state: "made" | "running" | "gone";
}

export class World {
  readonly dir = mkdtempSync(join(tmpdir(), "gantry-ct-"));
  readonly journal = new EventJournal(systemClock);
  readonly records = new Map<string, string>();
  /** The runtime's configuration of each container's last run. */
  readonly specs = new Map<string, OciSpec>();
  /** What the containers' host is like, before an engine is opened. */
  host: Partial<Rooms["host"]> = {};
  readonly processes = new Map<string, FakeProcess>();
  readonly sandboxes = new Map<string, Sandbox>();
  readonly layers = new Map<string, "unmounted" | "mounted">();
  readonly volumes = new Map<string, VolumeInspect>();
  /** Of engines that are opened later. */
  clock: Clock = systemClock;
  /** What was done, for tests of order. */
  readonly log: string[] = [];
  readonly reports: string[] = [];
  /** Signals that the processes end by. */
  obeys = new Set([15, 9]);
  bootId = "boot-1";
  /** Awaited before a process is started; a test replaces it to hold a start or to let it fail. */
  beforeStart: () => Promise<void> = async () => {};
  writes = 0;
  onExec: (args: readonly string[]) => number | Promise<number> = () => 0;
  #pid = 1000;

  /** An engine of this world; the supervisor's listener is the newest one's. */
  engine(): ContainerStore {
    return containersOver(this.#recordStore(), {
      stateDir: join(this.dir, "state"),
      runDir: join(this.dir, "run"),
      clock: this.clock,
      images: this.#images(),
      layers: this.#layers(),
      volumes: this.#volumes(),
      networks: this.#networks(),
      supervisor: this.supervisor,
      events: this.journal,
      host: {
        ...{ cgroupVersion: 2, cpus: 2, runtime: "runc", seLinux: false, cgroupParent: "/gantry-test" },
        spec: specHost,
        ...this.host,
      },
      bootId: this.bootId,
      report: (message, error) => this.reports.push(`${message}: ${error}`),
    });
  }

  readonly supervisor: Supervisor = {
    onExit: () => {},
    create: async ({ containerId, spec }) => {
      this.specs.set(containerId, spec);
      this.#pid += 1;
      const identity = { pid: this.#pid, startTicks: this.#pid, bootId: this.bootId };
      this.processes.set(containerId, { containerId, identity, state: "made" });
      this.log.push("create");
      return identity;
    },
    attach: async () => {
      this.log.push("attach");
      const stream = new PassThrough();
      return { stream, resize: () => {}, close: () => stream.destroy() };
    },
    start: async (containerId) => {
      await this.beforeStart();
      this.log.push("start");
      const process = this.processes.get(containerId);
      if (process) process.state = "running";
    },
    kill: (identity, signal) => {
      const process = [...this.processes.values()].find(({ identity: { pid } }) => pid === identity.pid);
      if (process?.state !== "running") return false;
      this.log.push(`kill ${signal}`);
      if (this.obeys.has(signal)) queueMicrotask(() => this.exit(process.containerId, 128 + signal));
      return true;
    },
    killAll: async () => {},
    pause: async () => {},
    resume: async () => {},
    exec: async ({ process }): Promise<RunningExec> => {
      const stream = new PassThrough();
      const exited = Promise.resolve(this.onExec(process.args)).finally(() => stream.end());
      return { pid: 77, stdio: { stream, resize: () => {}, close: () => {} }, exited, kill: () => {} };
    },
    delete: async (containerId) => {
      this.processes.delete(containerId);
    },
    adopt: async (containerId, identity) => {
      const process = this.processes.get(containerId);
      return process?.state === "running" && process.identity.pid === identity.pid ? "running" : "lost";
    },
    reopenLog: async () => {},
    close: async () => {},
  };

  exit(containerId: string, exitCode: number): void {
    const process = this.processes.get(containerId);
    if (process?.state !== "running") return;
    process.state = "gone";
    this.supervisor.onExit({ containerId, exitCode, oomKilled: false, finishedAt: new Date() });
  }

  /** Actions of past events, each with its type: `container die`. */
  async actions(): Promise<string[]> {
    const events: EngineEvent[] = [];
    const past = { since: 0, until: Date.now() / 1000 - 0.001 + 1000, filters: {} };
    const end = new AbortController();
    const following = this.journal.follow(past, end.signal);
    queueMicrotask(() => end.abort());
    for await (const event of following) events.push(event);
    return events.map(({ Type, Action }) => `${Type} ${Action}`);
  }

  /** Nothing may be left of a removed container. */
  leftovers(): string[] {
    return [this.processes, this.sandboxes, this.layers, this.records].flatMap((things) => [...things.keys()]);
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  #recordStore(): RecordStore {
    return {
      values: () => [...this.records.values()].map((text): ContainerRecord => JSON.parse(text)),
      set: async (id, record) => {
        this.writes += 1;
        await Promise.resolve();
        this.records.set(id, JSON.stringify(record));
      },
      remove: async (id) => {
        this.records.delete(id);
      },
    };
  }

  #images(): Images {
    const image: StoredImage = {
      id: `sha256:${"a".repeat(64)}`,
      chainIds: ["one"],
      config: { Cmd: ["sleep", "1000"], Volumes: { "/cache": {} } },
      os: "linux",
      architecture: "amd64",
    };
    return {
      resolve: (name: string) => {
        if (name === "busybox" || name === image.id) return image;
        throw new GantryError("image-not-found", `No such image: ${name}`);
      },
    } as Partial<Images> as Images; // The room asks nothing else of it.
  }

  #layers(): Layers {
    return {
      driver: "overlay2",
      createRootfs: async (id) => {
        if (!this.layers.has(id)) this.layers.set(id, "unmounted");
      },
      mountRootfs: async (id) => {
        this.layers.set(id, "mounted");
        return join(this.dir, "rootfs");
      },
      unmountRootfs: async (id) => {
        if (this.layers.has(id)) this.layers.set(id, "unmounted");
      },
      removeRootfs: async (id) => {
        this.layers.delete(id);
      },
      describeRootfs: () => ({}),
    };
  }

  #volumes(): Volumes {
    const get = (name: string): VolumeInspect => {
      const volume = this.volumes.get(name);
      if (!volume) throw new GantryError("volume-not-found", `get ${name}: no such volume`);
      return volume;
    };
    return {
      create: async ({ Name = "x" }: VolumeCreateBody) => {
        if (!this.volumes.has(Name)) this.volumes.set(Name, aVolume(Name));
        return get(Name);
      },
      get,
      list: () => [...this.volumes.values()],
      remove: async (name) => {
        this.volumes.delete(name);
      },
      mount: async (name) => get(name).Mountpoint,
      fill: async (name) => {
        this.log.push(`fill ${name.slice(0, 8)}`);
      },
    };
  }

  #setStandby(containerId: string, standby: boolean): Sandbox {
    const sandbox = this.sandboxes.get(containerId);
    if (!sandbox) throw new GantryError("container-not-running", `container ${containerId} is not running`);
    this.sandboxes.set(containerId, { ...sandbox, standby });
    return { ...sandbox, standby };
  }

  #networks(): Networks {
    const attach = async ({ containerId, name, mode, standby = false }: SandboxRequest): Promise<Sandbox> => {
      const asked = mode.kind === "networks" ? mode.endpoints : [];
      const endpoints = Object.fromEntries(asked.map(({ network }) => [network, { NetworkID: `id-${network}` }]));
      const sandbox = { containerId, name, endpoints, ports: {}, nameServers: ["127.0.0.11"], dnsServers: [], standby };
      this.sandboxes.set(containerId, sandbox);
      return sandbox;
    };
    return {
      get: (network: string) => {
        if (network === "nonet") throw new GantryError("network-not-found", `network ${network} not found`);
        return { Name: network, Id: `id-${network}`, Driver: "bridge" } as NetworkInspect; // as far as it is read
      },
      attach,
      detach: async (id: string) => {
        this.sandboxes.delete(id);
      },
      restore: async (live: readonly Sandbox[]) => {
        const kept = new Set(live.map(({ containerId }) => containerId));
        for (const id of this.sandboxes.keys()) if (!kept.has(id)) this.sandboxes.delete(id);
        this.log.push(`restore ${live.length}`);
      },
      takeOver: (id: string, { from }: { from?: string }) => {
        const to = this.#setStandby(id, false);
        this.log.push(`take-over ${to.name}`);
        return {
          to,
          ...(from !== undefined && this.sandboxes.has(from) ? { from: this.#setStandby(from, true) } : {}),
        };
      },
      rename: () => {},
    } as Partial<Networks> as Networks; // The room asks nothing else of it.
  }
}

/** A plain host, which has little to offer. */
export const specHost: SpecHost = {
  cgroupVersion: 2,
  arch: "x64",
  capabilities: [],
  seccomp: false,
  appArmorProfile: undefined,
  hardLimits: {},
  mayRaiseLimits: true,
  initPath: undefined,
  swapAccounting: true,
};

function aVolume(Name: string): VolumeInspect {
  const Mountpoint = `/volumes/${Name}/_data`;
  return { Name, Driver: "local", Mountpoint, CreatedAt: "", Labels: null, Options: null, Scope: "local" };
}
