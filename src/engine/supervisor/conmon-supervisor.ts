/**
 * The `Supervisor` of real containers: conmon holds each one, an OCI runtime makes it.
 *
 * On disk: `runDir/supervised/<id>/` (a record, the pid file, conmon's `oom` mark), `runDir/exits/<id>` (its exit
 * code), `runDir/runtime/` (the runtime's own state), and in the bundle `config.json`, `attach`, `ctl` and `winsz`.
 * All of it is conmon's or rebuilt by `adopt`, so a crash at any point leaves what the next engine understands.
 */
import { existsSync, type FSWatcher, mkdirSync, readdirSync, rmSync, watch } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sleep } from "../../base/clock.js";
import { GantryError, systemCodeOf } from "../../base/errors.js";
import { identifyProcess, isProcessAlive, signalProcess, watchProcessEnd } from "../kernel/process.js";
import { cgroupPids, moveProcess, readOomKills, removeCgroup, setFrozen, thaw } from "../runtime/cgroups.js";
import type { OciRuntime } from "../runtime/oci-runtime.js";
import { encodeSpec } from "../runtime/spec/build-spec.js";
import { attachStdio, requestLogReopen } from "./attached-stdio.js";
import { type Conmon, spawnConmon } from "./conmon.js";
import { startExec } from "./exec.js";
import { ExitDir } from "./exit-dir.js";
import { runRuntime } from "./runtime-call.js";
import { runtimeError } from "./runtime-error.js";
import { SeccompCache } from "./seccomp-cache.js";
import { readRecord, type SupervisedRecord, writeRecord } from "./supervised-record.js";
import type {
  AttachedStdio,
  ExecRequest,
  ProcessExit,
  ProcessIdentity,
  ProcessRequest,
  RunningExec,
  Supervisor,
} from "./supervisor.js";

const sigkill = 9;
/** What Docker reports for a container whose monitor was lost together with its exit code. */
const lostExitCode = 255;
/** Rounds of killing a cgroup whose processes fork meanwhile. */
const killRounds = 20;
/** Some two seconds in all. */
const longestAttachPauseMs = 1024;

export interface ConmonSupervisorOptions {
  /** Absolute, on a file system that allows sockets and fifos, private to this engine; made when missing. */
  readonly runDir: string;
  readonly conmonPath: string;
  /** Runtimes that work on this host by name (see `probeRuntimes`), and which is the default. */
  readonly runtimes: readonly OciRuntime[];
  readonly defaultRuntime: string;
  /** cgroup that conmons are moved to, out of the engine's reach, e.g. `/gantry/monitors`. */
  readonly monitorCgroup: string;
  /** Run by conmon when a container has ended, e.g. to wake the engine's guard: program and arguments. */
  readonly exitCommand?: readonly string[];
}

interface Supervised {
  readonly record: SupervisedRecord;
  reported: boolean;
  stopWatching: (() => void) | undefined;
}

export class ConmonSupervisor implements Supervisor {
  onExit: (exit: ProcessExit) => void = () => {};
  onOom: (containerId: string) => void = () => {};
  readonly #options: ConmonSupervisorOptions;
  readonly #exits: ExitDir;
  readonly #seccomp = new SeccompCache();
  readonly #supervised = new Map<string, Supervised>();

