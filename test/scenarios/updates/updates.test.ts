/**
 * Updates must go unnoticed: clients that ask all the time get an answer to every request, whether the new version is
 * good or broken, and a download that was under way arrives whole.
 *
 * Runs on a stand-in host, so that every address that gets the load is in a namespace of the test's own. Three good
 * updates and two broken ones; `GANTRY_TEST_UPDATES=10` makes it ten of each, and prints figures.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCuttingRelay } from "../../backends/cutting-relay.js";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";
import { aNeighbour, aStandInHost, type Neighbour, type StandInHost } from "../harness/host.js";
import type { LoadResult } from "./load.js";

const asked = Number(process.env.GANTRY_TEST_UPDATES ?? 0);
const [goodUpdates, brokenUpdates] = asked > 0 ? [asked, asked] : [3, 2];
const port = 8080;
const loadProgram = fileURLToPath(new URL("load.ts", import.meta.url));
/** More than what fits into the buffers on the way, so that the server is still sending when the update comes. */
const bigBytes = 24 << 20;
const limitMs = 60_000 + 25_000 * (goodUpdates + brokenUpdates);
/** A load that is told to end has its last requests under way, each of which has a limit of its own. */
const loadEndMs = 30_000;
/** The slow download takes 8 s where nothing else is in its way. */
const downloadAtMostS = 60;

let host: StandInHost;
let neighbour: Neighbour;
let gantry: Gantry;
let project: Project;

beforeAll(async () => {
  host = await aStandInHost();
  neighbour = await aNeighbour(host.namespace);
  gantry = await aGantry({}, host.through);
  await gantry.importImages("nginx");
  project = await gantry.projectOf("updates", composeFile({ version: "v0" }));
  await project.ok("up", "-d", "--wait");
});
const running = new Set<ChildProcess>();
// A test that failed, or whose time was over, leaves no load to the next.
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});
afterAll(async () => {
  await project?.clear();
  await gantry?.[Symbol.asyncDispose]();
  await neighbour?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
});

/** Asks for the service by its name all the time, each time on a new connection. */
const asking = [
  "while :; do",
  "line=none; exec 3<>/dev/tcp/web/80 && printf %b GET\\\\x20/\\\\x20HTTP/1.0\\\\r\\\\n\\\\r\\\\n >&3 && read -r line <&3;",
  'echo "$$line" >>/dev/shm/answers; exec 3>&-; sleep 0.05; done',
].join(" ");

interface Wish {
  readonly version: string;
  readonly health?: string;
  readonly command?: string;
  readonly replicas?: number;
  readonly update?: string;
  readonly drain?: string;
}

function composeFile({ version, health = "200", command, replicas = 1, update = "", drain = "1s" }: Wish): string {
  const ports = replicas === 1 ? `\n    ports: ["${port}:80"]` : "";
  return `
services:
  web:
    image: nginx${command ? `\n    command: ${command}` : ""}${ports}
    stop_signal: SIGQUIT
    stop_grace_period: 5s
    configs: [{ source: server, target: /etc/nginx/conf.d/default.conf }]
    x-gantry: { drain: ${drain} }
    deploy:
      replicas: ${replicas}
      update_config: { order: start-first${update} }
    healthcheck:
      test: [CMD, bash, -c, "exec 3<>/dev/tcp/127.0.0.1/80; printf 'GET /health HTTP/1.0\\\\r\\\\n\\\\r\\\\n' >&3; grep -q 200 <&3"]
      interval: 200ms
      start_interval: 100ms
      start_period: 3s
      retries: 2
  client:
    image: nginx # it has bash with its sockets
    command: [bash, -c, '${asking}']
    stop_grace_period: 0s
configs:
  server:
    content: |
      server {
        listen 80;
        location = / { return 200 "${version}"; }
        location = /health { return ${health} "${health}"; }
        location = /big { root /dev/shm; }
      }
`;
}

/** Another version in the file, and `up`. */
async function update(wish: Wish, ...globals: string[]) {
  await writeFile(`${project.cwd}/compose.yaml`, composeFile(wish));
  return project.run(...globals, "up", "-d");
}

