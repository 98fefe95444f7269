/**
 * Measures how long `gantry ui` takes to its first screen: from the start of the command to the first byte, and to the
 * frame in which every service of the project is seen running; and the processor time of its main thread until then, which
 * stays the same while other work makes the command wait.
 *
 *   node --import ./bench/typescript.mjs bench/first-screen.ts [--services 50] [--rounds 30] [--json] [--program PATH]
 *
 * On a terminal of its own (`script`, 120×60), with an engine of its own that runs already. The first rounds do not
 * count: they fill Node's compile cache, as the second use of a new version does. Quote the load beside the figures.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { aGantry } from "../test/scenarios/harness/gantry.js";

const warmRounds = 3;
/** What the shell says before the program begins in its place; making the terminal is not what is measured. */
const begin = /=begin (\d+)=/;

const { values: flags } = parseArgs({
  options: {
    services: { type: "string", default: "50" },
    rounds: { type: "string", default: "30" },
    json: { type: "boolean", default: false },
    program: { type: "string", default: fileURLToPath(new URL("../bin/gantry", import.meta.url)) },
  },
});
const services = Number(flags.services);

/** Milliseconds since the command's start; `busy` are those that its main thread ran in. */
type Times = Record<Measure, number>;
type Measure = keyof typeof measures;
const measures = {
  firstByte: "first byte",
  services: "all services",
  busy: "  of it busy",
  floor: "node -e 0",
} as const;

await using gantry = await aGantry();
await gantry.importImages("busybox");
const cwd = `${gantry.workDir}/bench`;
await mkdir(cwd);
await writeFile(`${cwd}/compose.yaml`, composeFile(services));
await gantry.ok(["up", "-d"], { cwd });
const samples: Times[] = [];
for (let round = -warmRounds; round < Number(flags.rounds); round++) {
  const times = await openOnce();
  if (round >= 0) samples.push(times);
}
report();

/** Opens the console, waits for all services, leaves it. */
async function openOnce(): Promise<Times> {
  const shell = `stty cols 120 rows 60; printf '=begin %d=' $$; exec ${flags.program} ui`;
  const env = { ...process.env, ...gantry.env, TERM: "xterm-256color", LANG: "C.UTF-8" };
  const child = spawn("script", ["-qfec", shell, "/dev/null"], { cwd, env, stdio: ["pipe", "pipe", "inherit"] });
  const wanted = `${services} of ${services} running`;
  let seen = "";
  const saw = (test: () => boolean) =>
    new Promise<number>((resolve) => {
      child.stdout.on("data", () => test() && resolve(performance.now()));
    });
  child.stdout.on("data", (chunk: Buffer) => {
    seen += chunk.toString();
  });
  const exited = once(child, "exit").then(() => Promise.reject(new Error(`The services were never seen:\n${seen}`)));
  const began = saw(() => begin.test(seen));
  const firstByte = saw(() => seen.replace(begin, "") !== "");
  const whole = saw(() => seen.includes(wanted));
  await Promise.race([whole, exited]);
  const busy = busyMs(begin.exec(seen)?.[1] ?? "");
  setTimeout(() => child.stdin.write("q"), 300);
  await exited.catch(() => {});
  const start = await began;
  return { firstByte: (await firstByte) - start, services: (await whole) - start, busy, floor: await floorMs() };
}

/** By the kernel's scheduler: nanoseconds that the thread has run. */
function busyMs(pid: string): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}

/** What starting Node alone takes at this moment. */
async function floorMs(): Promise<number> {
  const begin = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
  return performance.now() - begin;
}

function composeFile(count: number): string {
  const service = (at: number) =>
    `  s${at}: { image: busybox, command: [sleep, infinity], init: true, ports: ["80"], stop_grace_period: 0s }\n`;
  return `services:\n${Array.from({ length: count }, (_, at) => service(at)).join("")}`;
}

function report(): void {
  const rows = (Object.keys(measures) as Measure[]).map((measure) => {
    const sorted = samples.map((times) => times[measure]).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
    return { measure: measures[measure], bestMs: at(0), medianMs: at(0.5), p90Ms: at(0.9) };
  });
  const machine = { cpus: cpus().length, load: loadavg()[0], node: process.version };
  if (flags.json) {
    console.log(JSON.stringify({ services, rounds: samples.length, machine, rows }));
    return;
  }
  console.log(
    `gantry ui, ${services} services, ${samples.length} rounds, ${machine.cpus} CPUs, load ${machine.load}\n`,
  );
  console.log(`${"".padEnd(14)}${["best", "median", "p90"].map((word) => word.padStart(9)).join("")}`);
  const ms = (value: number) => `${value.toFixed(0)} ms`.padStart(9);
  for (const { measure, bestMs, medianMs, p90Ms } of rows) {
    console.log(`${measure.padEnd(14)}${ms(bestMs)}${ms(medianMs)}${ms(p90Ms)}`);
  }
}
