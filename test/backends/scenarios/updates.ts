/** Updates by `update_config`: replicas one after the other, put back when they fail, whichever engine it is. */
import { mkdir } from "node:fs/promises";
import { expect, it } from "vitest";
import type { Project } from "../../scenarios/harness/gantry.js";
import { type CutMoment, startCuttingRelay } from "../cutting-relay.js";
import type { Stage, Traits } from "./stage.js";

let lastVersion = 0;
const triesAll = process.env.GANTRY_KILL_POINTS === "all";

/** A service of which the second new container fails, unless `all` are good. */
interface Wish {
  readonly version: number;
  readonly order?: "start-first" | "stop-first";
  readonly action?: "pause" | "continue" | "rollback";
  readonly isGood?: boolean;
  readonly replicas?: number;
  readonly more?: string;
}

function composeFile({ version, order = "start-first", action = "pause", isGood = true, replicas = 2, more }: Wish) {
  const once = isGood ? "true" : `mkdir /state/${version}`;
  return `services:
  web:
    image: busybox
    command: sh -c '${once} || exit 3; exec sleep 1000'
    stop_grace_period: 0s
    environment: { VERSION: "${version}" }
    volumes: ['./state:/state']
${more ?? ""}    deploy:
      replicas: ${replicas}
      update_config: { order: ${order}, failure_action: ${action}, monitor: 400ms }
      rollback_config: { monitor: 100ms }
`;
}

/** Defines these scenarios for the engine on the stage. */
export function describeUpdates(stage: Stage, { keepsEvents }: Traits): void {
  const write = async (wish: Wish): Promise<Project> => {
    const project = await stage.project("rolling", composeFile(wish));
    await mkdir(`${project.cwd}/state`, { recursive: true });
    return project;
  };
  /** `NAME VERSION` of every container, and its state if it does not run. */
  const look = async () => {
    const all = await stage.backend.client.containers.list({ all: true });
    const lines = all.map(async ({ Id, Names, State }) => {
      const { Config } = await stage.backend.client.containers.inspect(Id);
      const version = Config.Env?.find((entry) => entry.startsWith("VERSION="))?.slice("VERSION=".length);
      return `${Names[0]?.slice(1)} ${version}${State === "running" ? "" : ` ${State}`}`;
    });
    return (await Promise.all(lines)).sort();
  };
  /** Of this and of no other scenario: what a version leaves in the folder stays there. */
  const nextVersion = () => ++lastVersion;
  const both = (version: number) => [`rolling-web-1 ${version}`, `rolling-web-2 ${version}`];

  it.each(["start-first", "stop-first"] as const)("replicas are replaced one after the other, %s", async (order) => {
    const version = nextVersion();
    const project = await write({ version, order });
    await project.ok("up", "-d");
    await write({ version: nextVersion(), order });
    const up = await project.run("--progress", "json", "up", "-d");
    expect(up.code, up.output).toBe(0);
    expect(await look()).toEqual(both(lastVersion));
    const started = up.stderr
      .split("\n")
      .filter((line) => line.includes('"kind":"started"') || line.includes('"kind":"done"'))
      .map((line) => JSON.parse(line) as { kind: string; operation: string })
      .map(({ kind, operation }) => `${kind} ${operation}`);
    expect(started.indexOf("done watch-replica rolling-web-1")).toBeGreaterThan(0);
    expect(started.indexOf("started create-container rolling-web-2")).toBeGreaterThan(
      started.indexOf("done watch-replica rolling-web-1"),
    );
    expect((await project.run("up", "-d")).output).toContain("nothing to do");
  });

  it.each(["start-first", "stop-first"] as const)("an update that fails is put back where asked, %s", async (order) => {
    const version = nextVersion();
    const project = await write({ version, order });
    await project.ok("up", "-d");
    const before = (await project.ok("ps", "-q")).split("\n").sort();
    await write({ version: nextVersion(), order, action: "rollback", isGood: false });
    const up = await project.run("up", "-d");
    expect(up.code, up.output).toBe(3);
    expect(up.output).toMatch(/rolling-web-2 (keeps exiting|exited) \(3\)/);
    expect(up.output).toContain(
      '1 of 2 containers of service "web" could not be replaced: what was replaced is put back',
    );
    expect(await look()).toEqual(both(version));
    expect((await project.ok("ps", "-q")).split("\n").sort()).toEqual(before);
  });

  it("an update that fails is paused, and what has been replaced stays", async () => {
    const [old, next] = [nextVersion(), nextVersion()];
    const project = await write({ version: old, replicas: 3 });
    await project.ok("up", "-d");
    await write({ version: next, replicas: 3, isGood: false });
    const up = await project.run("up", "-d");
    expect(up.code, up.output).toBe(1);
    expect(await look()).toEqual([`rolling-web-1 ${next}`, `rolling-web-2 ${old}`, `rolling-web-3 ${old}`]);
  });

  it("a published port that the engine cannot flip makes the old one stop first, and the plan says so", async () => {
    const ports = '    ports: ["127.0.0.1:18471:80"]\n';
    const project = await write({ version: nextVersion(), replicas: 1, more: ports });
    await project.ok("up", "-d");
    await write({ version: nextVersion(), replicas: 1, more: ports });
    const plan = await project.ok("plan");
    if (stage.backend.name === "embedded") expect(plan).toContain("container rolling-web-1 takes over");
    else expect(plan).toMatch(/stops first, not start-first: this engine cannot flip host port 18471/);
    const up = await project.run("up", "-d");
    expect(up.code, up.output).toBe(0);
    expect(await look()).toEqual([`rolling-web-1 ${lastVersion}`]);
  });

  it.runIf(keepsEvents)(
    "an update that was killed is completed by the next up, wherever it was",
    async () => {
      const project = await write({ version: nextVersion(), replicas: 1, action: "rollback" });
      await project.ok("up", "-d");
      const path = `${stage.gantry.workDir}/rolling.sock`;
      await using relay = await startCuttingRelay(path, stage.backend.address.slice("unix://".length));
      const endedAt = async (request: number | RegExp, moment: CutMoment) => {
        const version = nextVersion();
        await write({ version, replicas: 1, action: "rollback" });
        let pid = 0;
        relay.cutAt({ request, moment, act: () => process.kill(pid, "SIGKILL") });
        const options = {
          cwd: project.cwd,
          env: { GANTRY_HOST: relay.address },
          onSpawn: (own: number) => (pid = own),
        };
        const ended = await stage.gantry.run(["up", "-d"], options);
        const told = `${relay.take().at(-1)} ${moment}\n${ended.output}`;
        relay.cutAt(undefined);
        const again = await project.run("up", "-d");
        expect(again.code, `${told}\nthen\n${again.output}`).toBe(0);
        expect(await look(), told).toEqual([`rolling-web-1 ${version}`]);
        expect((await project.run("up", "-d")).output, told).toContain("nothing to do");
        return ended.code !== 0;
      };
      const moments: readonly CutMoment[] = ["before", "during", "after"];
      if (!triesAll) {
        expect(await endedAt(/\/start$/, "after")).toBe(true);
        expect(await endedAt(/\/(take-over|rename)$/, "during")).toBe(true);
        expect(await endedAt(/\/stop$/, "during")).toBe(true);
        return;
      }
      for (let request = 1; await endedAt(request, "during"); request++) {
        for (const moment of moments) await endedAt(request, moment);
      }
    },
    triesAll ? 1_200_000 : 120_000,
  );
}
