/**
 * Processes run inside containers: made, started once, and remembered for a while after their end.
 *
 * In memory: an exec does not survive the engine. An exec object is kept five minutes after its exit, so that a client
 * can ask for its exit code, and until its container ends when it was never started.
 */

import { randomBytes } from "node:crypto";
import { deadline } from "../../../base/deadline.js";
import { GantryError, messageOf } from "../../../base/errors.js";
import type { ExecCreateBody, ExecInspect, ExecStartBody } from "../../../wire/container.js";
import { encodeFrame, FrameDecoder } from "../../../wire/stream.js";
import type { AttachedStdio, RunningExec } from "../../supervisor/supervisor.js";
import { type CommandCheck, lateText, type ProbeResult } from "../health/health-state.js";
import type { Container } from "../lifecycle/container.js";
import { announce } from "../lifecycle/notices.js";
import { startFailureCode } from "../lifecycle/signals.js";
import type { Rooms } from "../rooms.js";
import { execProcess } from "../spec/container-spec.js";
import { StdioRelay } from "./stdio-relay.js";

const keptAfterExitMs = 5 * 60_000;
/** Docker's limit on the output of a health probe. */
const probeOutputBytes = 4096;
const killSignal = 9;

interface Exec {
  readonly id: string;
  readonly container: Container;
  readonly body: ExecCreateBody;
  state: "created" | "running" | "exited";
  exitCode: number | null;
  pid: number;
  stdio?: AttachedStdio;
}

