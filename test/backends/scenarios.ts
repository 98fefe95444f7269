/**
 * What a Compose project may rely on, whichever engine runs it: one definition, run on each by the tests beside it.
 *
 * A scenario drives Gantry's commands as a user does and looks at the engine's own objects. `Traits` name what an
 * engine cannot do; then the scenario is that it is refused by name.
 */
import { mkdtemp } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startRegistry } from "../images/registry.js";
import { eventually } from "../scenarios/harness/eventually.js";
import type { Gantry, Project } from "../scenarios/harness/gantry.js";
import { type Backend, type BackendName, startBackend } from "./backend.js";
import { startCountingRelay } from "./counting-relay.js";

export interface Traits {
  /** Runs health checks by itself. */
  readonly checksHealth: boolean;
}

/** What a scenario works with. */
export interface Stage {
  readonly backend: Backend;
  readonly gantry: Gantry;
  /** A project of the given services, cleared when the scenario ends. The text is that of `compose.yaml`. */
  project(name: string, composeFile: string): Promise<Project>;
}

/** Defines all scenarios for one engine. */
export function describeScenarios(name: BackendName, traits: Traits): void {
  describe(`a project on the ${name} engine`, () => {
    let backend: Backend;
    const projects: Project[] = [];
    beforeAll(async () => {
      backend = await startBackend(name);
    });
    afterEach(async () => {
      for (const project of projects.splice(0)) await project.clear();
    });
    afterAll(() => backend?.[Symbol.asyncDispose]());
    const stage: Stage = {
      get backend() {
        return backend;
      },
      get gantry() {
        return backend.gantry;
      },
      project: async (folder, text) => {
        const project = await backend.gantry.projectOf(folder, text);
        projects.push(project);
        return project;
      },
    };
    describeLifecycle(stage);
    describeConnections(stage);
    describeCommands(stage);
    describeOrder(stage, traits);
    describeDrift(stage);
    describeCost(stage);
  });
}

/** A service that says hello and waits, with more lines of its own. */
const service = (name: string, extra = "") =>
  `  ${name}:\n    image: busybox\n    command: sh -c 'echo hello from ${name}; exec sleep 1000'\n` +
  `    stop_grace_period: 0s\n${extra}`;
const file = (...parts: string[]) => `services:\n${parts.join("")}`;
const ids = async (project: Project) => (await project.ok("ps", "-aq")).split("\n").filter(Boolean).sort();

function describeLifecycle(stage: Stage): void {
  it("up makes it, does nothing the second time, and down leaves nothing", async () => {
    const project = await stage.project("life", `${file(service("a"), service("b"))}volumes: { unused: {} }\n`);
    await project.ok("up", "-d");
    const before = await ids(project);
    expect(before).toHaveLength(2);
    expect((await project.run("plan")).code).toBe(0);
    const again = await project.run("up", "-d");
    expect(again.output).toContain("nothing to do");
    expect(await ids(project)).toEqual(before);
    await project.ok("down", "-v");
    expect(await stage.backend.remains()).toEqual([]);
  });

  it("stop, start, restart, kill and rm do what they say", async () => {
    const project = await stage.project("cycle", file(service("a")));
    await project.ok("up", "-d");
    const state = async () => (await stage.backend.client.containers.inspect(await project.container("a"))).State;
    await project.ok("stop");
    expect((await state()).Status).toBe("exited");
    await project.ok("start");
    const { StartedAt, Status } = await state();
    expect(Status).toBe("running");
    await project.ok("restart", "-t", "0");
    expect((await state()).StartedAt).not.toBe(StartedAt);
    await project.ok("kill");
    await eventually(async () => expect((await state()).Status).toBe("exited"));
    await project.ok("rm", "-f");
    expect(await project.ok("ps", "-aq")).toBe("");
  });

  it("is replaced where it changed, and its volume is kept until down -v", async () => {
    const volume = "    volumes: ['data:/data']\n";
    const tail = "volumes: { data: {} }\n";
    const project = await stage.project("kept", file(service("a", volume), service("b")) + tail);
    await project.ok("up", "-d");
    await project.exec("a", "sh", "-c", "echo precious >/data/file");
    const [a, b] = [await project.container("a"), await project.container("b")];
    await stage.project("kept", file(service("a", `${volume}    environment: { NEW: value }\n`), service("b")) + tail);
    expect((await project.run("plan")).output).toContain("environment");
    await project.ok("up", "-d");
    expect(await project.container("a")).not.toBe(a);
    expect(await project.container("b")).toBe(b);
    expect(await project.exec("a", "sh", "-c", "cat /data/file; echo $NEW")).toBe("precious\nvalue");
    await project.ok("down");
    expect(await stage.backend.remains()).toEqual(["kept_data"]);
    await project.ok("down", "-v");
    expect(await stage.backend.remains()).toEqual([]);
  });

  it("scales up and down", async () => {
    const project = await stage.project("scale", file(service("a")));
    await project.ok("up", "-d", "--scale", "a=3");
    expect(await ids(project)).toHaveLength(3);
    await project.ok("up", "-d", "--scale", "a=1");
    expect(await ids(project)).toHaveLength(1);
  });

  it("brings a container back as its restart policy says", async () => {
    const text = "services:\n  a: { image: busybox, command: sh -c 'exit 3', restart: 'on-failure:2' }\n";
    const project = await stage.project("again", text);
    await project.ok("up", "-d");
    await eventually(async () => {
      const { RestartCount, State } = await stage.backend.client.containers.inspect(await project.container("a"));
      expect([RestartCount, State.Status, State.ExitCode]).toEqual([2, "exited", 3]);
    }, 20_000);
  });
}

