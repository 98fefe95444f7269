/**
 * Compares how long Gantry and docker compose take to load a large Compose file, as whole commands (`config -q`).
 *
 *   node --import ./bench/typescript.mjs bench/load.ts [--services 1000] [--rounds 7] [--json] [--compose PATH] [--entry PATH]
 *
 * Needs the bundle (`npm run build`, or another one by --entry) and no engine. Rounds alternate, so that what else the machine does hits both; the
 * first one does not count. Also shows how the time grows from a tenth of the services, where linear is a factor of 10
 * at most. `docker compose` is taken from --compose or GANTRY_BENCH_COMPOSE (the plugin's binary), else from PATH;
 * without one only Gantry is measured.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

const execute = promisify(execFile);
const { values: flags } = parseArgs({
  options: {
    services: { type: "string", default: "1000" },
    rounds: { type: "string", default: "7" },
    json: { type: "boolean", default: false },
    compose: { type: "string", default: process.env.GANTRY_BENCH_COMPOSE },
    entry: { type: "string", default: fileURLToPath(new URL("../dist/main.js", import.meta.url)) },
  },
});
const services = Number(flags.services);
const gantry = [process.execPath, flags.entry];

/** What a project's services look like; each shape asks something else of a loader. */
const shapes: Readonly<Record<string, (count: number) => string>> = {
  "typical services": (count) => typicalFile(count, false),
  "typical, each waiting for the one before": (count) => typicalFile(count, true),
  "one line each": (count) => `services:\n${lines(count, (at) => `  s${at}: { image: app }`)}`,
  "by anchors and merge keys": (count) =>
    "x-base: &base { restart: always, environment: { A: b }, labels: { c: d } }\n" +
    `services:\n${lines(count, (at) => `  s${at}: { <<: *base, image: app }`)}`,
  "by extends": (count) =>
    `services:\n  base: { image: app, environment: { A: b } }\n${lines(count, (at) => `  s${at}: { extends: base }`)}`,
};

const folder = await mkdtemp(join(tmpdir(), "gantry-bench-load-"));
try {
  const peer = await findPeer(flags.compose);
  const rows = [];
  for (const [shape, make] of Object.entries(shapes)) {
    const [small, large] = [join(folder, "small.yaml"), join(folder, "large.yaml")];
    await writeFile(small, make(Math.ceil(services / 10)));
    await writeFile(large, make(services));
    const samples: Record<"small" | "ours" | "theirs", number[]> = { small: [], ours: [], theirs: [] };
    for (let round = -1; round < Number(flags.rounds); round++) {
      const ours = await timed(gantry, large);
      const theirs = peer ? await timed(peer, large) : Number.NaN;
      const less = await timed(gantry, small);
      if (round < 0) continue;
      samples.ours.push(ours);
      samples.theirs.push(theirs);
      samples.small.push(less);
    }
    const [gantryMs, peerMs] = [median(samples.ours), median(samples.theirs)];
    rows.push({ shape, gantryMs, peerMs, ratio: peerMs / gantryMs, growth: gantryMs / median(samples.small) });
  }
  if (flags.json) console.log(JSON.stringify({ services, rounds: Number(flags.rounds), node: process.version, rows }));
  else print(rows);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function timed([file = "", ...words]: readonly string[], path: string): Promise<number> {
  const begin = performance.now();
  await execute(file, [...words, "-f", path, "config", "-q"]);
  return performance.now() - begin;
}

async function findPeer(path: string | undefined): Promise<readonly string[] | undefined> {
  const candidates = path ? [[path]] : [["docker", "compose"], ["docker-compose"]];
  for (const words of candidates) {
    const [file = "", ...rest] = words;
    if (await execute(file, [...rest, "version"]).catch(() => undefined)) return words;
  }
  return undefined;
}

function typicalFile(count: number, isChain: boolean): string {
  const service = (at: number) => `  s${at}:
    image: registry.example/app-${at}:1.${at}
    command: ["serve", "--port", "3000"]
    environment:
      DATABASE_URL: postgres://db${at}/app
      LOG_LEVEL: \${LOG_LEVEL:-info}
    ports: ["${10_000 + at}:3000"]
    volumes: ["data${at}:/var/lib/app", "./conf/${at}.yaml:/etc/app.yaml:ro"]
    networks: [front, back]
    healthcheck: { test: [CMD, "true"], interval: 10s, timeout: 3s }
    labels: ["app.index=${at}"]
    restart: unless-stopped${isChain && at > 0 ? `\n    depends_on: { s${at - 1}: { condition: service_healthy } }` : ""}`;
  const volumes = `volumes:\n${lines(count, (at) => `  data${at}:`)}`;
  return `services:\n${lines(count, service)}networks:\n  front:\n  back:\n${volumes}`;
}

function lines(count: number, line: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => `${line(at)}\n`).join("");
}

function print(
  rows: ReadonlyArray<{ shape: string; gantryMs: number; peerMs: number; ratio: number; growth: number }>,
) {
  console.log(`config -q of ${services} services, medians of ${flags.rounds} rounds, ${cpus().length} CPUs\n`);
  console.log(`${"".padEnd(42)}${["gantry", "docker", "ratio", "growth"].map((name) => name.padStart(10)).join("")}`);
  for (const { shape, gantryMs, peerMs, ratio, growth } of rows) {
    const cells = [ms(gantryMs), ms(peerMs), `${ratio.toFixed(1)}×`, `${growth.toFixed(1)}×`];
    console.log(`${shape.padEnd(42)}${cells.map((cell) => cell.padStart(10)).join("")}`);
  }
}

function ms(value: number): string {
  return Number.isNaN(value) ? "–" : `${value.toFixed(0)} ms`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
