/**
 * Compares builds on Gantry's engine with Docker's classic builder: the same files, the same base, in one run.
 *
 *   node --import ./bench/typescript.mjs bench/builds.ts [--rounds 5] [--files 300] [--stages 8]
 *
 * A first stage, a last one, and between them stages that do not need one another, over a context of many small files:
 * cold (nothing cached), warm (nothing changed) and edited (one file of the last stage). Rounds alternate; the figure is the ratio of the medians.
 */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { parseArgs, promisify } from "node:util";
import { makeImages } from "../test/images/images.js";
import { startDockerDaemon } from "../test/scenarios/harness/docker-daemon.js";
import { aGantry } from "../test/scenarios/harness/gantry.js";
import { aStandInHost } from "../test/scenarios/harness/host.js";

const execute = promisify(execFile);
const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    files: { type: "string", default: "300" },
    stages: { type: "string", default: "8" },
  },
});
const image = "bench-base";
const middleStages = Number(flags.stages) - 2;

await using ourHost = await aStandInHost();
await using theirHost = await aStandInHost();
await using gantry = await aGantry({}, ourHost.through);
await using docker = await startDockerDaemon(theirHost.through);
const [busybox] = await makeImages("busybox");
const env = { ...process.env, DOCKER_HOST: docker.host, DOCKER_BUILDKIT: "0" };
await gantry.ok(["image", "import", busybox?.rootfs ?? "", `${image}:latest`]);
await execute("docker", ["import", busybox?.rootfs ?? "", `${image}:latest`], { env });

const context = `${gantry.workDir}/context`;
await writeContext(context);
const builders = {
  gantry: (...args: string[]) => gantry.ok(["image", "build", "-q", "-t", "bench", ...args, context]),
  docker: (...args: string[]) =>
    execute("docker", ["build", "-q", "--network", "none", "-t", "bench", ...args, context], { env }),
};
type Name = keyof typeof builders;
const measures = ["cold", "warm", "edited"] as const;
const samples = new Map<string, number[]>();
for (let round = -1; round < Number(flags.rounds); round += 1) {
  for (const name of Object.keys(builders) as Name[]) {
    const build = builders[name];
    const figures = {
      cold: await timed(() => build("--no-cache")),
      warm: await timed(() => build()),
      edited: await timed(async () => {
        await writeFile(`${context}/last.txt`, `${round} ${name}`);
        await build();
      }),
    };
    for (const measure of measures) {
      const key = `${name} ${measure}`;
      if (round >= 0) samples.set(key, [...(samples.get(key) ?? []), figures[measure]]);
    }
  }
}

const version = JSON.parse(await docker.get("/version")) as { Version: string };
console.log(
  `gantry against the classic builder of dockerd ${version.Version}: ${middleStages + 2} stages, ${flags.files} files`,
);
console.log(`medians of ${flags.rounds} rounds, ${cpus().length} CPUs, Linux ${release()}\n`);
for (const measure of measures) {
  const [ours, theirs] = [median(`gantry ${measure}`), median(`docker ${measure}`)];
  const columns = [`${ours.toFixed(0)} ms`, `${theirs.toFixed(0)} ms`, `${(theirs / ours).toFixed(1)}×`];
  console.log(measure.padEnd(12) + columns.map((column) => column.padStart(12)).join(""));
}

async function writeContext(directory: string): Promise<void> {
  await mkdir(`${directory}/src`, { recursive: true });
  const count = Number(flags.files);
  await Promise.all(
    Array.from({ length: count }, (_, at) => writeFile(`${directory}/src/${at}.txt`, `${at} `.repeat(500))),
  );
  await writeFile(`${directory}/last.txt`, "0");
  const stages = Array.from(
    { length: middleStages },
    (_, at) => `FROM first AS s${at}\nRUN cat /src/*${at}.txt >/out${at}\nENV STAGE=${at}\n`,
  );
  const copies = Array.from({ length: middleStages }, (_, at) => `COPY --from=s${at} /out${at} /all/\n`);
  const last = `FROM ${image}\n${copies.join("")}COPY last.txt /\nCMD ["true"]\n`;
  await writeFile(`${directory}/Dockerfile`, `FROM ${image} AS first\nCOPY src /src\n${stages.join("")}${last}`);
}

async function timed(step: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await step();
  return performance.now() - begin;
}

function median(key: string): number {
  const sorted = [...(samples.get(key) ?? [])].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
