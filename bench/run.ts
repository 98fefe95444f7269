/**
 * Compares Gantry with docker compose on a Docker daemon: the same files, the same image, on this machine, in one run.
 *
 *   ./bench/run [--services 10] [--rounds 5] [--json] [--compose PATH]
 *
 * Both engines are private to the run, each in a network namespace that plays its host, and warm: each works through one
 * round that does not count. Rounds alternate, so that what else the machine does hits both. The figure is the ratio of the medians; absolute times are this machine's.
 * `docker compose` is taken from --compose or GANTRY_BENCH_COMPOSE (the plugin's binary), else from PATH.
 */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { parseArgs, promisify } from "node:util";
import { makeImages } from "../test/images/images.js";
import { type DockerDaemon, startDockerDaemon } from "../test/scenarios/harness/docker-daemon.js";
import { aGantry, type Gantry } from "../test/scenarios/harness/gantry.js";
import { aStandInHost } from "../test/scenarios/harness/host.js";

const execute = promisify(execFile);
const image = "gantry-bench";

/** One of the two that are compared. Every step resolves when its command has ended well. */
interface Contender {
  readonly name: string;
  up(): Promise<unknown>;
  down(): Promise<unknown>;
  /** One container from nothing to gone. */
  run(): Promise<unknown>;
  list(): Promise<unknown>;
}

/** Milliseconds, one per round. */
type Samples = Record<Measure, number[]>;
type Measure = keyof typeof measures;
const measures = {
  up: "up -d",
  again: "up -d, nothing to do",
  ps: "ps",
  down: "down",
  run: "one container, run --rm",
} as const;

const { values: flags } = parseArgs({
  options: {
    services: { type: "string", default: "10" },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    compose: { type: "string", default: process.env.GANTRY_BENCH_COMPOSE },
  },
});

await using ourHost = await aStandInHost();
await using theirHost = await aStandInHost();
await using gantry = await aGantry({}, ourHost.through);
await using docker = await startDockerDaemon(theirHost.through);
const compose = await findCompose(docker, flags.compose);
const project = `${gantry.workDir}/bench`;
await mkdir(project);
await writeFile(`${project}/compose.yaml`, composeFile(Number(flags.services)));
const contenders = [await gantryContender(gantry, project), await dockerContender(docker, compose, project)] as const;
const samples = contenders.map(() => ({ up: [], again: [], ps: [], down: [], run: [] }) as Samples);
for (let round = -1; round < Number(flags.rounds); round++) {
  for (const [at, contender] of contenders.entries()) {
    const figures = await playRound(contender);
    if (round < 0) continue;
    for (const measure of Object.keys(measures) as Measure[]) samples[at]?.[measure].push(figures[measure]);
  }
}
report(samples);

async function playRound(contender: Contender): Promise<Record<Measure, number>> {
  return {
    up: await timed(() => contender.up()),
    again: await timed(() => contender.up()),
    ps: await timed(() => contender.list()),
    down: await timed(() => contender.down()),
    run: await timed(() => contender.run()),
  };
}

async function timed(step: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await step();
  return performance.now() - begin;
}

async function gantryContender(gantry: Gantry, cwd: string): Promise<Contender> {
  const [busybox] = await makeImages("busybox");
  if (!busybox) throw new Error("The image could not be made");
  await gantry.ok(["image", "import", busybox.rootfs, `${image}:latest`]);
  return {
    name: `gantry ${(await gantry.ok(["version", "--short"])).trim()}`,
    up: () => gantry.ok(["up", "-d"], { cwd }),
    down: () => gantry.ok(["down"], { cwd }),
    list: () => gantry.ok(["ps"], { cwd }),
    run: () => gantry.ok(["container", "run", "--rm", image, "true"]),
  };
}

async function dockerContender(daemon: DockerDaemon, compose: readonly string[], cwd: string): Promise<Contender> {
  const env = { ...process.env, DOCKER_HOST: daemon.host };
  const [busybox] = await makeImages("busybox");
  await execute("docker", ["import", busybox?.rootfs ?? "", `${image}:latest`], { env });
  const [file = "", ...words] = compose;
  const call = (...args: string[]) => execute(file, [...words, ...args], { cwd, env });
  const version = JSON.parse(await daemon.get("/version")) as { Version: string };
  return {
    name: `docker compose ${(await call("version", "--short")).stdout.trim()} + dockerd ${version.Version}`,
    up: () => call("up", "-d"),
    down: () => call("down"),
    list: () => call("ps"),
    run: () => execute("docker", ["run", "--rm", image, "true"], { env }),
  };
}

/** The words that stand for `docker compose` on this machine. */
async function findCompose({ host }: DockerDaemon, path: string | undefined): Promise<string[]> {
  const candidates = path ? [[path]] : [["docker", "compose"], ["docker-compose"]];
  for (const words of candidates) {
    const [file = "", ...args] = words;
    const env = { ...process.env, DOCKER_HOST: host };
    if (await execute(file, [...args, "version"], { env }).catch(() => undefined)) return words;
  }
  throw new Error("There is no docker compose to compare with; name one with --compose or GANTRY_BENCH_COMPOSE");
}

function composeFile(services: number): string {
  const service = (at: number) =>
    `  s${at}: { image: ${image}, command: [sleep, "1000"], stop_grace_period: 0s, pull_policy: never }\n`;
  return `services:\n${Array.from({ length: services }, (_, at) => service(at)).join("")}`;
}

function report([ours, theirs]: readonly Samples[]): void {
  if (!ours || !theirs) return;
  const rows = (Object.keys(measures) as Measure[]).map((measure) => {
    const [mine, peers] = [median(ours[measure]), median(theirs[measure])];
    return { measure: measures[measure], gantryMs: mine, peerMs: peers, ratio: peers / mine };
  });
  const machine = { cpus: cpus().length, kernel: release(), node: process.version };
  const names = contenders.map(({ name }) => name);
  if (flags.json) {
    console.log(
      JSON.stringify({ names, services: Number(flags.services), rounds: Number(flags.rounds), machine, rows }),
    );
    return;
  }
  console.log(
    `${names.join(" against ")}\n${flags.services} services, medians of ${flags.rounds} rounds, ` +
      `${machine.cpus} CPUs, Linux ${machine.kernel}\n`,
  );
  console.log(`${"".padEnd(26)}${"gantry".padStart(10)}${"docker".padStart(10)}${"ratio".padStart(9)}`);
  for (const { measure, gantryMs, peerMs, ratio } of rows) {
    console.log(`${measure.padEnd(26)}${ms(gantryMs)}${ms(peerMs)}${`${ratio.toFixed(1)}×`.padStart(9)}`);
  }
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`.padStart(10);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
