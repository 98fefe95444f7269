/**
 * The containers of the engine: finds the one that is meant, and hands the work to whoever knows how.
 *
 * Touches the world through the rooms below. Durable order and crashes: `create/create-container.ts`,
 * `lifecycle/lifecycle.ts`, `lifecycle/removing.ts`, `lifecycle/restore.ts`.
 */
import { GantryError } from "../../base/errors.js";
import type * as wire from "../../wire/container.js";
import type { LogFile } from "../../wire/log-line.js";
import type { EndpointSettings } from "../../wire/network.js";
import type { ContainerStats } from "../../wire/stats.js";
import type { StoredImage } from "../images/images.js";
import type { AttachedStdio } from "../supervisor/supervisor.js";
import type { Containers, LogOptions } from "./containers.js";
import { createContainer } from "./create/create-container.js";
import { checkName } from "./create/names.js";
import { ExecStore } from "./exec/exec-store.js";
import { StdioRelay } from "./exec/stdio-relay.js";
import { ContainerFiles } from "./files/container-files.js";
import { healContainer } from "./health/heal-container.js";
import type { Container } from "./lifecycle/container.js";
import { Lifecycle } from "./lifecycle/lifecycle.js";
import { announce } from "./lifecycle/notices.js";
import { removeContainer } from "./lifecycle/removing.js";
import { restoreContainers } from "./lifecycle/restore.js";
import { killContainer, setPaused, stopContainer } from "./lifecycle/stopping.js";
import { takeOver } from "./lifecycle/take-over.js";
import { listProcesses } from "./lifecycle/top.js";
import { type WaitCondition, waitFor } from "./lifecycle/waiting.js";
import { Watchers } from "./lifecycle/watchers.js";
import { readContainerLog } from "./logs/container-log.js";
import { listLogFiles, readLogFile } from "./logs/log-files.js";
import { etcSource } from "./mounts/prepare-mounts.js";
import { connectContainer, disconnectContainer } from "./networking/connect.js";
import { imagesOf, withState, zeroTime } from "./record/container-record.js";
import { hasProcess } from "./record/state-machine.js";
import { describeStats, type StatsSample, sampleStats } from "./resources/stats.js";
import { type UpdateBody, updateContainer } from "./resources/update.js";
import type { Rooms } from "./rooms.js";
import { processesOf } from "./spec/container-spec.js";
import { inspectContainer } from "./views/inspect.js";
import { selectContainers } from "./views/list-filters.js";
import { summarizeContainer } from "./views/summary.js";

