/**
 * Compares pulls on Gantry's engine with those of a Docker daemon: the same image from the same registry, in one run.
 *
 *   node --import ./bench/typescript.mjs bench/pulls.ts [--rounds 5] [--megabytes 200] [--layers 4]
 *
 * The image has that much content, of which half shrinks; its layers are compressed with gzip. It is removed after each
 * pull. Rounds alternate; the figure is the ratio of the medians.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { startTestEngine } from "../test/engine/engine-fixture.js";
import { startRegistry } from "../test/images/registry.js";
import { startDockerDaemon } from "../test/scenarios/harness/docker-daemon.js";

const execute = promisify(execFile);
const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    megabytes: { type: "string", default: "200" },
    layers: { type: "string", default: "4" },
  },
});
/** Of a program's files: some kilobytes to some megabytes. */
const fileBytes = 256 * 1024;

const work = await mkdtemp(join(tmpdir(), "gantry-bench-"));
await using registry = await startRegistry(await mkdtemp(join(work, "registry-")));
await using engine = await startTestEngine({ busybox: false });
// The daemon touches no network of this host.
await using docker = await startDockerDaemon([], ["--bridge=none", "--iptables=false", "--ip-forward=false"]);
const name = `${registry.address}/bench:1`;
try {
  await push(await makeLayers());
  const clients = {
    gantry: (...args: string[]) => execute("docker", args, { env: { ...process.env, DOCKER_HOST: engine.dockerHost } }),
    docker: (...args: string[]) => execute("docker", args, { env: { ...process.env, DOCKER_HOST: docker.host } }),
  };
  const samples = { gantry: [] as number[], docker: [] as number[] };
  for (let round = -1; round < Number(flags.rounds); round += 1) {
    for (const side of ["gantry", "docker"] as const) {
      const began = performance.now();
      await clients[side]("pull", "-q", name);
      const tookMs = performance.now() - began;
      if (round >= 0) samples[side].push(tookMs);
      await clients[side]("rmi", name);
      await execute("sync");
    }
  }
  const [ours, theirs] = [median(samples.gantry), median(samples.docker)];
  process.stdout.write(
    `pull of ${flags.megabytes} MB in ${flags.layers} layers, ${cpus().length} CPUs, Linux ${release()}: ` +
      `gantry ${seconds(ours)}, docker ${seconds(theirs)}, ${(theirs / ours).toFixed(2)} times as fast\n`,
  );
} finally {
  await rm(work, { recursive: true, force: true });
}

async function makeLayers(): Promise<string[]> {
  const count = Number(flags.layers);
  const files = Math.ceil((Number(flags.megabytes) * 1e6) / count / fileBytes);
  const layers: string[] = [];
  for (let layer = 0; layer < count; layer += 1) {
    const tree = join(work, `layer-${layer}`);
    await mkdir(join(tree, `usr/lib/${layer}`), { recursive: true });
    for (let file = 0; file < files; file += 1) {
      const content = Buffer.alloc(fileBytes, `${layer} ${file} text that shrinks `);
      randomBytes(fileBytes / 2).copy(content);
      await writeFile(join(tree, `usr/lib/${layer}/${file}.so`), content);
    }
    await execute("tar", ["-C", tree, "-cf", `${tree}.tar`, "."]);
    layers.push(`${tree}.tar`);
  }
  return layers;
}

async function push(layers: readonly string[]): Promise<void> {
  const layout = join(work, "layout");
  const image = `${layout}:bench`;
  await execute("umoci", ["init", "--layout", layout]);
  await execute("umoci", ["new", "--image", image]);
  for (const layer of layers) await execute("umoci", ["raw", "add-layer", "--image", image, layer]);
  await execute("skopeo", ["copy", "--quiet", "--dest-tls-verify=false", `oci:${image}`, `docker://${name}`]);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
