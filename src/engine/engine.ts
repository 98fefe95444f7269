/**
 * The engine: takes its state root, opens its rooms on it, adopts what runs, serves its API, and ends cleanly.
 *
 * Order of the start: lock, rooms, restore, socket, so whoever finds the socket finds everything behind it. Order of
 * the end: no new connections, answers to the requests under way, rooms, lock, and the connections last, so whoever
 * waits for them to end finds the state free. Containers outlive the engine in every case.
 */
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { sleep, systemClock } from "../base/clock.js";
import { Disposer } from "../base/disposal.js";
import { writeDurably } from "../base/durable-file.js";
import { GantryError, isGantryError, messageOf } from "../base/errors.js";
import { GenerationFiles } from "../history/generation-files.js";
import { createRegistryClient } from "../registry/registry-client.js";
import {
  environmentConfig,
  mergeConfigs,
  parseEngineConfig,
  type RegistryConfig,
} from "../registry/registry-config.js";
import { apiVersion } from "../wire/system.js";
import { Activity } from "./api/activity.js";
import { serveApi } from "./api/api.js";
import { instanceIdOf, readEngineFacts } from "./api/engine-facts.js";
import type { ListenRequest } from "./api/http/listen-tls.js";
import { readListeners } from "./api/listeners.js";
import { ProjectLocks } from "./api/project-locks.js";
import type { ApiRooms } from "./api/rooms.js";
import { Builder } from "./builder/builder.js";
import { reachOf } from "./builder/context/reach.js";
import type { Containers } from "./containers/containers.js";
import { createContainers } from "./containers/create-containers.js";
import { EventJournal } from "./containers/event-journal.js";
import { announcingImages } from "./containers/image-events.js";
import { ImageStore } from "./images/image-store.js";
import { tryLock } from "./kernel/flock.js";
import { closeInherited } from "./kernel/inherited-descriptors.js";
import { notifyService } from "./kernel/notify-socket.js";
import { readBootId } from "./kernel/process.js";
import { LayerStore } from "./layers/layer-store.js";
import { copyIntoTree } from "./layers/trees/copy-into-tree.js";
import { measureTrees } from "./layers/trees/tree-jobs.js";
import { NetworkStore } from "./networks/network-store.js";
import { loadDefaultProfile } from "./runtime/app-armor.js";
import { cgroupVersion, removeCgroup } from "./runtime/cgroups.js";
import { readSpecHost } from "./runtime/host.js";
import type { OciRuntime } from "./runtime/oci-runtime.js";
import { findProgram, probeRuntimes } from "./runtime/runtime-probe.js";
import type { DamagedRecord } from "./store/json-records.js";
import { lockStateRoot } from "./store/state-root-lock.js";
import { ConmonSupervisor } from "./supervisor/conmon-supervisor.js";
import { announcePresence } from "./supervisor/guard/presence.js";
import { parseTrashLimits } from "./volumes/trash-limits.js";
import { openVolumes } from "./volumes/volume-store.js";
import { VolumeTrash, type VolumeTrashOptions } from "./volumes/volume-trash.js";

export { openEngineLog } from "./store/engine-log.js";

export interface EngineOptions {
  /** Absolute. Survives a reboot; owned by one engine at a time. */
  readonly stateRoot: string;
  /** Absolute. Emptied by a reboot: sockets, pid files, the runtime's state. */
  readonly runDir: string;
  readonly socket: string;
  readonly version: string;
  /** Effective user id of this process. */
  readonly uid: number;
  readonly pid: number;
  /** Descriptors that were handed down on purpose; others beyond the standard streams are closed. */
  readonly keepFds: readonly number[];
  /** The engine ends by itself after this long without busy containers and requests; 0: never. */
  readonly idleMs?: number | undefined;
  /** Where other hosts may connect; `engine.json` says the same as `listen`. */
  readonly listen?: ListenRequest | undefined;
  /** A group that may use the socket, by name; `engine.json` says the same as `socketGroup`. */
  readonly socketGroup?: string | undefined;
  /** Aborted: serve no more and end; containers run on. */
  readonly signal: AbortSignal;
  /** The engine's log. */
  readonly log: (text: string) => void;
  /** `PID TICKS` of the guard that restarts this process after a crash; undefined when there is none. */
  readonly guard?: string | undefined;
  /** Starts another guard, when that one dies: program and arguments. */
  readonly adoptCommand: readonly string[];
  /**
   * How registries are reached (mirrors, proxies, certificates, `GANTRY_OFFLINE`), as variables. What of it is no
   * secret is kept for the next engine, when nobody's environment is at hand.
   */
  readonly settings: Readonly<Record<string, string | undefined>>;
  /** What conmon runs when a container has ended: wakes an engine that is gone. */
  readonly exitCommand: readonly string[];
  /** systemd's, where it runs the engine as a service: it is told when clients can connect. */
  readonly notifySocket?: string | undefined;
  /** Called once, when clients can connect. */
  readonly onReady: () => void;
}

