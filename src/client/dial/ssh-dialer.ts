/**
 * Connections to the engine of another host through the system's `ssh`, which knows keys, agents and jump hosts.
 *
 * One ssh process logs in and stays (a control master, so one prompt at most); each connection is a session of its own
 * through it, which runs `docker system dial-stdio` there, or gantry's or podman's where there is no docker. Nothing
 * listens on either side, and everything ends with the command.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import type net from "node:net";
import { setTimeout as timer } from "node:timers/promises";
import { GantryError, messageOf } from "../../base/errors.js";
import { printable } from "../../base/printable.js";
import { type Endpoint, printEndpoint } from "../endpoint.js";
import type { Dialer } from "./dialer.js";

type SshEndpoint = Extract<Endpoint, { kind: "ssh" }>;

export interface SshOptions {
  /** What `ssh` gets: its agent, its display, its terminal are in it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the control socket's private directory is made. */
  readonly tempDir: string;
  readonly signal?: AbortSignal;
}

/** As long as docker's client waits for a host that does not answer. */
const connectLimitS = 30;
/** A dead link is told after three unanswered ones. */
const keepAliveS = 20;
/** What is kept of a process's complaints: enough for ssh's warnings and the last word. */
const complaintChars = 4096;
/** A session that broke has ended, or ends at once; then it has said why. */
const explainLimitMs = 2000;

/** Ctrl-C reaches every process of the terminal's job, and a command that winds down still needs its engine. */
const start = 'trap "" INT; exec ssh "$@"';

/** Logs in. Throws "engine-unavailable" with what ssh said, "helper-missing" without ssh. */
export async function openSshDialer(endpoint: SshEndpoint, options: SshOptions): Promise<Dialer> {
  const { spawn } = await import("node:child_process");
  const dir = await mkdtemp(`${options.tempDir}/gantry-ssh-`);
  const control = `${dir}/s`;
  const env = options.env;
  const ssh = (redirections: string, words: readonly string[]) => ["-c", `${start} ${redirections}`, "ssh", ...words];
  const master = spawn("/bin/sh", ssh("", masterArguments(endpoint, control)), {
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const dispose = () => {
    master.kill();
    void rm(dir, { recursive: true, force: true });
  };
  try {
    await loggedIn(master, endpoint, options.signal);
  } catch (error) {
    dispose();
    throw error;
  }
  unreference(master);
  const sessions = new WeakMap<net.Socket, Promise<GantryError>>();
  return {
    name: printEndpoint(endpoint),
    connect() {
      const words = ["-S", control, "-o", "ControlMaster=no", "-T", ...target(endpoint), remoteCommand(endpoint)];
      // One socket for both directions, which half-closes as any other: ssh itself cannot be given one.
      const child = spawn("/bin/sh", ssh("<&3 >&3 3<&-", words), { env, stdio: ["ignore", "ignore", "pipe", "pipe"] });
      const socket = child.stdio[3] as net.Socket; // a pipe beyond the first three is a socket pair
      sessions.set(socket, complaintOf(child, endpoint));
      unreference(child);
      return socket;
    },
    explain: async (socket) => {
      const complaint = socket ? sessions.get(socket) : undefined;
      return complaint && within(explainLimitMs, complaint);
    },
    close: dispose,
  };
}

/** Its own session says that the login is through, and ends with its input: also when this process is killed. */
function masterArguments(endpoint: SshEndpoint, control: string): string[] {
  const settings = ["ControlPersist=no", `ConnectTimeout=${connectLimitS}`, `ServerAliveInterval=${keepAliveS}`];
  const options = ["-M", "-T", "-S", control, ...settings.flatMap((one) => ["-o", one])];
  return [...options, ...target(endpoint), "sh -c 'echo ready; exec cat >/dev/null'"];
}

function target({ host, user, port }: SshEndpoint): string[] {
  return [...(user ? ["-l", user] : []), ...(port ? ["-p", String(port)] : []), "--", host];
}

/** One line for whatever shell the user has there. */
function remoteCommand({ path }: SshEndpoint): string {
  const at = (option: string) => (path ? ` ${option} unix://${path}` : "");
  const candidates = [`docker${at("-H")}`, `gantry${at("--engine")}`, `podman${at("--url")}`];
  const tries = candidates.map((words) => {
    const tool = words.split(" ")[0];
    return `command -v ${tool} >/dev/null 2>&1 && exec ${words} system dial-stdio;`;
  });
  return `sh -c '${tries.join(" ")} echo "there is no docker, gantry or podman" >&2; exit 127'`;
}

/** Resolves with the master's first output; rejects with its complaint when it ends before. */
async function loggedIn(master: ChildProcess, endpoint: SshEndpoint, signal?: AbortSignal): Promise<void> {
  const complaint = complaintOf(master, endpoint);
  await new Promise<void>((resolve, reject) => {
    master.stdout?.once("data", () => resolve());
    complaint.then(reject, reject);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Resolves, once the process has ended, with why. */
function complaintOf(child: ChildProcess, endpoint: SshEndpoint): Promise<GantryError> {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text = (text + chunk).slice(-complaintChars);
  });
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(notStarted(error)));
    child.once("close", (code) => resolve(asError(text, code, endpoint)));
  });
}

function notStarted(error: Error): GantryError {
  return new GantryError("helper-missing", `ssh cannot be started: ${messageOf(error)}`, {
    hint: "Install it (package openssh-client), or choose another engine",
    cause: error,
  });
}

function asError(text: string, code: number | null, endpoint: SshEndpoint): GantryError {
  if (/exec: ssh: not found/.test(text)) return notStarted(new Error(text.trim()));
  const said = printable(text.trim().replaceAll("\r", "")) || `ssh ended with ${code}`;
  const { user, host, port } = endpoint;
  const login = `ssh ${port ? `-p ${port} ` : ""}${user ? `${user}@` : ""}${host}`;
  // 255 is ssh's own failure; anything else is the command's there.
  const hint = code === 255 ? `Try the login itself: ${login} true` : `Try it there: ${login} docker version`;
  return new GantryError("engine-unavailable", `Cannot reach the engine at ${printEndpoint(endpoint)}: ${said}`, {
    hint,
  });
}

/** A command that has done its work ends, whatever is still connected. */
function unreference(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr])
    if (stream && "unref" in stream) (stream as net.Socket).unref();
}

/** Undefined when it takes longer. The timer keeps the program running meanwhile: the process is not waited for. */
async function within<T>(limitMs: number, value: Promise<T>): Promise<T | undefined> {
  const settled = new AbortController();
  const late = timer(limitMs, undefined, { signal: settled.signal }).catch(() => undefined);
  return Promise.race([value, late]).finally(() => settled.abort());
}
