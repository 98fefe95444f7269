/**
 * The two sides of the comparison: Gantry's engine and a real Docker daemon, each on a host of its own.
 *
 * Both hosts are network and mount namespaces, so that both engines may use the same addresses and ports, and nothing of
 * either is left on the real host. Both have the same images by the same ids, and a registry on 127.0.0.1:5000.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { startTestEngine } from "../../engine/engine-fixture.js";
import { makeImages } from "../../images/images.js";
import { writeOciLayout } from "../../images/oci-layout.js";
import { startRegistry } from "../../images/registry.js";
import { startDockerDaemon } from "../../scenarios/harness/docker-daemon.js";
import { aStandInHost } from "../../scenarios/harness/host.js";
import { normalise } from "./normalise.js";
import type { Result, Step } from "./step.js";
import { onTerminal } from "./terminal.js";

const execute = promisify(execFile);
const stepLimitMs = 40_000;

export interface Side extends AsyncDisposable {
  readonly name: "gantry" | "docker";
  perform(step: Step): Promise<Result>;
  /** Removes all containers, networks and volumes, and all images but the first ones. */
  clear(): Promise<void>;
}

/** User `gantry`, password `secret`. */
export const registryUser = "gantry:$2y$05$gantrygantrygantryganeFuX21zbt/4tAF6SLbcRZQm/gxvBqMsS\n";
const registryPort = 5000;

/** Ours first. */
export async function startSides(): Promise<readonly [Side, Side]> {
  const directory = await mkdtemp(`${tmpdir()}/gantry-clients-`);
  const archive = await writeArchive(directory);
  const start = async (name: Side["name"]) => {
    const parts: AsyncDisposable[] = [];
    const dispose = async () => {
      for (const part of parts.splice(0).reverse()) await part[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    };
    const side = await startSide(name, { directory: `${directory}/${name}`, archive, parts }).catch(async (error) => {
      await dispose();
      throw error;
    });
    return { ...side, [Symbol.asyncDispose]: dispose };
  };
  return Promise.all([start("gantry"), start("docker")]);
}

/** The images as `docker save` writes them, which every version loads. */
async function writeArchive(directory: string): Promise<string> {
  const [busybox] = await makeImages("busybox");
  if (!busybox) throw new Error("There is no image busybox");
  await writeOciLayout(busybox, `${directory}/busybox`);
  const archive = `${directory}/images.tar`;
  const from = `oci:${directory}/busybox:latest`;
  await execute("skopeo", ["--insecure-policy", "copy", "-q", from, `docker-archive:${archive}:busybox:latest`]);
  return archive;
}

interface SideOptions {
  readonly directory: string;
  readonly archive: string;
  /** What has been started, for the end. */
  readonly parts: AsyncDisposable[];
}

async function startSide(name: Side["name"], { directory, archive, parts }: SideOptions) {
  const use = <T extends AsyncDisposable>(part: T): T => {
    parts.push(part);
    return part;
  };
  for (const folder of ["work", "home", "registry"]) await mkdir(`${directory}/${folder}`, { recursive: true });
  const host = use(await aStandInHost());
  const { through } = host;
  const engine =
    name === "gantry" ? use(await startTestEngine({ busybox: false, through })) : use(await startDockerDaemon(through));
  use(await startRegistry(`${directory}/registry`, { through, port: registryPort, users: registryUser }));
  const cwd = `${directory}/work`;
  await writeFile(`${cwd}/clear.sh`, clearScript);
  const env = {
    ...{ PATH: process.env.PATH, HOME: `${directory}/home`, LANG: "C.UTF-8", TERM: "xterm" },
    DOCKER_HOST: "dockerHost" in engine ? engine.dockerHost : engine.host,
    DOCKER_CLI_HINTS: "false",
  };
  // Volumes are one folder deeper than in Docker.
  const volumes = "stateRoot" in engine ? [[`${engine.stateRoot}/volumes/data`, "<root>/volumes"] as const] : [];
  const root = "stateRoot" in engine ? engine.stateRoot : engine.dataRoot;
  const own = {
    paths: [...volumes, [directory, "<side>"], [root, "<root>"]] as const,
  };
  const shell = [...through, "sh", "-c"];
  const perform = async (step: Step): Promise<Result> => {
    if (step.acts) {
      const run = await onTerminal([...shell, step.run], { acts: step.acts, cwd, env });
      return { exitCode: run.exitCode, output: masked(normalise(run.transcript, own), step) };
    }
    const run = await runToEnd([...shell, step.run], { cwd, env });
    const text = `${masked(normalise(run.stdout, own), step)}${run.stderr === "" ? "" : "--- stderr\n"}`;
    return { exitCode: run.exitCode, output: text + masked(normalise(run.stderr, own), step) };
  };
  await perform({ run: `docker load -q -i ${archive}` });
  return { name, perform, clear: async () => void (await perform({ run: "sh clear.sh" })) };
}

/** In one call each, since most tables leave nothing of most kinds. */
const clearScript = `
exec >/dev/null 2>&1
for id in $(docker ps -aq); do docker unpause $id; done
ids=$(docker ps -aq) && [ -n "$ids" ] && docker rm -f -v $ids
docker network prune -f
ids=$(docker volume ls -q) && [ -n "$ids" ] && docker volume rm $ids
names=$(docker images --format '{{.Repository}}:{{.Tag}}' | grep -v '^busybox:latest$' | sed 's/^<none>.*//') && [ -n "$names" ] && docker rmi -f $names
ids=$(docker images -q --filter dangling=true) && [ -n "$ids" ] && docker rmi -f $ids
find . -mindepth 1 ! -name clear.sh -exec rm -rf {} +
`;

function masked(text: string, { mask = [], unordered = false }: Step): string {
  const result = mask.reduce((whole, [pattern, word]) => whole.replace(pattern, word), text);
  return unordered ? result.split("\n").sort().join("\n").trimStart() : result;
}

function runToEnd(
  [file = "", ...args]: readonly string[],
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: stepLimitMs, maxBuffer: 64 << 20 };
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      resolve({ exitCode: error ? (typeof error.code === "number" ? error.code : -1) : 0, stdout, stderr });
    });
    child.stdin?.end();
  });
}
