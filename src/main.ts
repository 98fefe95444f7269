/**
 * The program: argv, environment, streams, signals and exit codes; and the one place where tool and engine meet.
 *
 * Everything is loaded when it is needed: the tool's commands never load the engine, and the other way round.
 */
import { closeSync, existsSync, readFileSync, writeSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir, tmpdir } from "node:os";
import { resolve } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Ending } from "./apply/console.js";
import type { CliEnvironment, EngineControl, EngineFlags } from "./cli/context.js";
import type { EngineChoice } from "./client/choose/choose-engine.js";
import type { EnginePaths } from "./client/endpoint.js";
import type { LaunchOptions } from "./client/launch-engine.js";

/** The engine's exit codes, as `bin/gantry-guard` reads them. */
const engineExit = { clean: 0, startFailed: 1, crashed: 70, locked: 75 } as const;

// Here and not in package.json alone, which nobody reads at run time: an old Node fails with a trace of its own.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  process.stderr.write(`error: Gantry needs Node.js 22.12 or newer; this is ${process.versions.node}\n`);
  process.exit(1);
}

// Only a directory of our own will do: in a shared one somebody else could plant code.
enableCompileCache(`${process.env.XDG_CACHE_HOME || `${homedir()}/.cache`}/gantry/compile-cache`);

const version = readVersion();
const stopping = new AbortController();
const forcing = new AbortController();
let signalListener: ((name: "SIGINT" | "SIGTERM") => void) | undefined;
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (signalListener) signalListener(name);
    else if (stopping.signal.aborted) forcing.abort();
    else stopping.abort();
  });
}
// The reader of a pipe may leave (`gantry logs | head`); there is nobody left to tell.
process.stdout.on("error", exitWithoutOutput);
process.stderr.on("error", goOnWithoutErrors);

const { runCli } = await import("./cli/program.js");
process.exitCode = await runCli(cliEnvironment());
// A stdin that is still open for reading must not keep a finished command alive.
process.stdin.destroy();

function cliEnvironment(): CliEnvironment {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: currentDirectory(),
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stopping.signal,
    forced: forcing.signal,
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    version,
    takeSignals(listener) {
      signalListener = listener;
      return () => {
        if (signalListener === listener) signalListener = undefined;
      };
    },
    chooseEngine,
    connect,
    engine: engineControl(),
    takeEndings,
    atExit(restore) {
      process.on("exit", restore);
      return () => process.off("exit", restore);
    },
    loadConsole: async () => (await import("./tui/console/run-console.js")).runConsole,
    loadProgressView: async () => (await import("./tui/progress-app.js")).createProgressView,
    loadBuildView: async () => (await import("./tui/build-app.js")).createBuildView,
    checkHost: async () => {
      const { checkHost } = await import("./engine/runtime/host.js");
      const { stateRoot } = (await launchOptions()).paths;
      return checkHost(existsSync(stateRoot) ? { stateRoot } : {});
    },
  };
}

/** Without a listener a hang-up ends the program and an error is reported by Node: as if nobody had asked. */
function takeEndings(listener: (ending: Ending) => void): () => void {
  const hangUp = () => listener({ kind: "hang-up" });
  const crash = (error: unknown) => listener({ kind: "crash", error });
  process.on("SIGHUP", hangUp).on("uncaughtException", crash).on("unhandledRejection", crash);
  return () => {
    process.off("SIGHUP", hangUp).off("uncaughtException", crash).off("unhandledRejection", crash);
  };
}

async function chooseEngine(flag: string | undefined): Promise<EngineChoice> {
  const { chooseEngine: choose } = await import("./client/choose/choose-engine.js");
  const files = { readText, exists: existsSync };
  return choose({ flag, env: process.env, home: homedir(), platform: process.platform, files });
}

/** Undefined for what cannot be read. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

async function connect(choice: EngineChoice) {
  if (choice.kind === "embedded") {
    const { connectEmbedded } = await import("./client/launch-engine.js");
    return connectEmbedded(await launchOptions());
  }
  const { connectHttpClient } = await import("./client/http-client.js");
  const { openDialer } = await import("./client/dial/open-dialer.js");
  const options = { env: process.env, tempDir: process.env.XDG_RUNTIME_DIR || tmpdir(), signal: stopping.signal };
  return connectHttpClient(await openDialer(choice.endpoint, options), stopping.signal);
}

async function launchOptions(flags: EngineFlags = {}): Promise<LaunchOptions> {
  const { enginePaths } = await import("./client/endpoint.js");
  return {
    paths: enginePaths(process.env),
    guard: guardPath(),
    command: engineCommand(flags),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
    version,
    signal: stopping.signal,
  };
}

/**
 * Starts an engine again: `--wake` when a container has ended, `--adopt` beside a running one. conmon has its own
 * environment, so the paths stand in the command.
 */
function guardCommand(role: "--wake" | "--adopt", { stateRoot, runDir }: EnginePaths, flags: EngineFlags): string[] {
  const settings = { GANTRY_STATE_ROOT: stateRoot, GANTRY_RUN_DIR: runDir, HOME: process.env.HOME || "/root" };
  const words = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const command = ["/usr/bin/env", ...words, ...engineCommand(flags)];
  return ["/bin/sh", guardPath(), role, `${stateRoot}/engine.log`, runDir, ...command];
}