function describeConnections(stage: Stage): void {
  it("services reach each other by name and alias on a network they share, and on no other", async () => {
    const services = file(
      service("web", "    networks: { front: { aliases: [site] }, back: {} }\n"),
      service("near", "    networks: [front]\n"),
      service("far", "    networks: [other]\n"),
    );
    const text = `${services}networks: { front: {}, back: {}, other: {} }\n`;
    const project = await stage.project("names", text);
    await project.ok("up", "-d");
    await project.exec("web", "sh", "-c", "mkdir /www && echo page >/www/index.html && httpd -p 80 -h /www");
    const fetched = (from: string, host: string) => project.exec(from, "wget", "-q", "-O", "-", `http://${host}/`);
    await eventually(async () => expect(await fetched("near", "web")).toBe("page"));
    expect(await fetched("near", "site")).toBe("page");
    // An engine may take long to give up on the host's name server, which there is none.
    const far = await project.run("exec", "-T", "far", "timeout", "2", "wget", "-q", "-O", "-", "http://web/");
    expect([far.code === 0, far.stdout]).toEqual([false, ""]);
  });

  it("a published port answers on the host, and port says where", async () => {
    const command = `sh -c 'mkdir /www && echo page >/www/index.html && exec httpd -f -p 80 -h /www'`;
    const web = `{ image: busybox, command: ${command}, ports: ['8080:80'], stop_grace_period: 0s }`;
    const text = `services:\n  web: ${web}\n`;
    const project = await stage.project("ports", text);
    await project.ok("up", "-d");
    await eventually(async () => expect(await stage.backend.fetch("http://127.0.0.1:8080/")).toBe("page"));
    expect(await project.ok("port", "web", "80")).toMatch(/:8080$/);
  });

  it("configs and secrets whose content is in the files or the environment are there, with their mode", async () => {
    const uses = "    configs: [{ source: c, target: /etc/c.conf, mode: 0440 }]\n    secrets: [s]\n";
    const tail = "configs: { c: { content: 'from the file' } }\nsecrets: { s: { environment: SECRET_OF_TEST } }\n";
    const { cwd } = await stage.project("files", file(service("a", uses)) + tail);
    const project = stage.gantry.project(cwd, { SECRET_OF_TEST: "hidden" });
    await project.ok("up", "-d");
    expect(await project.exec("a", "cat", "/etc/c.conf", "/run/secrets/s")).toBe("from the filehidden");
    expect(await project.exec("a", "stat", "-c", "%a", "/etc/c.conf")).toBe("440");
    expect((await project.run("up", "-d")).output).toContain("nothing to do");
  });
}

