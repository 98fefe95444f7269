/**
 * Starts the embedded engine when it does not run, and connects to it.
 *
 * The engine gets a session and a cgroup of its own (see `bin/gantry-guard`), `/` as its directory and a scrubbed
 * environment: nothing of the command that happened to start it. It tells that it is ready, or why it is not, through a
 * pipe. Two commands at once start one: the second engine finds the state locked and ends, and its command waits for
 * the socket of the first.
 */

import { watch } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { setTimeout as timer } from "node:timers/promises";
import { deadline } from "../base/deadline.js";
import { type ErrorCode, errorCodes, GantryError, isGantryError, messageOf } from "../base/errors.js";
import { isRecord } from "../base/json.js";
import type { EngineStatus } from "../wire/system.js";
import type { EnginePaths } from "./endpoint.js";
import type { EngineClient } from "./engine-client.js";
import { isBefore } from "./engines/engine-identity.js";
import { createHttpClient } from "./http-client.js";

/** What to start, and on whose behalf. */
export interface LaunchOptions {
  readonly paths: EnginePaths;
  /** `bin/gantry-guard`, absolute. */
  readonly guard: string;
  /** The program and its arguments that run an engine in the foreground. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Effective user id of this process. */
  readonly uid: number;
  readonly version: string;
  readonly signal: AbortSignal;
}

/** A start includes adopting the containers that run; even hundreds take far less. */
const startLimitMs = 60_000;
const logTailLines = 8;
const logTailBytes = 8192;

