/**
 * Runs a command in a running container.
 *
 * Without a TTY the runtime's own `exec` is our child with real pipes: one spawn, no copying, its exit code is the
 * command's (conmon in between costs a second process, which health probes would pay all day). With a TTY
 * conmon holds the terminal: it has the console socket, the resize fifo and the attach socket.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GantryError } from "../../base/errors.js";
import { type ChildPipe, openChildPipe } from "../kernel/pipe.js";
import { identifyProcess, type ProcessIdentity, signalProcess } from "../kernel/process.js";
import type { OciRuntime } from "../runtime/oci-runtime.js";
import { encodeSpec } from "../runtime/spec/build-spec.js";
import { attachStdio } from "./attached-stdio.js";
import { helperEnv, spawnConmon } from "./conmon.js";
import { fileAppears } from "./file-appears.js";
import { pipedStdio } from "./piped-stdio.js";
import { runtimeError } from "./runtime-error.js";
import type { ExecRequest, RunningExec } from "./supervisor.js";

const sigkill = 9;
/** After the command's end, for how long its background children may be silent before the exec counts as done. */
const drainMs = 1000;
/** A complaint of the runtime is short; the rest is the command's own output. */
const complaintChars = 4096;

export interface ExecContext {
  readonly conmonPath: string;
  readonly runtime: OciRuntime;
  readonly runtimeRoot: string;
  /** Each exec has its own directory below, removed at its end. */
  readonly execDir: string;
  readonly signal: AbortSignal;
}

/** Throws "command-not-found", "container-start-failed". Nothing is left behind after a failure or the end. */
export async function startExec(request: ExecRequest, context: ExecContext): Promise<RunningExec> {
  context.signal.throwIfAborted();
  const folder = join(context.execDir, request.execId);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, "process.json"), encodeSpec(request.process), { mode: 0o600 });
  try {
    const running = await (request.process.terminal
      ? execInTerminal(request, context, folder)
      : execWithPipes(request, context, folder));
    void running.exited.finally(() => rm(folder, { recursive: true, force: true })).catch(() => {});
    return running;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function execWithPipes(request: ExecRequest, context: ExecContext, folder: string): Promise<RunningExec> {
  const stdin = request.attach && request.openStdin ? openChildPipe("to-child") : undefined;
  const stdout = request.attach ? openChildPipe("from-child") : undefined;
  const stderr = openChildPipe("from-child");
  const pidFile = join(folder, "pid");
  const pidFileReady = fileAppears(pidFile);
  const args = ["--root", context.runtimeRoot, "exec", "--process", join(folder, "process.json")];
  const child = spawn(context.runtime.command, [...args, "--pid-file", pidFile, request.containerId], {
    cwd: "/",
    env: helperEnv,
    detached: true,
    stdio: [stdin?.childFd ?? "ignore", stdout?.childFd ?? "ignore", stderr.childFd],
  });
  for (const pipe of [stdin, stdout, stderr]) pipe?.closeChildEnd();
  const exitCode = exitCodeOf(child, context.runtime.command);
  const stopOnAbort = () => void child.kill("SIGKILL");
  context.signal.addEventListener("abort", stopOnAbort, { once: true });
  try {
    await Promise.race([pidFileReady.appeared, exitCode]);
    context.signal.throwIfAborted();
    const pid = readPid(pidFile);
    if (pid === undefined) throw execError(await readAll(stderr), context, request);
    const identity = identifyProcess(pid);
    if (!request.attach) stderr.stream.resume();
    const stdio = stdout && pipedStdio(stdin?.stream, stdout.stream, stderr.stream);
    const exited = exitCode.then(async (code) => {
      await stdio?.settled(drainMs);
      stdio?.finish();
      return code;
    });
    return { pid, ...(stdio && { stdio }), exited, kill: killer(identity) };
  } catch (error) {
    for (const pipe of [stdin, stdout, stderr]) pipe?.stream.destroy();
    throw error;
  } finally {
    pidFileReady.stop();
    context.signal.removeEventListener("abort", stopOnAbort);
  }
}

async function execInTerminal(request: ExecRequest, context: ExecContext, folder: string): Promise<RunningExec> {
  const conmon = await spawnConmon({
    conmonPath: context.conmonPath,
    runtime: context.runtime,
    runtimeRoot: context.runtimeRoot,
    cwd: folder,
    execAttach: request.attach,
    args: [
      ...["--exec", "--exec-process-spec", join(folder, "process.json"), "--terminal"],
      ...(request.attach ? ["--exec-attach"] : []),
      ...(request.openStdin ? ["--stdin"] : []),
      ...["--cid", request.containerId, "--cuuid", request.execId, "--bundle", folder, "--full-attach"],
      ...["--container-pidfile", join(folder, "pid"), "--log-path", "off"],
    ],
  });
  if (request.attach) {
    conmon.proceed();
    await conmon.attachReady();
  }
  const stdio = request.attach ? attachStdio(folder, { tty: true }) : undefined;
  if (request.attach) conmon.proceed();
  const told = await conmon.nextMessage();
  if (!told || told.data < 0) {
    stdio?.close();
    throw execError(conmon.complaint(told), context, request);
  }
  const exited = conmon.nextMessage().then((end) => end?.data ?? 255);
  return { pid: told.data, ...(stdio && { stdio }), exited, kill: killer(identifyProcess(told.data)) };
}

function execError(output: string, context: ExecContext, request: ExecRequest): GantryError {
  const error = runtimeError(output.slice(-complaintChars), context.runtime.name, request.process.args);
  const reason = error.message.slice(error.message.indexOf("unable to start container process"));
  return new GantryError(error.code, `OCI runtime exec failed: exec failed: ${reason}`, { hint: error.hint } as object);
}

function killer(identity: ProcessIdentity | undefined): (signal: number) => void {
  return (signal) => {
    if (identity) signalProcess(identity, signal);
  };
}

function exitCodeOf(child: ChildProcess, command: string): Promise<number> {
  const exited = new Promise<number>((resolve, reject) => {
    child.once("error", (cause) => reject(new GantryError("helper-missing", `Cannot run ${command}`, { cause })));
    child.once("exit", (code) => resolve(code ?? 128 + sigkill));
  });
  exited.catch(() => {});
  return exited;
}

function readPid(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

async function readAll(pipe: ChildPipe): Promise<string> {
  let text = "";
  for await (const chunk of pipe.stream) text = (text + String(chunk)).slice(-complaintChars);
  return text;
}
