import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ContainerCreateBody } from "../../wire/container.js";
import type { ContainerStore } from "./container-store.js";
import { World } from "./containers.fixture.js";

let world: World;
let engine: ContainerStore;
beforeEach(async () => {
  world = new World();
  engine = world.engine();
  await engine.restore();
});
afterEach(async () => {
  await engine.close();
  world[Symbol.dispose]();
});

const never = new AbortController().signal;
const create = async (name: string, body: ContainerCreateBody = {}) =>
  (await engine.create(name, { Image: "busybox", ...body })).Id;
const run = async (name: string, body: ContainerCreateBody = {}) => {
  const id = await create(name, body);
  await engine.start(id);
  return id;
};
const status = (id: string) => engine.inspect(id).State.Status;
const always = { HostConfig: { RestartPolicy: { Name: "always" as const } } };

/** Waits for what happens by itself, on a deadline. */
async function eventually(check: () => boolean): Promise<void> {
  for (const end = Date.now() + 3000; !check(); await delay(5)) if (Date.now() > end) throw new Error("never");
}

describe("a container's life", () => {
  it("goes from created to running to exited to nothing, with Docker's events", async () => {
    const id = await run("web");
    expect(engine.inspect("web").State).toMatchObject({ Status: "running", Running: true });
    expect(await engine.start(id)).toBe(false);
    expect(await engine.stop(id, {})).toBe(true);
    expect(engine.inspect(id).State).toMatchObject({ Status: "exited", ExitCode: 143, Pid: 0 });
    expect(await engine.stop(id, {})).toBe(false);
    await engine.remove(id, { force: false, volumes: true });
    expect(world.leftovers()).toEqual([]);
    expect(world.volumes.size).toBe(0);
    expect(await world.actions()).toEqual([
      "container create",
      "network connect",
      "volume mount",
      "container start",
      "container kill",
      "container die",
      "network disconnect",
      "volume unmount",
      "container stop",
      "volume destroy",
      "container destroy",
    ]);
  });

  it("costs one durable write for a start and one for an exit", async () => {
    const id = await create("web");
    const before = world.writes;
    await engine.start(id);
    expect(world.writes - before).toBe(1);
    world.exit(id, 0);
    await engine.wait(id, "not-running", never);
    expect(world.writes - before).toBe(2);
  });

  it("fills volumes before its first run only", async () => {
    const id = await run("web");
    await engine.restart(id, {});
    expect(world.log.filter((entry) => entry.startsWith("fill"))).toHaveLength(1);
  });

  it("kills what does not heed the stop signal within its grace", async () => {
    world.obeys = new Set([9]);
    const id = await run("web");
    await engine.stop(id, { timeoutS: 0.05 });
    expect(engine.inspect(id).State.ExitCode).toBe(137);
    expect(world.log.filter((entry) => entry.startsWith("kill"))).toEqual(["kill 15", "kill 9"]);
  });

  it("keeps the state created, and says why, when a start fails", async () => {
    world.beforeStart = () => Promise.reject(new Error('exec: "nope": executable file not found in $PATH'));
    const id = await create("web");
    await expect(engine.start(id)).rejects.toThrow("executable file not found");
    expect(engine.inspect(id).State).toMatchObject({ Status: "created", ExitCode: 127 });
    expect(engine.inspect(id).State.Error).toContain("executable file not found");
    expect([...world.sandboxes.keys(), ...world.processes.keys()]).toEqual([]);
    expect(world.layers.get(id)).toBe("unmounted");
  });

  it("refuses a name that is in use, and gives it back when a create fails", async () => {
    await create("web");
    await expect(create("web")).rejects.toMatchObject({ code: "container-name-in-use" });
    await expect(create("db", { Image: "nope" })).rejects.toMatchObject({ code: "image-not-found" });
    await create("db");
  });

  it("is found by its name, with a slash too, by its id and by a prefix of it", async () => {
    const id = await create("web");
    expect([id, "web", "/web", id.slice(0, 12)].map((name) => engine.inspect(name).Id)).toEqual([id, id, id, id]);
    expect(() => engine.inspect("nope")).toThrow("No such container: nope");
  });
});

describe("restart policies", () => {
  it("run a container again after its exit, and count that", async () => {
    const id = await run("web", always);
    world.exit(id, 1);
    await eventually(() => engine.inspect(id).RestartCount === 1);
    expect(status(id)).toBe("running");
  });

  it("are cancelled by a stop during the wait", async () => {
    const id = await run("web", always);
    world.exit(id, 1);
    await eventually(() => status(id) === "restarting");
    expect(await engine.stop(id, {})).toBe(true);
    await delay(150);
    expect(status(id)).toBe("exited");
  });

  it("leave a container alone that was killed", async () => {
    const id = await run("web", always);
    await engine.kill(id, "KILL");
    await delay(150);
    expect(engine.inspect(id).State).toMatchObject({ Status: "exited", ExitCode: 137 });
  });

  it("go on after a signal that does not ask it to end", async () => {
    world.obeys = new Set([1]);
    const id = await run("web", always);
    await engine.kill(id, "SIGHUP");
    await eventually(() => engine.inspect(id).RestartCount === 1);
  });
});