  constructor(options: ConmonSupervisorOptions) {
    this.#options = options;
    rmSync(join(options.runDir, "exec"), { recursive: true, force: true }); // nobody waits for those of a dead engine
    for (const folder of ["supervised", "runtime", "exec"])
      mkdirSync(join(options.runDir, folder), { recursive: true, mode: 0o700 });
    this.#exits = new ExitDir(join(options.runDir, "exits"));
    // A monitor that outlived its container's removal wrote them.
    const isStale = (containerId: string) => !existsSync(this.#stateDir(containerId));
    for (const containerId of readdirSync(this.#exits.path).filter(isStale)) this.#exits.remove(containerId);
    this.#exits.watch((name) => this.#reportExit(name));
  }

  async create(request: ProcessRequest, signal: AbortSignal): Promise<ProcessIdentity> {
    signal.throwIfAborted();
    const runtime = this.#runtimeFor(request);
    const record: SupervisedRecord = {
      schema: 1,
      containerId: request.containerId,
      bundleDir: request.bundleDir,
      runtime: runtime.name,
      cgroupsPath: request.spec.linux.cgroupsPath ?? "",
      monitor: undefined,
    };
    const stateDir = this.#stateDir(request.containerId);
    this.#exits.remove(request.containerId);
    await rm(stateDir, { recursive: true, force: true });
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    const spec = runtime.name === "crun" ? this.#seccomp.prepare(request.spec) : request.spec;
    await writeFile(join(request.bundleDir, "config.json"), encodeSpec(spec), { mode: 0o600 });
    writeRecord(stateDir, record);
    try {
      return await this.#createUnder(request, record, signal);
    } catch (error) {
      await this.#removeAll(record);
      throw error;
    }
  }

  async #createUnder(request: ProcessRequest, record: SupervisedRecord, signal: AbortSignal): Promise<ProcessIdentity> {
    const stateDir = this.#stateDir(request.containerId);
    const runtime = this.#runtime(record.runtime);
    const conmon = await spawnConmon({
      conmonPath: this.#options.conmonPath,
      runtime,
      runtimeRoot: this.#runtimeRoot,
      args: this.#conmonArgs(request, stateDir),
      cwd: stateDir, // conmon leaves its `oom` mark in its working directory
    });
    // At once: who cleans up after a crash from here on has to end it before it brings the container about.
    const supervised = { ...record, monitor: identifyProcess(conmon.pid) };
    writeRecord(stateDir, supervised);
    const stopOnAbort = () => signalIfAlive(conmon, sigkill);
    signal.addEventListener("abort", stopOnAbort, { once: true });
    try {
      void moveProcess(conmon.pid, this.#options.monitorCgroup);
      const told = await conmon.nextMessage();
      signal.throwIfAborted();
      if (!told || told.data < 0) {
        throw runtimeError(conmon.complaint(told), runtime.name, request.spec.process.args);
      }
      const identity = identifyProcess(told.data);
      if (!identity) throw new GantryError("container-start-failed", "The container's process ended while it was made");
      if (runtime.name === "crun") this.#seccomp.learn(request.spec, join(this.#runtimeRoot, record.containerId));
      this.#watch(supervised, conmon);
      return identity;
    } finally {
      signal.removeEventListener("abort", stopOnAbort);
    }
  }

  #conmonArgs(request: ProcessRequest, stateDir: string): string[] {
    const [exitProgram, ...exitArgs] = this.#options.exitCommand ?? [];
    return [
      ...["--cid", request.containerId, "--cuuid", request.containerId, "--name", request.containerId],
      ...["--bundle", request.bundleDir, "--full-attach"],
      ...["--container-pidfile", join(stateDir, "pid"), "--persist-dir", stateDir, "--exit-dir", this.#exits.path],
      ...["--log-path", request.logPath === undefined ? "off" : `k8s-file:${request.logPath}`, "--no-sync-log"],
      ...(request.tty ? ["--terminal"] : []),
      ...(request.openStdin ? ["--stdin"] : []),
      ...(request.openStdin && request.stdinOnce === false ? ["--leave-stdin-open"] : []),
      ...(exitProgram === undefined ? [] : ["--exit-command", exitProgram]),
      ...exitArgs.flatMap((arg) => ["--exit-command-arg", arg]),
    ];
  }

  async attach(containerId: string, options: { tty: boolean }): Promise<AttachedStdio> {
    for (let pauseMs = 1; ; pauseMs *= 2) {
      try {
        return attachStdio(this.#recordOf(containerId).bundleDir, options);
      } catch (error) {
        // conmon lets ten wait at its socket, and the kernel tells nobody when one of them was let in.
        if (!isBusy(error) || pauseMs > longestAttachPauseMs) throw error;
      }
      await sleep(pauseMs);
    }
  }

  async start(containerId: string): Promise<void> {
    const record = this.#recordOf(containerId);
    const runtime = this.#runtime(record.runtime);
    // Starting touches no cgroup and no mount: it needs no wrapper around the runtime.
    const outcome = await runRuntime(runtime.binary, ["--root", this.#runtimeRoot, "start", containerId]);
    if (outcome.exitCode !== 0) throw runtimeError(outcome.output, runtime.name, []);
  }

  kill(process: ProcessIdentity, signal: number): boolean {
    return signalProcess(process, signal);
  }

  async killAll(containerId: string): Promise<void> {
    const { cgroupsPath } = this.#recordOf(containerId);
    thaw(cgroupsPath);
    for (let round = 0; round < killRounds; round++) {
      const processes = cgroupPids(cgroupsPath).map(identifyProcess);
      const alive = processes.filter((process) => process !== undefined);
      if (alive.length === 0) return;
      for (const process of alive) signalProcess(process, sigkill);
      await new Promise((resolve) => setTimeout(resolve, round));
    }
  }

  pause(containerId: string): Promise<void> {
    return setFrozen(this.#recordOf(containerId).cgroupsPath, true);
  }

  resume(containerId: string): Promise<void> {
    return setFrozen(this.#recordOf(containerId).cgroupsPath, false);
  }

  exec(request: ExecRequest, signal: AbortSignal): Promise<RunningExec> {
    const record = this.#recordOf(request.containerId);
    return startExec(request, {
      conmonPath: this.#options.conmonPath,
      runtime: this.#runtime(record.runtime),
      runtimeRoot: this.#runtimeRoot,
      execDir: join(this.#options.runDir, "exec"),
      signal,
    });
  }

  async delete(containerId: string): Promise<void> {
    const record = this.#supervised.get(containerId)?.record ?? readRecord(this.#stateDir(containerId));
    if (record) await this.#removeAll(record);
    else if (this.#knows(containerId)) await this.#removeAll(this.#unrecorded(containerId));
  }

  async adopt(containerId: string, process: ProcessIdentity): Promise<"running" | "exited" | "lost"> {
    const record = readRecord(this.#stateDir(containerId));
    if (!record) {
      signalProcess(process, sigkill); // nobody could take it over any more
      return "lost";
    }
    const monitorLives = record.monitor !== undefined && isProcessAlive(record.monitor);
    const processLives = isProcessAlive(process);
    if (!this.#supervised.has(containerId)) this.#watch(record, undefined);
    if (this.#exits.read(containerId)) {
      this.#reportExit(containerId);
      return "exited";
    }
    // Between the process's end and conmon's file lies a moment; a live conmon will write it, and the watch tells.
    if (monitorLives) return "running";
    if (!processLives) {
      this.#forget(containerId);
      return "lost";
    }
    // Without conmon nobody reads its output or learns its exit code: it is ended rather than left half alive.
    signalProcess(process, sigkill);
    this.#reportLost(containerId);
    return "exited";
  }

  async reopenLog(containerId: string): Promise<void> {
    requestLogReopen(this.#recordOf(containerId).bundleDir);
  }

  async close(): Promise<void> {
    this.#exits.close();
    for (const containerId of [...this.#supervised.keys()]) this.#forget(containerId);
  }

  get #runtimeRoot(): string {
    return join(this.#options.runDir, "runtime");
  }

  #stateDir(containerId: string): string {
    return join(this.#options.runDir, "supervised", containerId);
  }

  #runtime(name = this.#options.defaultRuntime): OciRuntime {
    const runtime = this.#options.runtimes.find((candidate) => candidate.name === name);
    if (runtime) return runtime;
    const known = this.#options.runtimes.map((candidate) => candidate.name).join(", ");
    throw new GantryError("bad-parameter", `unknown or invalid runtime name: ${name}`, {
      hint: `Runtimes that work on this host: ${known || "none"}`,
    });
  }

  /** A wrapped runtime sees a copy of the host's mounts: what a container shares back needs one that is not. */
  #runtimeFor(request: ProcessRequest): OciRuntime {
    const runtime = this.#runtime(request.runtime);
    const isWrapped = runtime.command !== runtime.binary;
    const sharesBack = request.spec.mounts.some(({ options }) => options?.some((option) => /^r?shared$/.test(option)));
    if (!isWrapped || !sharesBack) return runtime;
    return this.#options.runtimes.find((candidate) => candidate.command === candidate.binary) ?? runtime;
  }

  #recordOf(containerId: string): SupervisedRecord {
    const record = this.#supervised.get(containerId)?.record ?? readRecord(this.#stateDir(containerId));
    if (!record) throw new GantryError("container-not-running", `Container ${containerId} is not running`);
    return record;
  }

  /** From now on the exit is reported, whether conmon writes it or dies without. */
  #watch(record: SupervisedRecord, conmon: Conmon | undefined): void {
    const { containerId } = record;
    const onMonitorEnd = () => {
      if (this.#exits.read(containerId)) this.#reportExit(containerId);
      else this.#reportLost(containerId);
    };
    const supervised: Supervised = { record, reported: false, stopWatching: undefined };
    this.#supervised.set(containerId, supervised);
    let stopWatchingMonitor: (() => void) | undefined;
    if (conmon && conmon.child.exitCode === null) {
      conmon.child.once("exit", onMonitorEnd);
      stopWatchingMonitor = () => conmon.child.off("exit", onMonitorEnd);
    } else if (record.monitor) {
      stopWatchingMonitor = watchProcessEnd(record.monitor, onMonitorEnd);
    }
    const oomMark = watchOomMark(this.#stateDir(containerId), () => this.onOom(containerId));
    supervised.stopWatching = () => {
      stopWatchingMonitor?.();
      oomMark?.close();
    };
    if (this.#exits.read(containerId)) queueMicrotask(() => this.#reportExit(containerId));
  }

  #reportExit(containerId: string): void {
    const supervised = this.#supervised.get(containerId);
    const exit = this.#exits.read(containerId);
    if (!supervised || supervised.reported || !exit) return;
    this.#report(supervised, exit);
  }

  #reportLost(containerId: string): void {
    const supervised = this.#supervised.get(containerId);
    if (!supervised || supervised.reported) return;
    const left = cgroupPids(supervised.record.cgroupsPath).map(identifyProcess);
    for (const process of left) if (process) signalProcess(process, sigkill);
    this.#report(supervised, { exitCode: lostExitCode, finishedAt: new Date() });
  }

  #report(supervised: Supervised, exit: { exitCode: number; finishedAt: Date }): void {
    supervised.reported = true;
    supervised.stopWatching?.();
    const { containerId, cgroupsPath } = supervised.record;
    // The cgroup outlives its processes until `delete`; conmon's mark is the fallback when somebody removed it.
    const kills = readOomKills(cgroupsPath);
    const oomKilled = kills === undefined ? existsSync(join(this.#stateDir(containerId), "oom")) : kills > 0;
    this.onExit({ containerId, exitCode: exit.exitCode, oomKilled, finishedAt: exit.finishedAt });
  }

  #forget(containerId: string): void {
    this.#supervised.get(containerId)?.stopWatching?.();
    this.#supervised.delete(containerId);
  }

  #knows(containerId: string): boolean {
    return [this.#stateDir(containerId), join(this.#runtimeRoot, containerId)].some(existsSync);
  }

  /** Stands for a record that is damaged or gone: the runtime itself knows processes and cgroup. */
  #unrecorded(containerId: string): SupervisedRecord {
    const bundleDir = this.#stateDir(containerId);
    return { schema: 1, containerId, bundleDir, runtime: this.#runtime().name, cgroupsPath: "", monitor: undefined };
  }

  async #removeAll(record: SupervisedRecord): Promise<void> {
    const { containerId, bundleDir, monitor } = record;
    this.#forget(containerId);
    // Without an exit it is still at work: making the container, or waiting for one that is killed below.
    const hasEnded = this.#exits.read(containerId) !== undefined;
    if (monitor && !hasEnded) signalProcess(monitor, sigkill);
    thaw(record.cgroupsPath);
    // Of a process that has ended, its cgroup and its state are all that the runtime would remove: no spawn for that.
    const isGone = hasEnded && removeCgroup(record.cgroupsPath);
    if (!isGone && existsSync(join(this.#runtimeRoot, containerId))) {
      const runtime = this.#runtime(record.runtime);
      await runRuntime(runtime.command, ["--root", this.#runtimeRoot, "delete", "--force", containerId]);
    }
    if (!isGone) removeCgroup(record.cgroupsPath);
    rmSync(join(this.#runtimeRoot, containerId), { recursive: true, force: true });
    for (const name of ["attach", "ctl", "winsz", "config.json"]) rmSync(join(bundleDir, name), { force: true });
    this.#exits.remove(containerId);
    await rm(this.#stateDir(containerId), { recursive: true, force: true });
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof GantryError && systemCodeOf(error.cause) === "EAGAIN";
}

/** conmon touches `oom` in its working directory at each kill. Undefined where the host has no watches left. */
function watchOomMark(stateDir: string, onOom: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(stateDir, { persistent: false }, (event, name) => {
      if (event === "rename" && name === "oom") onOom();
    });
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined; // the container's end tells it too
  }
}

function signalIfAlive(conmon: Conmon, signal: number): void {
  const identity = identifyProcess(conmon.pid);
  if (identity) signalProcess(identity, signal);
}