function guardPath(): string {
  return fileURLToPath(new URL("../bin/gantry-guard", import.meta.url));
}

function engineCommand(flags: EngineFlags = {}): string[] {
  const words = Object.entries({
    "--listen": flags.listen,
    "--tls-ca": flags.tlsCa && resolve(flags.tlsCa),
    "--tls-cert": flags.tlsCert && resolve(flags.tlsCert),
    "--tls-key": flags.tlsKey && resolve(flags.tlsKey),
    "--socket-group": flags.socketGroup,
  }).flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
  return [process.execPath, fileURLToPath(import.meta.url), "engine", "run", ...words];
}

function engineControl(): EngineControl {
  const withClient = async <T>(
    use: (client: Client, options: LaunchOptions) => Promise<T>,
    flags: EngineFlags = {},
  ): Promise<T> => {
    const { createHttpClient } = await import("./client/http-client.js");
    const options = await launchOptions(flags);
    const client = createHttpClient({ kind: "unix", path: options.paths.socket });
    try {
      return await use(client, options);
    } finally {
      client.close();
    }
  };
  const launcher = () => import("./client/launch-engine.js");
  return {
    status: () => withClient(async (client, options) => (await launcher()).engineStatus(client, options)),
    start: (flags) => withClient(async (client, options) => (await launcher()).ensureEngine(client, options), flags),
    stop: () =>
      withClient(async (client, options) => {
        if (!(await (await launcher()).engineStatus(client, options))) return false;
        await client.system.shutdown();
        return true;
      }),
    run: runEngineHere,
    paths: async () => ({
      program: fileURLToPath(new URL("../bin/gantry", import.meta.url)),
      ...(await launchOptions()).paths,
    }),
    dial: dialEngine,
  };
}
type Client = ReturnType<typeof import("./client/http-client.js")["createHttpClient"]>;

/** A connection that half-closes, to the engine that was chosen. */
async function dialEngine(choice: EngineChoice): Promise<Duplex> {
  const { openDialer } = await import("./client/dial/open-dialer.js");
  if (choice.kind === "embedded") (await connect(choice)).close();
  const endpoint =
    choice.kind === "external"
      ? choice.endpoint
      : ({ kind: "unix", path: (await launchOptions()).paths.socket } as const);
  const options = { env: process.env, tempDir: process.env.XDG_RUNTIME_DIR || tmpdir(), signal: stopping.signal };
  return (await openDialer(endpoint, options)).connect({ halfOpen: true });
}

/** The engine in this process, until it is told to end or has nothing to do. Its launcher hears through `readyFd`. */
async function runEngineHere(options: Parameters<EngineControl["run"]>[0]): Promise<number> {
  let { readyFd } = options;
  const { runEngine, openEngineLog } = await import("./engine/engine.js");
  const { engineEnvironment } = await import("./client/launch-engine.js");
  const { paths, uid } = await launchOptions();
  const idleText = process.env.GANTRY_IDLE_MS;
  const tell = (answer: object) => {
    if (readyFd === undefined) return;
    try {
      writeSync(readyFd, `${JSON.stringify(answer)}\n`);
    } catch {} // whoever launched us has not waited
    closeSync(readyFd);
    readyFd = undefined;
  };
  try {
    using log = openEngineLog(paths.stateRoot);
    for (const event of ["uncaughtException", "unhandledRejection"] as const) {
      process.on(event, (error: unknown) => {
        log.write(`${event}: ${error instanceof Error ? error.stack : String(error)}`);
        process.exit(engineExit.crashed);
      });
    }
    await runEngine({
      ...paths,
      version,
      uid,
      idleMs: options.idleMs ?? (idleText ? Number(idleText) : undefined),
      listen: { ...options, address: options.listen },
      socketGroup: options.socketGroup,
      pid: process.pid,
      keepFds: readyFd === undefined ? [] : [readyFd],
      signal: stopping.signal,
      log: log.write,
      exitCommand: guardCommand("--wake", paths, options),
      guard: process.env.GANTRY_GUARD,
      adoptCommand: guardCommand("--adopt", paths, options),
      settings: engineEnvironment(process.env),
      onReady: () => tell({ ready: true }),
      notifySocket: process.env.NOTIFY_SOCKET,
    });
    process.exit(engineExit.clean);
  } catch (error) {
    const { isGantryError, messageOf } = await import("./base/errors.js");
    const known = isGantryError(error) ? { code: error.code, hint: error.hint } : {};
    if (readyFd === undefined) process.stderr.write(`error: ${messageOf(error)}\n`);
    tell({ message: messageOf(error), ...known });
    process.exit(isGantryError(error, "engine-locked") ? engineExit.locked : engineExit.startFailed);
  }
}

/** From the package's own `package.json`, beside `dist/` and `src/` alike. */
function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}

/** A full disk is a failure, and one that can be told. */
function exitWithoutOutput(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`error: standard output: ${error.message}\n`);
  process.exit(1);
}

/** Work goes on when nobody reads its messages, or they cannot be kept; what it did is told by the exit code. */
function goOnWithoutErrors(): void {}

/** Throws nothing: a directory that was removed beneath the shell ends the program, as everything is sought from it. */
function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    process.stderr.write("error: The current directory does not exist any more\nhint: Go to another one: cd\n");
    process.exit(1);
  }
}