export class ExecStore {
  readonly #rooms: Rooms;
  readonly #execs = new Map<string, Exec>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** Throws "bad-parameter" for an empty command, "container-not-running", "container-conflict" when it is paused. */
  create(container: Container, body: ExecCreateBody): string {
    const command = body.Cmd ?? [];
    if (command.length === 0) throw new GantryError("bad-parameter", "No exec command specified");
    requireRunning(container);
    const id = randomBytes(32).toString("hex");
    this.#execs.set(id, { id, container, body, state: "created", exitCode: null, pid: 0 });
    announce(this.#rooms, container.record, `exec_create: ${commandText(command)}`, { execID: id });
    return id;
  }

  async start(id: string, { Detach, ConsoleSize }: ExecStartBody): Promise<AttachedStdio | undefined> {
    const exec = this.#find(id);
    if (exec.state !== "created") {
      const what = exec.state === "running" ? "is already running" : "has already run";
      throw new GantryError("container-conflict", `Error: Exec command ${id} ${what}`);
    }
    requireRunning(exec.container);
    exec.state = "running";
    const size = ConsoleSize ?? exec.body.ConsoleSize ?? undefined;
    if (Detach) {
      await this.#run(exec, { attach: false, size });
      return undefined;
    }
    const relay = new StdioRelay(() => {});
    exec.stdio = relay; // it keeps the size that a client tells before the process is there
    try {
      const running = await this.#run(exec, { attach: true, size });
      if (running.stdio) relay.connect(running.stdio, running.exited);
      relay.stream.once("close", () => {
        const hasLeft = !relay.stream.readableEnded && exec.state === "running";
        if (hasLeft) announce(this.#rooms, exec.container.record, "exec_detach", { execID: id });
      });
    } catch (error) {
      // An attached client has its stream by now and reads there what went wrong.
      const payload = Buffer.from(`${messageOf(error)}\r\n`);
      relay.stream.push(exec.body.Tty ? payload : encodeFrame({ stream: "stdout", payload }));
      relay.end();
    }
    return relay;
  }

  resize(id: string, size: { height: number; width: number }): void {
    const exec = this.#find(id);
    if (exec.state !== "running") throw new GantryError("container-conflict", `Exec ${id} is not running`);
    exec.stdio?.resize(size);
  }

  inspect(id: string): ExecInspect {
    const { body, state, exitCode, pid, container } = this.#find(id);
    const [entrypoint = "", ...rest] = body.Cmd ?? [];
    return {
      ID: id,
      Running: state === "running",
      ExitCode: exitCode,
      ProcessConfig: {
        tty: body.Tty ?? false,
        entrypoint,
        arguments: rest,
        privileged: body.Privileged ?? false,
        ...(body.User ? { user: body.User } : {}),
      },
      OpenStdin: body.AttachStdin ?? false,
      OpenStdout: body.AttachStdout ?? false,
      OpenStderr: body.AttachStderr ?? false,
      CanRemove: state === "exited",
      ContainerID: container.id,
      DetachKeys: body.DetachKeys ?? "",
      Pid: pid,
    };
  }

  /** Execs of a container that were not seen to end, for `inspect`. */
  idsOf(containerId: string): string[] {
    return [...this.#execs.values()]
      .filter(({ container, state }) => container.id === containerId && state !== "exited")
      .map(({ id }) => id);
  }

  /** Forgets what was never started; what runs ends with its container. */
  forget(containerId: string): void {
    for (const exec of this.#execs.values()) {
      if (exec.container.id === containerId && exec.state === "created") this.#execs.delete(exec.id);
    }
  }

  /** Runs a health check's command to its end or its timeout. Rejects only when `signal` is aborted. */
  async probe(container: Container, check: CommandCheck, signal: AbortSignal): Promise<ProbeResult> {
    const startedAt = this.#rooms.clock.now();
    const outcome = await this.#probeOutcome(container, check, signal);
    return { startedAt, endedAt: this.#rooms.clock.now(), ...outcome };
  }

  async #probeOutcome(
    container: Container,
    check: CommandCheck,
    signal: AbortSignal,
  ): Promise<{ exitCode: number; output: string }> {
    let id: string | undefined;
    using late = deadline(check.timeoutMs, [signal]);
    const ended = late.signal;
    try {
      id = this.create(container, { Cmd: [...check.command], AttachStdout: true, AttachStderr: true });
      const exec = this.#find(id);
      exec.state = "running";
      const running = await this.#run(exec, { attach: true, signal: ended });
      const output = collectOutput(running);
      if (!(await endsBefore(running.exited, ended))) running.kill(killSignal);
      else return { exitCode: await running.exited, output: output() };
    } catch (error) {
      if (!ended.aborted) return { exitCode: startFailureCode(error), output: messageOf(error) };
    } finally {
      if (id) this.#execs.delete(id);
    }
    signal.throwIfAborted();
    return { exitCode: -1, output: lateText(check) };
  }

  async #run(
    exec: Exec,
    options: { attach: boolean; size?: [number, number]; signal?: AbortSignal },
  ): Promise<RunningExec> {
    const { container, body } = exec;
    try {
      const process = await execProcess(this.#rooms, container.record, { body, size: options.size });
      announce(this.#rooms, container.record, `exec_start: ${commandText(body.Cmd ?? [])}`, { execID: exec.id });
      const running = await this.#rooms.supervisor.exec(
        {
          containerId: container.id,
          execId: exec.id,
          process,
          attach: options.attach,
          openStdin: (options.attach && body.AttachStdin) ?? false,
        },
        options.signal ?? new AbortController().signal,
      );
      exec.pid = running.pid;
      void running.exited.then(
        (code) => this.#ended(exec, code),
        () => this.#ended(exec, 255),
      );
      return running;
    } catch (error) {
      const code = startFailureCode(error);
      this.#ended(exec, code === 127 ? code : notExecutable);
      throw error;
    }
  }

  #ended(exec: Exec, exitCode: number): void {
    exec.state = "exited";
    exec.exitCode = exitCode;
    exec.pid = 0;
    announce(this.#rooms, exec.container.record, "exec_die", { execID: exec.id, exitCode: String(exitCode) });
    setTimeout(() => this.#execs.delete(exec.id), keptAfterExitMs).unref();
  }

  #find(id: string): Exec {
    const exec = this.#execs.get(id);
    if (!exec) throw new GantryError("exec-not-found", `No such exec instance: ${id}`);
    return exec;
  }
}

/** As Docker's events have it: the program, a space, and the arguments, if there are any. */
function commandText([program = "", ...args]: readonly string[]): string {
  return `${program} ${args.join(" ")}`;
}

/** What Docker's clients end with when a program could not be started for any other reason than its absence. */
const notExecutable = 126;

function requireRunning({ status, id, record }: Container): void {
  if (status === "running") return;
  if (status === "paused") {
    throw new GantryError(
      "container-conflict",
      `Container ${record.name} is paused, unpause the container before exec`,
    );
  }
  if (status === "restarting") {
    throw new GantryError("container-conflict", `Container ${id} is restarting, wait until the container is running`);
  }
  throw new GantryError("container-not-running", `Container ${id} is not running`, {
    hint: `Start it first: gantry container start ${id.slice(0, 12)}`,
  });
}

/** Reads on to the end, so that the process never blocks, but keeps only the first bytes. */
function collectOutput({ stdio }: RunningExec): () => string {
  const decoder = new FrameDecoder();
  const kept: Uint8Array[] = [];
  let bytes = 0;
  stdio?.stream.on("error", () => undefined);
  stdio?.stream.on("data", (chunk: Uint8Array) => {
    for (const { payload } of bytes < probeOutputBytes ? decoder.push(chunk) : []) {
      kept.push(Uint8Array.from(payload.subarray(0, probeOutputBytes - bytes)));
      bytes += payload.byteLength;
    }
  });
  stdio?.stream.end();
  return () => Buffer.concat(kept).subarray(0, probeOutputBytes).toString("utf8");
}

function endsBefore(exited: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    signal.addEventListener("abort", () => resolve(false), { once: true });
    exited.then(
      () => resolve(true),
      () => resolve(true),
    );
  });
}