const defaultIdleMs = 5 * 60_000;
/** How long the end of a predecessor may take: it has told its clients to go and is closing its rooms. */
const handOverLimitMs = 10_000;
/** How long requests that are under way may take to be answered when the engine ends; its successor waits longer. */
const answerLimitMs = 5_000;
const handOverStepMs = 20;

/**
 * Runs until `signal`, a request to shut down, or idleness ends it.
 *
 * @throws {GantryError} "not-root", "bad-parameter", "engine-locked", "engine-elsewhere", "helper-missing"; nothing was
 * changed then
 */
export async function runEngine(options: EngineOptions): Promise<void> {
  if (options.uid !== 0) {
    throw new GantryError("not-root", "The embedded engine needs root", { hint: "Run this with sudo" });
  }
  closeInherited(options.keepFds);
  process.umask(0o022); // modes below are meant as they are written, whatever the user's shell has
  for (const path of [options.stateRoot, options.runDir]) ownDirectory(path, options.uid);
  await using disposer = new Disposer();
  const lock = await lockState(options);
  disposer.defer(() => lock[Symbol.dispose]());
  const ended = new AbortController();
  const end = (why: string) => {
    if (!ended.signal.aborted) options.log(`Ending: ${why}`);
    ended.abort();
  };
  options.signal.addEventListener("abort", () => end("told by a signal"), { once: true });
  if (options.signal.aborted) return;
  const startedAt = systemClock.now();
  const listeners = readListeners(options, readConfig(options.stateRoot));
  const rooms = await openRooms(options, { disposer, startedAt, end, isRemote: listeners.tls !== undefined });
  const presence = announcePresence(options);
  disposer.defer(() => presence[Symbol.dispose]());
  const server = await serveApi(rooms, { ...listeners, log: options.log });
  const tcp = server.tlsPort === undefined ? "" : ` and TCP port ${server.tlsPort}`;
  options.log(`Engine ${options.version} serves ${options.socket}${tcp} as process ${options.pid}`);
  options.onReady();
  if (options.notifySocket) notifyService(options.notifySocket, "READY=1\n");
  await aborted(ended.signal);
  await server.stopListening();
  await server.answered(answerLimitMs);
  await disposer[Symbol.asyncDispose]();
  await server.close();
}

/** Made when missing. Refused when others could put records, sockets or links into it. */
function ownDirectory(path: string, uid: number): void {
  mkdirSync(path, { recursive: true, mode: 0o711 });
  const { uid: owner, mode } = statSync(path);
  if (owner === uid && (mode & 0o022) === 0) return;
  throw new GantryError("bad-parameter", `Other users may write in ${path}`, {
    hint: `Make it private (chown ${uid} ${path}; chmod 711 ${path}), or choose another directory`,
  });
}

/** A predecessor that was told to end holds the lock until it has; one that serves keeps it. */
async function lockState({ stateRoot, socket, pid, signal }: EngineOptions) {
  const giveUpAt = systemClock.monotonicMs() + handOverLimitMs;
  for (;;) {
    try {
      return lockStateRoot(stateRoot, { pid, socket, tryLock });
    } catch (error) {
      const isEnding = !(await answers(socket));
      if (!isGantryError(error, "engine-locked") || !isEnding || systemClock.monotonicMs() > giveUpAt) throw error;
    }
    await sleep(handOverStepMs, signal);
  }
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => {
      connection.destroy();
      resolve(true);
    });
    connection.once("error", () => resolve(false));
  });
}

interface Opening {
  readonly disposer: Disposer;
  readonly startedAt: Date;
  readonly end: (why: string) => void;
  /** Other hosts may connect. */
  readonly isRemote: boolean;
}

