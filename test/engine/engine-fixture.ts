/**
 * A private engine for tests: the built program with a state root, run directory and socket of its own.
 *
 * Disposing removes every container, network and volume, stops the engine, and fails when anything is left: a process, a
 * mount, a network namespace, a link, an nftables table, a cgroup.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { EngineClient } from "../../src/client/engine-client.js";
import { createHttpClient } from "../../src/client/http-client.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(root, "dist/main.js");
/** A test's command that takes longer hangs. */
const commandLimitMs = 60_000;
const settleMs = 15_000;

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestEngine extends AsyncDisposable {
  readonly client: EngineClient;
  readonly stateRoot: string;
  readonly runDir: string;
  readonly socket: string;
  /** `DOCKER_HOST` for docker's own client. */
  readonly dockerHost: string;
  /** For programs that are run by a test: the engine's paths and nothing of ours. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs `gantry …` to its end, whatever it is. */
  gantry(args: readonly string[], options?: { stdin?: string }): Promise<Outcome>;
  /** Runs `docker …` against this engine. */
  docker(args: readonly string[], options?: { stdin?: string }): Promise<Outcome>;
  /** Starts `gantry …`; the caller waits for it. */
  spawnGantry(args: readonly string[]): ChildProcess;
  pid(): Promise<number>;
  /** What this instance has in the kernel and on the process list now; empty lists when it is clean. */
  remains(): Remains;
}

export interface Remains {
  readonly processes: string[];
  readonly mounts: string[];
  readonly links: string[];
  readonly tables: string[];
  readonly cgroups: string[];
}

export interface TestEngineOptions {
  /** false leaves out the image `busybox`, which is made of the static busybox. */
  readonly busybox?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs it elsewhere, as `nsenter`. */
  readonly through?: readonly string[];
}

/** Starts an engine. */
export async function startTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const { through = [] } = options;
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "gantry-engine-"));
  const stateRoot = join(directory, "state");
  const runDir = join(directory, "run");
  const socket = join(runDir, "engine.sock");
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: directory,
    // One cache for all tests: compiling anew would be what they measure.
    XDG_CACHE_HOME: join(root, "node_modules/.cache"),
    GANTRY_STATE_ROOT: stateRoot,
    GANTRY_RUN_DIR: runDir,
    ...options.env,
  };
  const gantry = (args: readonly string[], { stdin = "" } = {}) =>
    run([...through, process.execPath, program, ...args], { env, stdin });
  const client = createHttpClient({ kind: "unix", path: socket });
  const started = await gantry(["engine", "start"]);
  if (started.exitCode !== 0) throw new Error(`The test's engine did not start: ${started.stderr}`);
  if (options.busybox !== false) await importBusybox(client);
  const dockerHost = `unix://${socket}`;
  const remains = () => remainsOf({ directory, stateRoot, through });
  return {
    ...{ client, stateRoot, runDir, socket, dockerHost, env, gantry, remains },
    docker: (args, { stdin = "" } = {}) =>
      run([...through, "docker", ...args], { env: { ...env, DOCKER_HOST: dockerHost }, stdin }),
    spawnGantry: (args) => spawn(process.execPath, [program, ...args], { env, stdio: "pipe" }),
    pid: async () => (await client.system.status()).pid,
    async [Symbol.asyncDispose]() {
      try {
        await gantry(["engine", "start"]); // a test may have ended it
        await clear(client);
        await gantry(["engine", "stop"]);
      } finally {
        client.close();
      }
      const left = await settled(remains);
      const log = existsSync(join(stateRoot, "engine.log")) ? readFileSync(join(stateRoot, "engine.log"), "utf8") : "";
      if (Object.values(left).some((list) => list.length > 0)) {
        throw new Error(`The test's engine left ${JSON.stringify(left, null, 2)}\n${log.slice(-4000)}`);
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The image `busybox`: one static program under all its names. */
export async function importBusybox(client: EngineClient): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "gantry-busybox-"));
  try {
    const script = `mkdir -p bin etc tmp root && chmod 1777 tmp && cp "$(command -v busybox)" bin/busybox
      for name in $(bin/busybox --list); do [ $name = busybox ] || ln -s busybox bin/$name; done
      echo root:x:0:0:root:/root:/bin/sh >etc/passwd; echo nobody:x:65534:65534::/:/bin/false >>etc/passwd
      echo root:x:0: >etc/group; tar -c .`;
    const tar = execFileSync("sh", ["-ec", script], { cwd: directory, maxBuffer: 64 * 1024 * 1024 });
    const changes = ['CMD ["sh"]', "ENV PATH=/bin"];
    for await (const _ of client.images.importRootfs(once(tar), { reference: "busybox:latest", changes })) {
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The guard and the last monitor end a moment after the engine. */
async function settled(look: () => Remains): Promise<Remains> {
  const deadline = performance.now() + settleMs;
  for (;;) {
    const left = look();
    if (performance.now() > deadline || Object.values(left).every((list) => list.length === 0)) return left;
    await sleep(20);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Removes every container, network and volume. */
export async function clear(client: EngineClient): Promise<void> {
  for (const { Id } of await client.containers.list({ all: true })) {
    await client.containers.remove(Id, { force: true, volumes: true });
  }
  for (const { Id, Name } of await client.networks.list()) {
    if (!["bridge", "host", "none"].includes(Name)) await client.networks.remove(Id);
  }
  for (const { Name } of await client.volumes.list()) await client.volumes.remove(Name, { force: true });
}

function run(
  [command = "", ...args]: readonly string[],
  { env, stdin }: { env: Readonly<Record<string, string>>; stdin: string },
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { env, timeout: commandLimitMs }, (error, stdout, stderr) => {
      resolve({ exitCode: error ? (typeof error.code === "number" ? error.code : -1) : 0, stdout, stderr });
    });
    child.stdin?.on("error", () => {}); // it may end without reading
    child.stdin?.end(stdin);
  });
}

function remainsOf({
  directory,
  stateRoot,
  through,
}: {
  directory: string;
  stateRoot: string;
  through: readonly string[];
}): Remains {
  const instance = createHash("sha256")
    .update(existsSync(stateRoot) ? realpathSync(stateRoot) : stateRoot)
    .digest("hex");
  const id = instance.slice(0, 8);
  const lines = (...words: string[]) => {
    const [file = "", ...args] = [...through, ...words];
    return execFileSync(file, args, { encoding: "utf8" }).split("\n");
  };
  return {
    processes: processesNaming(directory),
    mounts: lines("cat", "/proc/self/mountinfo").filter((line) => line.includes(directory)),
    links: lines("ip", "-o", "link").filter((line) => line.includes(id)),
    tables: lines("nft", "list", "tables").filter((line) => line.includes(id)),
    cgroups: readdirSync("/sys/fs/cgroup").flatMap((hierarchy) =>
      ["", hierarchy].map((part) => join("/sys/fs/cgroup", part, `gantry-${id}`)).filter(existsSync),
    ),
  };
}

function processesNaming(directory: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const text = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return text.includes(directory) ? [`${pid} ${text}`] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}