/** A load that runs until it is told to end; in the neighbour's namespace or on the stand-in host itself. */
function aLoad(order: object, from: "host" | "neighbour" = "host") {
  const node = [process.execPath, loadProgram, JSON.stringify({ atMostS: limitMs / 1000, ...order })];
  const through = from === "host" ? host.through : ["nsenter", `--net=/run/netns/${neighbour.namespace}`];
  const [program = "", ...words] = [...through, ...node];
  const child: ChildProcess = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout?.on("data", (data) => (text += data));
  running.add(child);
  const exited = once(child, "close").finally(() => running.delete(child));
  return {
    /** Tells it to end, and waits at most `withinMs`. */
    async end<Result>(withinMs = loadEndMs): Promise<Result> {
      child.stdin?.end();
      const late = setTimeout(() => child.kill("SIGKILL"), withinMs);
      const [code, signal] = await exited;
      clearTimeout(late);
      if (code === 0) return JSON.parse(text) as Result;
      const how = signal ? `was killed after ${withinMs / 1000} s` : `ended with ${code}`;
      throw new Error(`A load ${how}: ${JSON.stringify(order)}`);
    },
  };
}

/** From the host over its loopback and its own address, and from a neighbour; some 300 requests a second together. */
const everyWay = () => {
  const loopback = [`http://127.0.0.1:${port}/`, `http://[::1]:${port}/`];
  const own = [`http://${neighbour.hostAddress}:${port}/`];
  return [
    { order: { urls: loopback, perSecond: 90, keepAlive: true } },
    { order: { urls: loopback, perSecond: 60, keepAlive: false } },
    { order: { urls: own, perSecond: 50, keepAlive: false } },
    { order: { urls: own, perSecond: 60, keepAlive: true }, from: "neighbour" as const },
    { order: { urls: own, perSecond: 50, keepAlive: false }, from: "neighbour" as const },
  ];
};

/** Under load from everywhere; what each load saw. */
async function underLoad(work: () => Promise<void>): Promise<LoadResult[]> {
  const loads = everyWay().map(({ order, from }) => aLoad(order, from));
  const failure = await work().catch((error: unknown) => error as Error);
  const results = await Promise.all(loads.map((load) => load.end<LoadResult>()));
  if (asked > 0 || failure) {
    for (const { failures, answers, ...figures } of results) {
      const versions = Object.keys(answers).length;
      console.log(JSON.stringify({ ...figures, failures: failures.length, first: failures[0], versions }));
    }
  }
  if (failure) throw failure;
  return results;
}

/** What a neighbour gets, at once. */
const version = () => neighbour.run("busybox", "wget", "-q", "-O", "-", `http://${neighbour.hostAddress}:${port}/`);
const names = async () => (await project.ok("ps", "-a", "--format", "{{.Name}}", "web")).split("\n").sort();