describe("waiting", () => {
  it("for the next exit before the start tells the exit of that run", async () => {
    const id = await create("web");
    const exit = engine.wait(id, "next-exit", never);
    await engine.start(id);
    world.exit(id, 7);
    expect(await exit).toEqual({ StatusCode: 7 });
  });

  it("for a container that does not run is over at once", async () => {
    const id = await create("web");
    expect(await engine.wait(id, "not-running", never)).toEqual({ StatusCode: 0 });
  });

  it("for the removal of a container that removes itself tells its exit code", async () => {
    const id = await create("web", { HostConfig: { AutoRemove: true } });
    const removed = engine.wait(id, "removed", never);
    await engine.start(id);
    world.exit(id, 3);
    expect(await removed).toEqual({ StatusCode: 3 });
    expect(world.leftovers()).toEqual([]);
  });

  it("can be given up", async () => {
    const id = await create("web");
    const end = new AbortController();
    const waiting = engine.wait(id, "next-exit", end.signal);
    end.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});

describe("removal", () => {
  it("of a running container needs force", async () => {
    const id = await run("web");
    await expect(engine.remove(id, { force: false, volumes: false })).rejects.toThrow("Stop the container before");
    await engine.remove(id, { force: true, volumes: false });
    expect(world.leftovers()).toEqual([]);
    expect(world.volumes.size).toBe(1);
  });

  it("by force while it is being started waits for the start and ends it", async () => {
    let release = () => {};
    world.beforeStart = () => new Promise((resolve) => (release = resolve));
    const id = await create("web");
    const start = engine.start(id);
    await eventually(() => world.log.includes("create"));
    const removal = engine.remove(id, { force: true, volumes: true });
    release();
    expect(await start).toBe(true);
    await removal;
    expect(world.leftovers()).toEqual([]);
  });

  it("is refused a second time while it is under way, and keeps a restart from starting it", async () => {
    const id = await run("web", always);
    const first = engine.remove(id, { force: true, volumes: true });
    await expect(engine.remove(id, { force: true, volumes: true })).rejects.toThrow("already in progress");
    await first;
    await delay(150);
    expect(world.leftovers()).toEqual([]);
  });
});

describe("attaching", () => {
  it("before the start is connected between create and start, so that no byte is lost", async () => {
    const id = await create("web");
    await engine.attach(id);
    await engine.attach(id);
    await engine.start(id);
    expect(world.log).toEqual(expect.arrayContaining(["create", "attach", "start"]));
    expect(world.log.filter((entry) => !entry.startsWith("fill"))).toEqual([
      "restore 0",
      "create",
      "attach",
      "attach",
      "start",
    ]);
  });

  it("ends when the container is removed without ever having run", async () => {
    const id = await create("web");
    const { stream } = await engine.attach(id);
    const ended = new Promise((resolve) => stream.once("end", resolve));
    stream.resume();
    await engine.remove(id, { force: false, volumes: true });
    await ended;
  });
});

describe("health checks", () => {
  const Healthcheck = { Test: ["CMD", "check"], Interval: 20e6, Retries: 1 };

  it("turn a container healthy and unhealthy, and say so in the status text", async () => {
    const id = await run("web", { Healthcheck });
    expect(engine.inspect(id).State.Health?.Status).toBe("starting");
    await eventually(() => engine.inspect(id).State.Health?.Status === "healthy");
    expect(engine.list({ all: true, filters: {} })[0]?.Status).toMatch(/\(healthy\)$/);
    world.onExec = () => 1;
    await eventually(() => engine.inspect(id).State.Health?.Status === "unhealthy");
    expect(await world.actions()).toEqual(expect.arrayContaining(["container health_status: unhealthy"]));
  });

  it("count a probe that takes too long as a failure", async () => {
    world.onExec = () => new Promise(() => {});
    const id = await run("web", { Healthcheck: { ...Healthcheck, Timeout: 30e6 } });
    await eventually(() => engine.inspect(id).State.Health?.Status === "unhealthy");
    expect(engine.inspect(id).State.Health?.Log[0]).toMatchObject({
      ExitCode: -1,
      Output: "Health check exceeded timeout (30ms)",
    });
  });

  it("go on in the next engine", async () => {
    const id = await run("web", { Healthcheck: { ...Healthcheck, Interval: 100e6 } });
    engine = await nextEngine();
    await eventually(() => engine.inspect(id).State.Health?.Status === "healthy");
  });
});

/** The engine dies without a word, and another one takes over. */
async function nextEngine(): Promise<ContainerStore> {
  await engine.close();
  const next = world.engine();
  await next.restore();
  return next;
}

describe("an engine that takes over", () => {
  it("adopts what runs and gives its sandbox to the networks", async () => {
    const id = await run("web");
    engine = await nextEngine();
    expect(status(id)).toBe("running");
    expect(world.log.at(-1)).toBe("restore 1");
    world.exit(id, 4);
    await engine.wait(id, "not-running", never);
    expect(engine.inspect(id).State.ExitCode).toBe(4);
  });

  it("carries out an exit that nobody saw, restart policy included", async () => {
    const id = await run("web", always);
    world.processes.clear();
    engine = await nextEngine();
    await eventually(() => engine.inspect(id).RestartCount === 1);
    expect(status(id)).toBe("running");
  });

  it("does not run again what a user was stopping when the engine died", async () => {
    const id = await run("web", always);
    writeFileSync(`${world.dir}/run/${id}/stop-requested`, "");
    world.processes.clear();
    engine = await nextEngine();
    await eventually(() => status(id) === "exited");
    expect(engine.inspect(id).State.ExitCode).toBe(255);
  });

  it("starts always containers after a boot, even stopped ones, and unless-stopped ones that ran", async () => {
    const policy = (Name: "always" | "unless-stopped") => ({ HostConfig: { RestartPolicy: { Name } } });
    const ran = await run("ran", policy("unless-stopped"));
    const stopped = await run("stopped", policy("always"));
    const left = await run("left", policy("unless-stopped"));
    const plain = await run("plain");
    for (const id of [stopped, left]) await engine.stop(id, {});
    world.processes.clear();
    world.bootId = "boot-2";
    engine = await nextEngine();
    await eventually(() => [ran, stopped].every((id) => status(id) === "running"));
    expect([left, plain].map(status)).toEqual(["exited", "exited"]);
    expect(engine.inspect(plain).State.ExitCode).toBe(255);
  });

  it("leaves a stopped always container stopped when only the engine was started anew", async () => {
    const id = await run("web", always);
    await engine.stop(id, {});
    engine = await nextEngine();
    await delay(150);
    expect(status(id)).toBe("exited");
  });

  it("cleans up a start that was under way", async () => {
    const id = await create("web");
    world.beforeStart = () => new Promise(() => {});
    void engine.start(id);
    await eventually(() => world.log.includes("create"));
    engine = await nextEngine();
    expect([...world.processes.keys(), ...world.sandboxes.keys()]).toEqual([]);
    expect(status(id)).toBe("created");
    world.beforeStart = async () => {};
    expect(await engine.start(id)).toBe(true);
  });

  it("completes a removal that was under way", async () => {
    const id = await create("web");
    const record = JSON.parse(world.records.get(id) ?? "");
    record.state = { ...record.state, status: "removing", removesVolumes: true };
    world.records.set(id, JSON.stringify(record));
    engine = await nextEngine();
    expect(world.leftovers()).toEqual([]);
    expect(world.volumes.size).toBe(0);
  });
});

describe("listing", () => {
  it("shows running ones unless asked for more, newest first", async () => {
    await run("one");
    await delay(2);
    await create("two");
    const names = (query: Partial<Parameters<ContainerStore["list"]>[0]>) =>
      engine.list({ all: false, filters: {}, ...query }).map(({ Names }) => Names[0]);
    expect(names({})).toEqual(["/one"]);
    expect(names({ all: true })).toEqual(["/two", "/one"]);
    expect(names({ limit: 1 })).toEqual(["/two"]);
    expect(names({ filters: { status: ["created"] } })).toEqual(["/two"]);
    expect(names({ all: true, filters: { name: ["^/?o"] } })).toEqual(["/one"]);
    expect(names({ all: true, filters: { since: ["one"] } })).toEqual(["/two"]);
    expect(names({ all: true, filters: { volume: ["/cache"], network: ["bridge"] } })).toEqual(["/two", "/one"]);
  });
});

describe("healing", () => {
  const ill: ContainerCreateBody = {
    Healthcheck: { Test: ["CMD", "check"], Interval: 1e6, Retries: 1 },
    HostConfig: { GantryHeal: { Attempts: 1 } },
  };

  it("ends the run of an unhealthy container, and another one follows whatever its restart policy", async () => {
    let code = 1;
    world.onExec = () => code;
    const id = await run("web", ill);
    await eventually(() => engine.inspect(id).RestartCount === 1);
    code = 0;
    await eventually(() => engine.inspect(id).State.Health?.Status === "healthy");
    expect(await world.actions()).toContain("container heal");
    expect(status(id)).toBe("running");
  });

  it("is carried on by the next engine when one dies between the signal and the exit", async () => {
    world.obeys = new Set();
    world.onExec = () => 1;
    const id = await run("web", { ...ill, StopTimeout: 60 });
    await eventually(() => world.log.includes("kill 15"));
    await engine.close();
    engine = world.engine();
    await engine.restore();
    world.exit(id, 143);
    await eventually(() => status(id) === "running" && engine.inspect(id).RestartCount === 1);
  });

  it("leaves one alone that a user stops meanwhile", async () => {
    world.obeys = new Set([9]);
    world.onExec = () => 1;
    const id = await run("web", { ...ill, StopTimeout: 60 });
    await eventually(() => world.log.includes("kill 15"));
    await engine.stop(id, { timeoutS: 0 });
    expect(status(id)).toBe("exited");
  });
});