/** A client of the running embedded engine, which is started, or replaced by a newer one, when needed. */
export async function connectEmbedded(options: LaunchOptions): Promise<EngineClient> {
  const client = createHttpClient({ kind: "unix", path: options.paths.socket });
  try {
    await ensureEngine(client, options);
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

/** The engine's status; undefined when none runs. Throws "not-root" where it is not ours to ask. */
export async function engineStatus(client: EngineClient, options: LaunchOptions): Promise<EngineStatus | undefined> {
  try {
    return await client.system.status({ signal: options.signal });
  } catch (error) {
    if (!isGantryError(error, "engine-unavailable")) throw error;
    if (options.uid !== 0) throw notRoot();
    return undefined;
  }
}

/** Makes sure that an engine of this version or a newer one answers. */
export async function ensureEngine(client: EngineClient, options: LaunchOptions): Promise<EngineStatus> {
  const status = await engineStatus(client, options);
  if (status && !isBefore(status.version, options.version)) return status;
  if (options.uid !== 0) throw notRoot();
  // An older engine hands over: containers run on, and the new one adopts them.
  if (status) await client.system.shutdown({ signal: options.signal });
  await launch(client, options);
  return client.system.status({ signal: options.signal });
}

function notRoot(): GantryError {
  return new GantryError("not-root", "The embedded engine needs root", {
    hint: "Run this with sudo, or choose another engine, as with --engine docker",
  });
}

async function launch(client: EngineClient, options: LaunchOptions): Promise<void> {
  const { stateRoot, runDir } = options.paths;
  const log = `${stateRoot}/engine.log`;
  await mkdir(stateRoot, { recursive: true, mode: 0o711 }).catch(unwritable(stateRoot));
  await mkdir(runDir, { recursive: true, mode: 0o711 }).catch(unwritable(runDir));
  // Whoever cannot write its log has no way to say so later.
  await open(log, "a", 0o600).then((file) => file.close(), unwritable(stateRoot));
  const answer = await startGuard(log, options);
  if (answer.ready === true) return;
  if (answer.code === "engine-locked") return waitForSocket(client, options);
  const code = typeof answer.code === "string" && Object.hasOwn(errorCodes, answer.code) ? answer.code : undefined;
  throw new GantryError(
    (code as ErrorCode | undefined) ?? "engine-unavailable",
    typeof answer.message === "string"
      ? `The engine did not start: ${answer.message}`
      : `The engine ended while it started\n${await logTail(log)}`,
    { hint: typeof answer.hint === "string" ? answer.hint : `Its log is ${log}; gantry doctor checks this host` },
  );
}

function unwritable(path: string): (error: unknown) => never {
  return (error) => {
    throw new GantryError("engine-unavailable", `The engine cannot write to ${path}: ${messageOf(error)}`, {
      hint: "Make the directory writable, or choose others with GANTRY_STATE_ROOT and GANTRY_RUN_DIR",
      cause: error,
    });
  };
}

/** What the engine said through its pipe: `{ ready: true }`, an error's parts, or nothing. */
async function startGuard(log: string, options: LaunchOptions): Promise<Record<string, unknown>> {
  const { spawn } = await import("node:child_process");
  const child = spawn("/bin/sh", [options.guard, log, options.paths.runDir, ...options.command], {
    cwd: "/",
    detached: true,
    env: engineEnvironment(options.env),
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  child.unref();
  const pipe = child.stdio[3];
  if (!pipe || !("read" in pipe)) throw new GantryError("engine-unavailable", "The engine could not be started");
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  const chunks: Buffer[] = [];
  const reading = (async () => {
    for await (const chunk of pipe) chunks.push(chunk as Buffer);
  })();
  const stop = new AbortController();
  const late = timer(startLimitMs, undefined, { signal: stop.signal, ref: false }).then(() => {
    throw new GantryError("engine-unavailable", `The engine was not ready after ${startLimitMs / 1000} s`, {
      hint: `Its log is ${log}`,
    });
  });
  late.catch(() => {});
  try {
    await Promise.race([reading, failed, late, aborted(options.signal)]);
  } finally {
    stop.abort();
    pipe.destroy();
  }
  return parseAnswer(Buffer.concat(chunks).toString());
}

function parseAnswer(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

/** Somebody else's engine is starting, or coming back after a crash: its socket appears whole, by a rename. */
async function waitForSocket(client: EngineClient, { paths, signal }: LaunchOptions): Promise<void> {
  using deadlined = deadline(startLimitMs, [signal]);
  const limit = deadlined.signal;
  const watcher = watch(paths.runDir, { signal: limit });
  try {
    for (;;) {
      const changed = new Promise<void>((resolve, reject) => {
        watcher.once("change", () => resolve());
        limit.addEventListener("abort", () => reject(limit.reason), { once: true });
      });
      changed.catch(() => {});
      const answers = await client.system.ping({ signal }).then(
        () => true,
        () => false,
      );
      if (answers) return;
      await changed;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw new GantryError("engine-unavailable", "Another engine holds the state but does not answer", {
      cause,
      hint: `See ${paths.stateRoot}/engine.lock for its process and ${paths.stateRoot}/engine.log for its log`,
    });
  } finally {
    watcher.close();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/**
 * What an engine is meant to know: where it works, and how registries are reached (proxies, private CAs). Which guard
 * it has is between the two.
 */
const engineVariables =
  /^(PATH|HOME|LANG|(https?|no|all)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|GANTRY_(?!GUARD$)\w+)$/i;

/** What of an environment is meant for an engine; a secret in a CI job's stays there. */
export function engineEnvironment(env: LaunchOptions["env"]): Record<string, string> {
  const kept = Object.entries(env).filter(
    ([name, value]) => value !== undefined && engineVariables.test(name),
  ) as Array<[string, string]>;
  const standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return { HOME: "/root", ...Object.fromEntries(kept), PATH: env.PATH ? `${env.PATH}:${standardPath}` : standardPath };
}

async function logTail(path: string): Promise<string> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return "It wrote no log";
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - logTailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(logTailBytes), 0, logTailBytes, from);
    return buffer.toString("utf8", 0, bytesRead).trimEnd().split("\n").slice(-logTailLines).join("\n");
  } finally {
    await file.close();
  }
}
