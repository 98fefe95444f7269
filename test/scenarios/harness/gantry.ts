/**
 * The built program with an engine of its own, for tests that drive it as a user does: by commands.
 *
 * Every instance has private state and run directories, so it stands beside any other engine. Disposing removes its
 * containers and networks, stops its engine and deletes the directories.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { type ImageName, makeImages } from "../../images/images.js";
import { type Running, startProgram } from "./running.js";

const program = fileURLToPath(new URL("../../../bin/gantry", import.meta.url));
const samples = fileURLToPath(new URL("../../../samples", import.meta.url));
const scenarios = fileURLToPath(new URL("..", import.meta.url));

/** The folder of a sample, or of a scenario with files of its own. */
export const sampleDir = (name: string) => `${samples}/${name}`;
export const scenarioDir = (name: string) => `${scenarios}${name}`;

/** What a command left behind; `output` is both streams. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly output: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly timeoutMs?: number;
  /** Run as this user id instead of root. */
  readonly uid?: number;
  /** A command that runs the program, as `nsenter`. */
  readonly through?: readonly string[];
  /** Gets the process, for signals. One that ends by a signal ends with code -1. */
  readonly onSpawn?: (pid: number) => void;
}

export interface Gantry extends AsyncDisposable {
  readonly stateRoot: string;
  /** What leads a program to this instance. */
  readonly env: Readonly<Record<string, string>>;
  /** A directory of the test's own, removed at the end. */
  readonly workDir: string;
  /** Runs a command whatever it ends with. */
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Starts a command that goes on until it is ended. */
  start(args: readonly string[], options: { cwd: string }): Running;
  /** Runs a command that must succeed; its stdout without the last line break. */
  ok(args: readonly string[], options?: RunOptions): Promise<string>;
  /** The same, for a project of a folder. */
  project(cwd: string, env?: Readonly<Record<string, string>>): Project;
  /** A project of a folder of the test's own that holds the given `compose.yaml`. */
  projectOf(name: string, composeFile: string): Promise<Project>;
  importImages(...names: ImageName[]): Promise<void>;
  enginePid(): Promise<number>;
  inspect(container: string): Promise<Inspected>;
}

export interface Project {
  readonly cwd: string;
  run(...args: string[]): Promise<Outcome>;
  ok(...args: string[]): Promise<string>;
  /** What a command in a service's container prints. */
  exec(service: string, ...command: string[]): Promise<string>;
  /** The id of a service's first container, running or not. */
  container(service: string): Promise<string>;
  /** Removes everything of the project, volumes too; for `afterEach`, so it never fails. */
  clear(): Promise<void>;
}

/** The part of `inspect` that scenarios look at, as the Docker Engine API has it. */
export interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly State: {
    readonly Status: string;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: string; readonly Log: readonly unknown[] };
  };
  readonly RestartCount: number;
  readonly GraphDriver: { readonly Data: Readonly<Record<string, string>> | null };
  readonly NetworkSettings: {
    readonly SandboxKey: string;
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string; readonly Gateway: string }>>;
  };
}

const commandLimitMs = 60_000;
/** Told to end, a command brings what is under way to an end; after this long it is killed. */
const endLimitMs = 20_000;
/** One for all instances: compiling anew would be what they measure. */
const compileCache = fileURLToPath(new URL("../../../node_modules/.cache", import.meta.url));

/**
 * The engine starts with the first command that needs it. `env` is added to what it and every command get, as
 * `GANTRY_REGISTRY_MIRRORS`; `through` stands before every command.
 */