/** Opens every room, adopts what runs, and registers how all of it is closed. */
async function openRooms(options: EngineOptions, { disposer, startedAt, end, isRemote }: Opening): Promise<ApiRooms> {
  const { stateRoot, runDir, log, pid, version, socket } = options;
  // Nobody on another host could start it again.
  const idleMs = isRemote ? 0 : (options.idleMs ?? defaultIdleMs);
  const runtimes = await findRuntimes(stateRoot);
  const onDamaged = ({ path, reason }: DamagedRecord) => log(`A damaged record was set aside: ${path}: ${reason}`);
  const clock = systemClock;
  const instanceId = instanceIdOf(stateRoot);
  const events = openJournal(options, { clock, disposer });
  // Last of all: what has processes stays.
  disposer.defer(() => removeCgroup(cgroupOf(instanceId)));
  const layers = await LayerStore.open({ stateRoot, onDamaged });
  disposer.defer(() => layers.close());
  const registries = readRegistryConfig(options);
  const registry = createRegistryClient({ config: registries, clock });
  const stored = await ImageStore.open({ stateRoot, layers, registry, clock, onDamaged });
  const images = announcingImages(stored, events);
  const directory = join(stateRoot, "volumes");
  const volumes = await openVolumes({ directory, clock, onDamaged, copyInto: copyIntoTree });
  const trash = await openTrash(options, { volumes, clock, onDamaged });
  disposer.defer(async () => trash.close());
  const publish = events.publish.bind(events);
  const networks = await NetworkStore.open({ stateDir: stateRoot, runDir, instanceId, clock, publish, log });
  disposer.defer(() => networks.close());
  const supervisor = openSupervisor(options, { runtimes, instanceId });
  disposer.defer(() => supervisor.close());
  const containers = await createContainers({
    ...{ images, layers, volumes, networks, supervisor, events, clock, onDamaged },
    stateDir: join(stateRoot, "containers"),
    runDir: join(runDir, "containers"),
    bootId: readBootId(),
    host: {
      ...{ cgroupVersion: cgroupVersion(), cpus: availableParallelism(), runtime: runtimes[0].name },
      runtimes: runtimes.map(({ name }) => name),
      seLinux: existsSync("/sys/fs/selinux/enforce"),
      cgroupParent: cgroupOf(instanceId),
      spec: readSpecHost(loadDefaultProfile(log)),
    },
    report: (message, error) => log(`${message}: ${messageOf(error)}`),
  });
  disposer.defer(() => containers.close());
  await containers.restore();
  const builder = await openBuilder(
    { stateRoot, images, layers, containers, clock, reach: reachOf(registries) },
    disposer,
  );
  collectGarbage(images, containers, log);
  disposer.defer(() => sweepNetworks(containers, networks));
  const facts = readEngineFacts({
    ...{ pid, version, apiVersion, stateRoot, socket, instanceId },
    startedAt: startedAt.toISOString(),
    storageDriver: layers.driver,
    ...{ runtimes, registries },
  });
  const activity = watchActivity(containers, events, {
    idleMs,
    disposer,
    onIdle: () => end("nothing runs, nobody asks"),
  });
  const shutDown = () => end("told by a client");
  const locks = new ProjectLocks();
  const history = new GenerationFiles({
    directory: join(stateRoot, "history"),
    ...{ now: () => clock.now(), onDamaged },
    isAtWork: ({ project }) => locks.isHeld(project),
  });
  return { builder, containers, events, history, images, networks, volumes, trash, facts, activity, locks, shutDown };
}

/** Its limits are the configuration's. Throws "bad-parameter" for wrong ones. */
function openTrash(
  { stateRoot, settings, log }: EngineOptions,
  rooms: Pick<VolumeTrashOptions, "volumes" | "clock" | "onDamaged">,
): Promise<VolumeTrash> {
  const limits = parseTrashLimits(readConfig(stateRoot), settings);
  const measure = async (path: string) => (await measureTrees([path], new AbortController().signal))[0] ?? 0;
  return VolumeTrash.open({ directory: join(stateRoot, "volumes", "trash"), ...rooms, limits, measure, log });
}

async function openBuilder(options: Parameters<typeof Builder.open>[0], disposer: Disposer): Promise<Builder> {
  const builder = await Builder.open(options);
  disposer.defer(() => builder.close());
  return builder;
}

