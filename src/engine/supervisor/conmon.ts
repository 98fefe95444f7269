/**
 * One spawn of conmon, up to the moment it tells the process's pid or why there is none.
 *
 * conmon reports over the descriptor that `_OCI_SYNCPIPE` names: one JSON line with the pid (or -1 and the runtime's
 * complaint), and for an exec another with the exit code. It stays our child (`--sync`) in a session of its own, so the
 * engine reaps it, and init does after the engine's death.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { GantryError } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";
import type { OciRuntime } from "../runtime/oci-runtime.js";

/** conmon and the runtime need a PATH for their helpers and nothing else of the engine's environment. */
export const helperEnv = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" } as const;
/** What is kept of conmon's own messages for an error text. */
const stderrKeptChars = 8192;
/** What the kernel's 107 bytes of a socket's path leave beside conmon's `/conmon-term.XXXXXX`. */
const longestSocketDir = 88;
const syncFd = 3;
const startFd = 4;
const attachFd = 5;

export interface ConmonCommand {
  readonly conmonPath: string;
  readonly runtime: OciRuntime;
  /** The runtime's `--root`. */
  readonly runtimeRoot: string;
  readonly args: readonly string[];
  /** Also holds the runtime's log, `runtime.log`. */
  readonly cwd: string;
  /** Wait before and after attaching, as conmon does for an attached exec. */
  readonly execAttach?: boolean;
}

/** What conmon says on its sync pipe. */
export interface SyncMessage {
  readonly data: number;
  readonly message: string | undefined;
}

/** A running conmon. `nextMessage` gives its sync messages in order, undefined when it closed the pipe. */
export interface Conmon {
  readonly child: ChildProcess;
  readonly pid: number;
  nextMessage(): Promise<SyncMessage | undefined>;
  /** For an attached exec: resolves when the attach socket listens. */
  attachReady(): Promise<void>;
  /** For an attached exec: lets it go on, once before and once after attaching. */
  proceed(): void;
  /** Why there is no process, for `runtimeError`: the runtime's log, its message, or conmon's own complaint. */
  complaint(told: SyncMessage | undefined): string;
}

/** Throws "helper-missing" when conmon cannot be run. */
export async function spawnConmon(command: ConmonCommand): Promise<Conmon> {
  const env: Record<string, string> = { ...helperEnv, _OCI_SYNCPIPE: String(syncFd) };
  // conmon binds a terminal's console socket in TMPDIR; in /tmp any user could take the name before it does.
  if (command.runtimeRoot.length <= longestSocketDir) env.TMPDIR = command.runtimeRoot;
  if (command.execAttach) Object.assign(env, { _OCI_STARTPIPE: String(startFd), _OCI_ATTACHPIPE: String(attachFd) });
  // With a terminal some runtimes complain on it, not on stderr; the log gets every complaint.
  const runtimeLog = join(command.cwd, "runtime.log");
  const logArgs = ["--log", runtimeLog, "--log-format", "json"];
  const runtimeArgs = ["--root", command.runtimeRoot, ...logArgs].flatMap((arg) => ["--runtime-arg", arg]);
  const child = spawn(
    command.conmonPath,
    ["--api-version", "1", "--sync", "--runtime", command.runtime.command, ...runtimeArgs, ...command.args],
    {
      cwd: command.cwd,
      env,
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "pipe", ...(command.execAttach ? (["pipe", "pipe"] as const) : [])],
    },
  );
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) =>
      reject(new GantryError("helper-missing", `Cannot run ${command.conmonPath}`, { cause, hint: "Install conmon" })),
    );
  });
  // After the spawn, errors of the child object concern signals only, and those are never sent through it.
  child.on("error", () => {});
  child.unref();
  return conmonOf(child, runtimeLog);
}

function conmonOf(child: ChildProcess, runtimeLog: string): Conmon {
  let complaints = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-stderrKeptChars);
  });
  unrefStream(child.stderr);
  const lines = new LineQueue(child.stdio[syncFd] as Readable);
  const start = child.stdio[startFd] as Writable | undefined;
  const attach = child.stdio.at(attachFd) as Readable | undefined;
  start?.on("error", () => {});
  const attachLines = attach && new LineQueue(attach);
  return {
    child,
    pid: child.pid ?? -1,
    nextMessage: async () => parseSyncMessage(await lines.next()),
    attachReady: async () => void (await attachLines?.next()),
    proceed: () => void start?.write("\0"),
    complaint: (told) => readText(runtimeLog) || told?.message || complaints,
  };
}

/** conmon escapes control characters wrongly (a digit too few or too many), so the text is best effort. */
function parseSyncMessage(line: string | undefined): SyncMessage | undefined {
  if (line === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(line);
    if (isRecord(parsed) && typeof parsed.data === "number")
      return { data: parsed.data, message: typeof parsed.message === "string" ? parsed.message : undefined };
  } catch {}
  const data = Number(/"data": (-?\d+)/.exec(line)?.[1] ?? -1);
  return { data, message: /"message": "(.*)"\}$/.exec(line)?.[1] ?? line };
}

/** Lines of a stream in order, each handed to one caller of `next`; undefined after the end. */
class LineQueue {
  #pending = "";
  #lines: string[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(stream: Readable) {
    stream.on("data", (chunk: Buffer) => {
      const lines = (this.#pending + chunk.toString()).split("\n");
      this.#pending = lines.pop() ?? "";
      this.#lines.push(...lines);
      this.#wake?.();
    });
    const end = () => {
      this.#ended = true;
      this.#wake?.();
    };
    stream.once("end", end);
    stream.once("error", end);
    stream.once("close", end);
    unrefStream(stream);
  }

  async next(): Promise<string | undefined> {
    while (this.#lines.length === 0 && !this.#ended) await new Promise<void>((wake) => (this.#wake = wake));
    return this.#lines.shift();
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** An idle engine may end while containers run; their pipes shall not keep it. */
function unrefStream(stream: Readable | null | undefined): void {
  if (stream && "unref" in stream && typeof stream.unref === "function") stream.unref();
}