export async function aGantry(
  env: Readonly<Record<string, string>> = {},
  through: readonly string[] = [],
): Promise<Gantry> {
  const dir = await mkdtemp(`${tmpdir()}/gantry-test-`);
  const stateRoot = `${dir}/state`;
  const paths = { GANTRY_STATE_ROOT: stateRoot, GANTRY_RUN_DIR: `${dir}/run`, XDG_STATE_HOME: `${dir}/home` };
  const own = { ...paths, XDG_CACHE_HOME: compileCache, ...env };
  const run: Gantry["run"] = (args, options = {}) =>
    runProgram(args, { through, ...options, env: { ...own, ...options.env } });
  const ok: Gantry["ok"] = async (args, options) => succeeded(args, await run(args, options));
  const project: Gantry["project"] = (cwd, projectEnv = {}) => aProject({ run, ok }, cwd, projectEnv);
  return {
    stateRoot,
    env: own,
    workDir: dir,
    run,
    start: (args, { cwd }) =>
      startProgram([...through, program, ...args], { cwd, env: { ...commandEnvironment(), ...own } }),
    ok,
    project,
    projectOf: async (name, composeFile) => {
      const cwd = `${dir}/${name}`;
      await mkdir(cwd, { recursive: true });
      await writeFile(`${cwd}/compose.yaml`, composeFile);
      return project(cwd);
    },
    importImages: async (...names) => {
      for (const { changes, rootfs, name } of await makeImages(...names)) {
        await ok(["image", "import", ...changes.flatMap((change) => ["--change", change]), rootfs, `${name}:latest`]);
      }
    },
    enginePid: async () => (JSON.parse(await ok(["engine", "status", "--format", "json"])) as { pid: number }).pid,
    inspect: async (container) => {
      const [found] = JSON.parse(await ok(["container", "inspect", container])) as Inspected[];
      if (!found) throw new Error(`There is no container ${container}`);
      return found;
    },
    [Symbol.asyncDispose]: async () => {
      const left = (await run(["container", "ls", "-aq"])).stdout.split("\n").filter(Boolean);
      if (left.length > 0) await run(["container", "rm", "-f", "-v", ...left]);
      const networks = await run(["network", "ls", "--format", "json"]);
      for (const name of customNetworks(networks.stdout)) await run(["network", "rm", name]);
      await run(["engine", "stop"]);
      // A guard that waited after a kill may still look at them.
      await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

function aProject(
  { run, ok }: Pick<Gantry, "run" | "ok">,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Project {
  const options = { cwd, env };
  const projectOk = (...args: string[]) => ok(args, options);
  return {
    cwd,
    run: (...args) => run(args, options),
    ok: projectOk,
    container: async (service) => (await projectOk("ps", "-aq", service)).split("\n")[0] ?? "",
    exec: (service, ...command) => projectOk("exec", "-T", service, ...command),
    clear: async () => void (await run(["down", "-v", "-t", "0", "--remove-orphans"], options)),
  };
}

function customNetworks(listing: string): string[] {
  return [...listing.matchAll(/"Name":\s*"([^"]+)"/g)]
    .map(([, name]) => name ?? "")
    .filter((name) => !["bridge", "host", "none"].includes(name));
}

function commandEnvironment() {
  return { PATH: process.env.PATH, HOME: "/root", LANG: "C.UTF-8", NO_COLOR: "1" };
}

function runProgram(args: readonly string[], options: RunOptions): Promise<Outcome> {
  const [file = program, ...words] = [...(options.through ?? []), program, ...args];
  const settings = {
    cwd: options.cwd ?? tmpdir(),
    env: { ...commandEnvironment(), ...options.env },
    maxBuffer: 64 << 20,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  };
  const limitMs = options.timeoutMs ?? commandLimitMs;
  return new Promise((resolve) => {
    let late = "";
    const child = execFile(file, words, settings, (error, stdout, stderr) => {
      for (const timer of timers) clearTimeout(timer);
      const code = error ? (typeof error.code === "number" ? error.code : -1) : 0;
      resolve({ code, stdout, stderr, output: `${stdout}${stderr}${late}` });
    });
    const endBy = (signal: NodeJS.Signals) => () => {
      late += `(${signal} was sent ${limitMs / 1000} s after it began: gantry ${args.join(" ")})\n`;
      child.kill(signal);
    };
    const timers = [setTimeout(endBy("SIGTERM"), limitMs), setTimeout(endBy("SIGKILL"), limitMs + endLimitMs)];
    child.stdin?.end(options.stdin ?? "");
    if (child.pid !== undefined) options.onSpawn?.(child.pid);
  });
}

function succeeded(args: readonly string[], outcome: Outcome): string {
  if (outcome.code === 0) return outcome.stdout.trimEnd();
  throw new Error(`gantry ${args.join(" ")} ended with ${outcome.code}:\n${outcome.output}`);
}