describe("under load, start-first", () => {
  it(
    "no request fails while good updates follow one another, and a slow download arrives whole",
    async () => {
      const flipsMs: number[] = [];
      const before = await version();
      await project.exec("client", "truncate", "-s", "0", "/dev/shm/answers");
      await makeBigFile();
      const url = `http://127.0.0.1:${port}/big`;
      const slow = aLoad({ download: url, bytesPerSecond: 3 << 20, atMostS: downloadAtMostS });
      const results = await underLoad(async () => {
        for (let n = 1; n <= goodUpdates; n++) {
          // The first one has the download to wait for.
          const { code, stderr } = await update(
            { version: `v${n}`, drain: n === 1 ? "8s" : "1s" },
            "--progress",
            "json",
          );
          expect(code, stderr).toBe(0);
          const events = stderr
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line));
          const flip = events.find((event) => event.kind === "done" && event.operation.startsWith("take-over "));
          flipsMs.push(flip?.durationMs);
          expect(await version()).toBe(`v${n}`);
        }
      });
      for (const { failures, answers } of results) {
        expect(failures).toEqual([]);
        expect(Object.keys(answers)).toEqual(expect.arrayContaining([before, `v${goodUpdates}`]));
      }
      const answers = (await project.exec("client", "sort", "-u", "/dev/shm/answers")).split("\n");
      expect(answers.map((line) => line.trim())).toEqual(["HTTP/1.1 200 OK"]);
      expect(await slow.end(downloadAtMostS * 1000)).toEqual({ bytes: bigBytes, sha256: bigDigest });
      expect(await names()).toEqual(["updates-web-1"]);
      if (asked > 0) console.log(`flips in ms: ${flipsMs.join(" ")}`);
    },
    limitMs,
  );

  it(
    "no request fails while broken updates follow one another, and each is rolled back",
    async () => {
      const before = await version();
      const results = await underLoad(async () => {
        for (let n = 1; n <= brokenUpdates; n++) {
          const broken = n % 2 === 1 ? { health: "503" } : { command: "[bash, -c, 'echo no; exit 7']" };
          const { code, output } = await update({ version: `bad${n}`, ...broken });
          expect(code, output).toBe(3);
          expect(output).toContain("Rolled back: what ran before the update runs on.");
          expect(output).toContain(n % 2 === 1 ? "is unhealthy" : "exited (7)");
          expect(await version()).toBe(before);
        }
      });
      for (const [at, { failures, answers }] of results.entries()) {
        expect(failures).toEqual([]);
        expect(Object.keys(answers), JSON.stringify([everyWay()[at], answers])).toEqual([before]);
      }
      expect(await names()).toEqual(["updates-web-1"]);
    },
    limitMs,
  );
});

/** What the kernel has of the port: an element for each address that it is published on. */
const published = async () =>
  (await host.run("nft", "list", "ruleset")).match(new RegExp(`\\. ${port} : `, "g"))?.length ?? 0;

it.each([
  ["an engine", "during a flip", /take-over$/, "during"],
  ["an engine", "after a flip", /take-over$/, "after"],
  ["a command", "when the new one stands by", /start$/, "after"],
  ["a command", "after a flip", /take-over$/, "after"],
] as const)(
  "%s that dies %s leaves one that serves, and the next up completes it",
  async (who, _when, request, moment) => {
    const name = `${who} ${moment} ${request.source}`.replace(/\W+/g, "-");
    const elements = await published();
    const before = await version();
    const socket = `${gantry.workDir}/${name}.sock`;
    await using relay = await startCuttingRelay(socket, gantry.stateRoot.replace(/state$/, "run/engine.sock"));
    const engine = await gantry.enginePid();
    let victim = engine;
    let hasDied = false;
    relay.cutAt({ request, moment, act: () => (hasDied = process.kill(victim, "SIGKILL")) });
    await writeFile(`${project.cwd}/compose.yaml`, composeFile({ version: name }));
    const load = aLoad({ urls: [`http://127.0.0.1:${port}/`], perSecond: 50, keepAlive: false });
    const onSpawn = (pid: number) => {
      if (who === "a command") victim = pid;
    };
    const up = await gantry.run(["up", "-d"], { cwd: project.cwd, env: { GANTRY_HOST: relay.address }, onSpawn });
    expect(hasDied).toBe(true);
    // An engine is asked for the flip again once the next one is there; what comes after it may find the engine away.
    expect(await version(), up.output).toBe(request.test("start") ? before : name);
    const again = await project.run("up", "-d");
    expect(again.code, `${up.output}\nthen\n${again.output}`).toBe(0);
    expect((await gantry.enginePid()) === engine).toBe(who === "a command");
    expect([await version(), await names(), await published()]).toEqual([name, ["updates-web-1"], elements]);
    expect((await project.run("up", "-d")).output).toContain("nothing to do");
    const { failures, requests } = await load.end<LoadResult>();
    expect(requests).toBeGreaterThan(20);
    expect(failures).toEqual([]);
  },
);

let bigDigest = "";

/** In the running container's memory: the image has nothing of that size. */
async function makeBigFile(): Promise<void> {
  const script = "head -c $0 /dev/urandom >/dev/shm/big; sha256sum </dev/shm/big";
  bigDigest = (await project.exec("web", "sh", "-c", script, String(bigBytes))).split(" ")[0] ?? "";
  expect(bigDigest).toHaveLength(createHash("sha256").digest("hex").length);
}
