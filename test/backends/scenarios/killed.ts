/**
 * The command killed, or interrupted, at every change that it asks of the engine: the next `up` must bring the project
 * to where it should be, with nothing twice and no data lost.
 *
 * A relay between the command and the engine knows each request. By default a sample of them is tried,
 * `GANTRY_KILL_POINTS=all` tries every one, in each of its moments.
 */
import { writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import type { Project } from "../../scenarios/harness/gantry.js";
import { type CutMoment, startCuttingRelay } from "../cutting-relay.js";
import { type Stage, service, type Traits } from "./stage.js";

const triesAll = process.env.GANTRY_KILL_POINTS === "all";
const moments: readonly CutMoment[] = ["before", "during", "after"];

/** Where a command is ended, and by which signal. */
interface Point {
  readonly request: number;
  readonly moment: CutMoment;
  readonly signal: "SIGKILL" | "SIGINT";
}

/** Defines these scenarios for the engine on the stage. */
export function describeKilled(stage: Stage, { checksHealth }: Traits): void {
  it.runIf(checksHealth)(
    "is brought to where it should be by the next up, wherever the last one was killed or interrupted",
    async () => {
      const scene = await aScene(stage);
      await using _relay = scene.relay;
      const counts = await scene.countRequests();
      // Enough for a plan of twenty operations, each way.
      expect(Math.min(...counts)).toBeGreaterThan(19);
      if (triesAll) expect(await failingPoints(Math.max(...counts), scene.survivesFromNothing)).toEqual([]);
      else
        for (const [at, point] of somePoints(Math.min(...counts)).entries())
          await scene.survives(at % 2 ? 2 : 1, point);
    },
    triesAll ? 3_600_000 : 180_000,
  );
}

/** Tries all of them: one that fails says more beside the others. */
async function failingPoints(requests: number, survives: (point: Point) => Promise<void>): Promise<string[]> {
  const failing: string[] = [];
  for (const point of allPoints(requests)) {
    const told = await survives(point).then(
      () => "held",
      (error: unknown) => `failed: ${error}`,
    );
    if (told !== "held") failing.push(`${JSON.stringify(point)} ${told}`);
    console.log(`${JSON.stringify(point)} ${told}`);
  }
  return failing;
}

/** Every request in every moment, and interrupted. */
function allPoints(requests: number): Point[] {
  const all = Array.from({ length: requests }, (_, at) => at + 1);
  const killed = all.flatMap((request) => moments.map((moment) => ({ request, moment, signal: "SIGKILL" as const })));
  return [...killed, ...all.map((request) => ({ request, moment: "during", signal: "SIGINT" }) as const)];
}

function somePoints(requests: number): Point[] {
  const at = (share: number) => Math.ceil(requests * share);
  return [
    { request: at(0.7), moment: "during", signal: "SIGKILL" },
    { request: at(0.45), moment: "after", signal: "SIGKILL" },
    { request: at(0.55), moment: "during", signal: "SIGINT" },
  ];
}

async function aScene(stage: Stage) {
  const socket = `${stage.gantry.workDir}/killed.sock`;
  const relay = await startCuttingRelay(socket, stage.backend.address.slice("unix://".length));
  const project = await write(stage, 1);
  const env = { GANTRY_HOST: relay.address };
  const command = ["up", "-d", "--build", "--remove-orphans"];
  let pid = 0;
  const up = () => {
    return stage.gantry.run(command, { cwd: project.cwd, env, onSpawn: (spawned) => (pid = spawned) });
  };
  /** Brings the version up through the relay, ended at the point; then again, and looks. */
  const reach = async (version: 1 | 2, point: Point | undefined) => {
    await write(stage, version);
    relay.cutAt(point && { ...point, act: () => process.kill(pid, point.signal) });
    const ended = await up();
    if (!point) expect(ended.code, ended.output).toBe(0);
    else if (ended.code !== 0) expect(ended.code, ended.output).toBe(point.signal === "SIGINT" ? 130 : -1);
    if (point?.signal === "SIGINT") await isWhole(stage, project);
    const requests = relay.take();
    relay.cutAt(undefined);
    const again = point ? await project.run(...command) : ended;
    const told = `${JSON.stringify(point)} after ${requests.at(-1)}\n${ended.output}\nthen\n${again.output}`;
    expect(again.code, told).toBe(0);
    await isAsAsked(stage, project, { version, told });
    return requests.length;
  };
  return {
    relay,
    /** Without an end: how many changes each way takes. */
    countRequests: async () => {
      const first = await reach(1, undefined);
      await project.exec("db", "sh", "-c", "echo precious >/data/precious");
      await project.exec("db", "sh", "-c", "echo kept >/anonymous/kept");
      return [first, await reach(2, undefined)];
    },
    /** From the other version to this one, ended at the point. */
    survives: async (version: 1 | 2, point: Point) => {
      await reach(version, point);
      expect(await project.exec("db", "cat", "/data/precious", "/anonymous/kept")).toBe("precious\nkept");
    },
    /** From nothing but the volumes to the first version, and on to the second, each of them ended at the point. */
    survivesFromNothing: async (point: Point) => {
      await project.ok("down", "--remove-orphans");
      await reach(1, point);
      expect(await project.exec("db", "cat", "/data/precious")).toBe("precious");
      await project.exec("db", "sh", "-c", "echo kept >/anonymous/kept");
      await reach(2, point);
      expect(await project.exec("db", "cat", "/data/precious", "/anonymous/kept")).toBe("precious\nkept");
    },
  };
}

/**
 * Builds, networks, volumes, gates, hooks, a job, replicas, a follower, and from version to version replacements, one of
 * them beside the old container, a network that is made anew, what is new and what is gone.
 */
async function write(stage: Stage, version: 1 | 2): Promise<Project> {
  const env = `    environment: { VERSION: "${version}" }\n`;
  const isLater = version === 2;
  const text = `services:
${service(
  "db",
  `${env}    volumes: ['data:/data', /anonymous]
    networks: [back]
    healthcheck: { test: [CMD, 'true'], interval: 200ms }
    post_start: [{ command: [touch, /started] }]
    pre_stop: [{ command: [test, -e, /data] }]
`,
)}  migrate:
    image: busybox
    command: sh -c 'echo ${version} >>/data/migrated'
    volumes: ['data:/data']
    depends_on: { db: { condition: service_healthy } }
  api:
    build: .
    scale: 2
    stop_grace_period: 0s
${env}    networks: [back${isLater ? ", front" : ""}]
    volumes: [${isLater ? "'extra:/extra'" : ""}]
    pre_start: [{ command: ['true'] }]
    depends_on: { migrate: { condition: service_completed_successfully } }
${service("web", "    networks: [back]\n    depends_on: { db: { condition: service_healthy, restart: true } }\n")}
${service("front", `${env}    deploy: { update_config: { order: start-first, monitor: 200ms } }\n`)}
${service("cache", "    networks: [side]\n")}${isLater ? service("new") : service("old")}
networks: { back: {}, side: { labels: { version: "${version}" } }${isLater ? ", front: {}" : ""} }
volumes: { data: {}${isLater ? ", extra: {}" : ""} }
`;
  const project = await stage.project("killed", text);
  await writeFile(`${project.cwd}/Dockerfile`, `FROM busybox\nRUN echo ${version} >/version\nCMD sleep 1000\n`);
  return project;
}

/** After an interrupt nothing bears a name that is not its own. */
async function isWhole(stage: Stage, { cwd }: Project): Promise<void> {
  const containers = await stage.backend.client.containers.list({ all: true });
  for (const { Names, Labels } of containers) {
    const name = Names[0]?.slice(1) ?? "";
    const isHook = Labels?.["com.docker.compose.hook"] !== undefined;
    expect(isHook || name.startsWith("killed-"), `${name} in ${cwd}`).toBe(true);
  }
}

async function isAsAsked(
  stage: Stage,
  project: Project,
  { version, told }: { version: number; told: string },
): Promise<void> {
  const { client } = stage.backend;
  const [containers, remains] = await Promise.all([client.containers.list({ all: true }), stage.backend.remains()]);
  const last = version === 2 ? "new" : "old";
  const running = containers.filter(({ State }) => State === "running").map(({ Names }) => Names[0]?.slice(1));
  const names = [
    "killed-api-1",
    "killed-api-2",
    "killed-cache-1",
    "killed-db-1",
    `killed-${last}-1`,
    "killed-web-1",
    "killed-front-1",
  ];
  expect(running.sort(), told).toEqual(names.sort());
  const others = containers.filter(({ State }) => State !== "running").map(({ Names, Status }) => `${Names} ${Status}`);
  expect(others, told).toEqual([expect.stringMatching(/^\/killed-migrate-1 Exited \(0\)/)]);
  const made = version === 2 ? ["killed_default", "killed_extra", "killed_front"] : ["killed_default"];
  const wanted = ["killed_back", "killed_data", "killed_side", ...made];
  const found = remains.filter((name) => !name.startsWith("/") && !/^[0-9a-f]{64}$/.test(name));
  // What an earlier version had is not taken away by a later one.
  expect(found, told).toEqual(expect.arrayContaining(wanted));
  expect(await project.exec("db", "sh", "-c", "echo $VERSION"), told).toBe(String(version));
  expect(await project.exec("api", "cat", "/version"), told).toBe(String(version));
  const plan = JSON.parse(await project.ok("plan", "--format", "json")) as {
    operations: ReadonlyArray<{ id: string; cause: { reason: string } }>;
  };
  expect(
    plan.operations.map(({ id, cause }) => `${id}: ${cause.reason}`),
    told,
  ).toEqual([]);
}