export class ContainerStore implements Containers {
  readonly files: ContainerFiles;
  readonly #rooms: Rooms;
  readonly #execs: ExecStore;
  readonly #watchers: Watchers;
  readonly #lifecycle: Lifecycle;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
    this.files = new ContainerFiles(rooms);
    this.#execs = new ExecStore(rooms);
    this.#watchers = new Watchers(rooms, {
      probe: (container, check, signal) => this.#execs.probe(container, check, signal),
      heal: (container, facts) => void this.#heal(container, facts),
    });
    this.#lifecycle = new Lifecycle(rooms, this.#watchers);
    this.#lifecycle.onAutoRemove = (container) => void this.#autoRemove(container);
    rooms.supervisor.onOom = (containerId) => this.#lifecycle.lackedMemory(containerId);
    rooms.supervisor.onExit = (exit) => {
      this.#execs.forget(exit.containerId);
      this.#lifecycle.exited(exit);
    };
  }

  async create(
    name: string | undefined,
    body: wire.ContainerCreateBody,
    image?: StoredImage,
  ): Promise<wire.ContainerCreateReply> {
    const reply = await createContainer(this.#rooms, name, { body, image });
    announce(this.#rooms, this.#find(reply.Id).record, "create");
    return reply;
  }

  async start(id: string): Promise<boolean> {
    return this.#lifecycle.start(this.#find(id), "user");
  }

  async stop(id: string, options: { timeoutS?: number; signal?: string }): Promise<boolean> {
    return stopContainer(this.#parts(), this.#find(id), options);
  }

  async restart(id: string, options: { timeoutS?: number; signal?: string }): Promise<void> {
    const container = this.#find(id);
    container.isRestarting = true;
    try {
      await stopContainer(this.#parts(), container, options);
    } finally {
      container.isRestarting = false;
    }
    await this.#lifecycle.start(container, "user");
    announce(this.#rooms, container.record, "restart");
  }

  async kill(id: string, signal: string): Promise<void> {
    return killContainer(this.#parts(), this.#find(id), signal);
  }

  async pause(id: string): Promise<void> {
    return setPaused(this.#rooms, this.#find(id), true);
  }

  async unpause(id: string): Promise<void> {
    return setPaused(this.#rooms, this.#find(id), false);
  }

  async rename(id: string, name: string): Promise<void> {
    const container = this.#find(id);
    const { index, networks } = this.#rooms;
    const wanted = inRename(() => checkName(`/${name.replace(/^\//, "")}`));
    await container.lock.run(async () => {
      const old = container.record.name;
      if (wanted === old) {
        throw new GantryError("bad-parameter", "Renaming a container with the same name as its current name");
      }
      inRename(() => index.reserve(wanted, container.id));
      try {
        await index.save(container, { ...container.record, name: wanted });
      } catch (error) {
        index.release(wanted, container.id);
        throw error;
      }
      index.release(old, container.id);
      if (hasProcess(container.status)) networks.rename(container.id, wanted);
      announce(this.#rooms, container.record, "rename", { oldName: `/${old}` });
    });
  }

  async takeOver(id: string, from: string | undefined): Promise<boolean> {
    return takeOver(this.#rooms, this.#find(id), from === undefined ? undefined : this.#find(from));
  }

  connections(id: string, signal: AbortSignal): AsyncGenerator<number, void> {
    return this.#rooms.networks.connections(this.#find(id).id, signal);
  }

  async remove(id: string, options: { force: boolean; volumes: boolean }): Promise<void> {
    return removeContainer(this.#remover(), this.#find(id), options);
  }

  wait(id: string, condition: WaitCondition, signal: AbortSignal): Promise<wire.WaitReply> {
    return waitFor(this.#find(id), condition, signal);
  }

  inspect(id: string): wire.ContainerInspect {
    const container = this.#find(id);
    const { layers, paths } = this.#rooms;
    const record = currentRecord(container);
    const wasStarted = record.state.startedAt !== zeroTime;
    const etc = (name: string) => (wasStarted ? etcSource(this.#rooms, record, name) : "");
    return inspectContainer(record, {
      graphDriver: { Name: layers.driver, Data: layers.describeRootfs(record.id) },
      execIds: this.#execs.idsOf(record.id),
      paths: {
        log: wasStarted && record.hostConfig.LogConfig?.Type !== "none" ? paths.log(record.id) : "",
        hosts: etc("hosts"),
        hostname: etc("hostname"),
        resolvConf: etc("resolv.conf"),
      },
      ...this.#mountPaths,
      networkId: (name) => this.#networkId(name),
    });
  }

  list(query: Parameters<Containers["list"]>[0]): wire.ContainerSummary[] {
    const { index, clock } = this.#rooms;
    const networkIds = remembered((name) => this.#networkId(name));
    const imageIds = remembered((name) => this.#imageId(name));
    const records = index.all().map(currentRecord);
    const selected = selectContainers(records, query, {
      imageId: imageIds,
      networkId: networkIds,
      createdAt: (container) => this.#find(container).record.createdAt,
    });
    const now = clock.now();
    return selected.map((record) => {
      const asked = record.config.Image ?? "";
      const imageName = imageIds(asked) === record.imageId ? asked : record.imageId;
      return summarizeContainer(record, {
        now,
        imageName,
        networkId: networkIds,
        ...this.#mountPaths,
      });
    });
  }

  async top(id: string, psArgs: string): Promise<{ Titles: string[]; Processes: string[][] }> {
    const container = this.#find(id);
    if (!hasProcess(container.status)) {
      throw new GantryError("container-not-running", `Container ${container.id} is not running`);
    }
    announce(this.#rooms, container.record, "top");
    return listProcesses(processesOf(container.record), psArgs);
  }

  async update(id: string, body: UpdateBody): Promise<string[]> {
    return updateContainer(this.#rooms, this.#find(id), body);
  }

  watchStats(id: string): () => Promise<ContainerStats> {
    const container = this.#find(id);
    let before: StatsSample | undefined;
    return async () => {
      const now = await sampleStats(this.#rooms, this.#find(container.id));
      const stats = describeStats(container.record, now, before);
      before = now;
      return stats;
    };
  }

  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return readContainerLog(this.#rooms, this.#find(id), { options, signal });
  }

  logFiles(id: string): Promise<LogFile[]> {
    return listLogFiles(this.#rooms, this.#find(id));
  }

  readLogFile(id: string, stretch: { file: string; offset: number; bytes: number }): Promise<Buffer> {
    return readLogFile(this.#rooms, this.#find(id), stretch);
  }

  async attach(id: string): Promise<AttachedStdio> {
    const container = this.#find(id);
    return container.lock.run(async () => {
      if (container.status === "paused") {
        throw new GantryError(
          "container-conflict",
          `Container ${container.id} is paused, unpause the container before attach.`,
        );
      }
      announce(this.#rooms, container.record, "attach");
      const relay: StdioRelay = new StdioRelay(() => container.relays.delete(relay));
      if (hasProcess(container.status)) {
        const tty = container.record.config.Tty ?? false;
        relay.connect(await this.#rooms.supervisor.attach(container.id, { tty }));
      } else container.relays.add(relay);
      container.stdios.add(relay);
      relay.stream.once("close", () => {
        container.stdios.delete(relay);
        // The client has left before the output's end.
        if (!relay.stream.readableEnded && hasProcess(container.status)) {
          announce(this.#rooms, container.record, "detach");
        }
      });
      return relay;
    });
  }

  resize(id: string, size: { height: number; width: number }): void {
    const container = this.#find(id);
    for (const relay of container.stdios) relay.resize(size);
    announce(this.#rooms, container.record, "resize", { height: String(size.height), width: String(size.width) });
  }

  execCreate(id: string, body: wire.ExecCreateBody): string {
    return this.#execs.create(this.#find(id), body);
  }

  execStart(execId: string, body: wire.ExecStartBody): Promise<AttachedStdio | undefined> {
    return this.#execs.start(execId, body);
  }

  execResize(execId: string, size: { height: number; width: number }): void {
    this.#execs.resize(execId, size);
  }

  execInspect(execId: string): wire.ExecInspect {
    return this.#execs.inspect(execId);
  }

  async connectNetwork(id: string, network: string, settings: EndpointSettings): Promise<void> {
    return connectContainer(this.#rooms, this.#find(id), { network, settings });
  }

  async disconnectNetwork(id: string, network: string, { force }: { force: boolean }): Promise<void> {
    return disconnectContainer(this.#rooms, this.#find(id), { network, force });
  }

  usersOf(what: { imageId: string } | { volume: string } | { network: string }): string[] {
    return this.#rooms.index
      .all()
      .filter(({ record }) => {
        if ("imageId" in what) return imagesOf(record).includes(what.imageId);
        if ("volume" in what) return record.mounts.some((m) => m.kind === "volume" && m.name === what.volume);
        return Object.keys(record.endpoints).some((name) => this.#networkId(name) === what.network);
      })
      .map(({ record }) => record.name);
  }

  usedImages(): Set<string> {
    return new Set(this.#rooms.index.all().flatMap(({ record }) => imagesOf(record)));
  }

  restore(): Promise<void> {
    return restoreContainers({ ...this.#remover(), watchers: this.#watchers });
  }

  async close(): Promise<void> {
    this.#lifecycle.close();
    this.#watchers.close();
  }

  #find(nameOrId: string): Container {
    return this.#rooms.index.find(nameOrId);
  }

  async #heal(container: Container, facts: { attempt: number; limit: number }): Promise<void> {
    const told = (error: unknown) =>
      this.#rooms.report(`Container ${container.record.name} could not be healed`, error);
    await healContainer(this.#rooms, container, facts).catch(told);
  }

  #parts() {
    return { rooms: this.#rooms, lifecycle: this.#lifecycle };
  }

  #remover() {
    return { ...this.#parts(), usersOfVolume: (volume: string) => this.usersOf({ volume }) };
  }

  async #autoRemove(container: Container): Promise<void> {
    await removeContainer(this.#remover(), container, { force: true, volumes: true }).catch((error: unknown) => {
      if (!container.isLeaving) this.#rooms.report(`Container ${container.record.name} could not be removed`, error);
    });
  }

  readonly #mountPaths = {
    volumePath: (name: string) => this.#orElse(() => this.#rooms.volumes.get(name).Mountpoint) ?? "",
    imagePath: (layerId: string) => this.#rooms.layers.describeRootfs(layerId).MergedDir ?? "",
  };

  #networkId(name: string): string | undefined {
    return this.#orElse(() => this.#rooms.networks.get(name).Id);
  }

  #imageId(name: string): string | undefined {
    return this.#orElse(() => this.#rooms.images.resolve(name).id);
  }

  /** What is gone is absent from a listing, not an error of it. */
  #orElse<T>(look: () => T): T | undefined {
    try {
      return look();
    } catch {
      return undefined;
    }
  }
}

/** The record with health results that are newer than what was written. */
function currentRecord({ record, health }: Container) {
  return health ? withState(record, { health: health.health }) : record;
}

/** Docker's prefix, which clients match. */
function inRename<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof GantryError)) throw cause;
    throw new GantryError(cause.code, `Error when allocating new name: ${cause.message}`, { cause });
  }
}

/** `look`, asked once for each name: a listing asks for the same few again and again. */
function remembered(look: (name: string) => string | undefined): (name: string) => string | undefined {
  const known = new Map<string, string | undefined>();
  return (name) => {
    if (!known.has(name)) known.set(name, look(name));
    return known.get(name);
  };
}