function describeCommands(stage: Stage): void {
  it("exec, run, logs, top, stats, events and cp work", async () => {
    const project = await stage.project("talk", file(service("a")));
    await project.ok("up", "-d");
    expect((await project.run("exec", "-T", "a", "sh", "-c", "exit 42")).code).toBe(42);
    // Docker's daemons of before 23 say 126.
    expect([126, 127]).toContain((await project.run("exec", "-T", "a", "no-such-command")).code);
    const one = await project.run("run", "--rm", "-T", "a", "sh", "-c", "echo once; exit 7");
    expect([one.code, one.stdout]).toEqual([7, "once\n"]);
    expect(await ids(project)).toHaveLength(1);
    await eventually(async () => expect(await project.ok("logs")).toMatch(/^a-1 +\| hello from a$/m));
    expect(await project.ok("top")).toContain("sleep 1000");
    await copiesFiles(stage, await project.container("a"));
    const [usage] = await firstOf(stage.backend.client.upkeep.stats(await project.container("a"), { stream: false }));
    expect(usage).toMatchObject({ cpu_stats: {} });
  });

  it("push sends an image to its registry, and up pulls it from there", async () => {
    const { gantry, backend } = stage;
    const storage = await mkdtemp(`${gantry.workDir}/registry-`);
    await using registry = await startRegistry(storage, { through: backend.host.through });
    const name = `${registry.address}/team/app:1`;
    await backend.client.images.tag("busybox", name);
    const text = `services:\n  a: { image: "${name}", command: sleep 1000, stop_grace_period: 0s, build: . }\n`;
    const project = await stage.project("registry", text);
    await project.ok("push");
    await backend.client.images.remove(name);
    await stage.project("registry", text.replace(", build: .", ""));
    await project.ok("up", "-d");
    expect(await project.exec("a", "echo", "pulled")).toBe("pulled");
    await project.ok("down");
    await backend.client.images.remove(name);
  });

  it("logs -f shows what comes, and ends with its container", async () => {
    const text = `services:\n  a: { image: busybox, command: sh -c 'cat /gate; echo last', stop_grace_period: 0s,
      volumes: ['./gate:/gate'] }\n`;
    const project = await stage.project("follow", text);
    await stage.backend.host.run("mkfifo", `${project.cwd}/gate`);
    await project.ok("up", "-d");
    const following = project.run("logs", "-f", "--no-log-prefix");
    await stage.backend.host.run("sh", "-c", `echo first >${project.cwd}/gate`);
    expect((await following).stdout).toBe("first\nlast\n");
  });

  it("in the foreground shows every service's output and ends with the asked exit code", async () => {
    const text = `services:\n  a: { image: busybox, command: sh -c 'echo working; exit 5' }\n${service("b")}`;
    const project = await stage.project("front", text);
    const up = await project.run("up", "--exit-code-from", "a");
    expect(up.code).toBe(5);
    expect(up.stdout).toMatch(/^a-1 +\| working$/m);
    expect(up.stdout).toMatch(/^b-1 +\| hello from b$/m);
  });
}

async function copiesFiles({ gantry }: Stage, container: string): Promise<void> {
  const path = `${gantry.workDir}/copied`;
  await gantry.ok(["container", "cp", "-", `${container}:/tmp`], { stdin: "" }).catch(() => {}); // an empty archive
  await gantry.ok(["container", "exec", container, "sh", "-c", "echo out >/tmp/out"]);
  await gantry.ok(["container", "cp", `${container}:/tmp/out`, path]);
  await gantry.ok(["container", "cp", path, `${container}:/tmp/in`]);
  expect(await gantry.ok(["container", "exec", container, "cat", "/tmp/in"])).toBe("out");
}

async function firstOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  for await (const value of values) return [value];
  return [];
}