/** With the newest events of the last engine, unless that one crashed. */
function openJournal(
  { stateRoot, log }: EngineOptions,
  { clock, disposer }: { clock: typeof systemClock; disposer: Disposer },
): EventJournal {
  const path = join(stateRoot, "events.jsonl");
  const events = new EventJournal(clock);
  if (existsSync(path)) events.resume(readFileSync(path, "utf8"));
  disposer.defer(() =>
    writeDurably(path, events.print()).catch((error: unknown) => log(`The events are lost: ${messageOf(error)}`)),
  );
  return events;
}

/** At least one, the fastest first. Throws "helper-missing". */
async function findRuntimes(stateRoot: string): Promise<[OciRuntime, ...OciRuntime[]]> {
  const [first, ...others] = await probeRuntimes({
    cacheFile: join(stateRoot, "runtimes.json"),
    wrapperDir: join(stateRoot, "runtime-wrappers"),
  });
  if (first) return [first, ...others];
  throw new GantryError("helper-missing", "No OCI runtime works on this host", {
    hint: "gantry doctor says what is missing, and how to get it",
  });
}

function openSupervisor(
  { runDir, exitCommand }: EngineOptions,
  { runtimes, instanceId }: { runtimes: readonly [OciRuntime, ...OciRuntime[]]; instanceId: string },
): ConmonSupervisor {
  const conmonPath = findProgram("conmon");
  if (!conmonPath) {
    throw new GantryError("helper-missing", "conmon is not installed", {
      hint: "gantry doctor says how to get it",
    });
  }
  const [{ name: defaultRuntime }] = runtimes;
  const monitorCgroup = `${cgroupOf(instanceId)}/monitors`;
  return new ConmonSupervisor({ runDir, conmonPath, runtimes, defaultRuntime, monitorCgroup, exitCommand });
}

/** Below it, every container and every monitor of this engine. */
function cgroupOf(instanceId: string): string {
  return `/gantry-${instanceId}`;
}

/** The state root's `engine.json`, else the host's. */
function readConfig(stateRoot: string): string | undefined {
  const path = [join(stateRoot, "engine.json"), "/etc/gantry/engine.json"].find(existsSync);
  if (path === undefined) return undefined;
  const text = readFileSync(path, "utf8");
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new GantryError("bad-parameter", `${path} is not JSON: ${messageOf(cause)}`, { cause });
  }
  return text;
}

/** What the environment and the file say of registries; certificates may also lie in the state root. */
function readRegistryConfig({ stateRoot, settings }: EngineOptions): RegistryConfig {
  const text = readConfig(stateRoot);
  const environment = environmentConfig(settings, [join(stateRoot, "certs.d")]);
  return text === undefined ? environment : mergeConfigs(environment, parseEngineConfig(text));
}

/** In the background: what an earlier engine left half done, or was removed while a container still used it. */
function collectGarbage(images: ImageStore, containers: Containers, log: (text: string) => void): void {
  images.collectGarbage(containers.usedImages()).catch((error: unknown) => {
    log(`Garbage could not be collected: ${messageOf(error)}`);
  });
}

/** The last one out takes the default bridge and the firewall's table along, unless a user's network is there. */
async function sweepNetworks(containers: Containers, networks: NetworkStore): Promise<void> {
  if (!isBusy(containers)) await networks.restore([]);
}

/** A container runs, is paused, or waits for its restart. */
function isBusy(containers: Containers): boolean {
  const busyStates = ["running", "paused", "restarting"];
  return containers.list({ all: true, filters: {} }).some(({ State }) => busyStates.includes(State));
}

function watchActivity(
  containers: Containers,
  events: EventJournal,
  { idleMs, onIdle, disposer }: { idleMs: number; onIdle: () => void; disposer: Disposer },
): Activity {
  const now = () => systemClock.now().getTime();
  const activity = new Activity({ idleMs, isBusy: () => isBusy(containers), onIdle, now });
  disposer.defer(() => activity[Symbol.dispose]());
  const stop = new AbortController();
  disposer.defer(() => stop.abort());
  void (async () => {
    for await (const _event of events.follow({ filters: {} }, stop.signal)) activity.touch();
  })().catch(() => {}); // ended with the engine
  return activity;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