function describeOrder(stage: Stage, { checksHealth }: Traits): void {
  const gated = file(
    service("db", "    healthcheck: { test: [CMD, test, -e, /ready], interval: 100ms, retries: 1000 }\n"),
    service("web", "    depends_on: { db: { condition: service_healthy } }\n"),
  );

  it.runIf(checksHealth)("starts what depends on health when it is there, and not before", async () => {
    const project = await stage.project("gate", gated);
    const up = project.ok("up", "-d");
    await eventually(async () => expect(await project.ok("ps", "-q", "db")).not.toBe(""));
    expect(await project.ok("ps", "-q", "web")).toBe("");
    await project.exec("db", "touch", "/ready");
    await up;
    expect(await project.ok("ps", "-q", "web")).not.toBe("");
    expect(await project.ok("ps", "db")).toContain("(healthy)");
  });

  it.skipIf(checksHealth)("refuses to wait for a health that nobody checks, before anything is made", async () => {
    const project = await stage.project("gate", gated);
    const up = await project.run("up", "-d");
    expect(up.code).toBe(1);
    expect(up.output).toContain("health checks");
    expect(await stage.backend.remains()).toEqual([]);
  });

  it("waits for a job to end well, and shows one that does not on a card", async () => {
    const text = (code: number) =>
      `services:\n  job: { image: busybox, command: sh -c 'echo broken pipe; exit ${code}' }\n` +
      service("web", "    depends_on: { job: { condition: service_completed_successfully } }\n");
    const project = await stage.project("job", text(9));
    const failed = await project.run("up", "-d");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/error: job: .*exited \(9\)/);
    expect(failed.stderr).toContain("broken pipe");
    expect(failed.stderr).toMatch(/held back: +web/);
    await stage.project("job", text(0));
    await project.ok("up", "-d");
    expect(await project.ok("ps", "-q", "web")).not.toBe("");
  });

  it("shows a command that is not there on a card", async () => {
    const project = await stage.project("typo", "services:\n  a: { image: busybox, command: [no-such-command] }\n");
    const failed = await project.run("up", "-d");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/error: a: .*no-such-command/);
    expect(failed.stderr).toMatch(/phase: +start/);
  });

  it("refuses a port that is taken, naming it", async () => {
    const text = (name: string) =>
      `services:\n  ${name}: { image: busybox, command: sleep 1000, ports: ['8081:80'], stop_grace_period: 0s }\n`;
    const first = await stage.project("holder", text("a"));
    await first.ok("up", "-d");
    const failed = await (await stage.project("taker", text("b"))).run("up", "-d");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/8081/);
  });
}

function describeDrift(stage: Stage): void {
  it("a plan tells what was changed by hand, and up puts it right", async () => {
    const project = await stage.project("drift", file(service("a"), service("b"), service("c")));
    await project.ok("up", "-d");
    const { containers, networks } = stage.backend.client;
    await networks.disconnect("drift_default", { Container: "drift-a-1", Force: true });
    await containers.stop("drift-b-1", { timeoutS: 0 });
    await containers.remove("drift-c-1", { force: true });
    const plan = await project.run("plan");
    expect(plan.stdout).toMatch(/recreate container drift-a-1 +not on network drift_default/);
    expect(plan.stdout).toMatch(/start container drift-b-1/);
    expect(plan.stdout).toMatch(/create container drift-c-1 +container is missing/);
    await project.ok("up", "-d");
    expect((await project.run("up", "-d")).output).toContain("nothing to do");
    expect(await project.ok("ps", "-q")).toMatch(/^(\w+\n){2}\w+$/);
  });

  it("tells of a service that is gone from the files, and removes it when asked", async () => {
    const project = await stage.project("orphan", file(service("a"), service("b")));
    await project.ok("up", "-d");
    await stage.project("orphan", file(service("a")));
    expect((await project.run("up", "-d")).output).toMatch(/orphan/i);
    await project.ok("up", "-d", "--remove-orphans");
    expect(await ids(project)).toHaveLength(1);
  });
}

/** Calls that are made once, and once for each network, volume or container that is made, and no more. */
function describeCost(stage: Stage): void {
  it("asks the engine as often for eight services as for two", async () => {
    const socket = `${stage.gantry.workDir}/relay.sock`;
    await using relay = await startCountingRelay(socket, stage.backend.address.slice("unix://".length));
    const env = { GANTRY_HOST: relay.address };
    const count = async (services: number) => {
      const names = Array.from({ length: services }, (_, at) => `s${at}`);
      const { cwd } = await stage.project("cost", file(...names.map((name) => service(name))));
      const project = stage.gantry.project(cwd, env);
      await project.ok("up", "-d");
      const up = relay.take();
      await project.ok("up", "-d");
      const again = relay.take();
      await project.ok("ps");
      const ps = relay.take();
      await project.ok("down");
      return { up: up.length, again, ps, down: relay.take().length };
    };
    const [few, many] = [await count(2), await count(8)];
    expect(many.ps.sort()).toEqual(["GET /containers/json", "HEAD /_ping"]);
    const lock = stage.backend.name === "embedded" ? ["POST /gantry/projects/cost/lock"] : [];
    const looks = ["GET /containers/json", "GET /images/busybox/json", "GET /networks", "GET /volumes", "HEAD /_ping"];
    expect(many.again.sort()).toEqual([...looks, ...lock]);
    expect(few.again).toHaveLength(many.again.length);
    // Each container is made and started; on the way down it is stopped and removed.
    expect(many.up - few.up).toBe(6 * 2);
    expect(many.down - few.down).toBe(6 * 2);
  });
}
