/** How commands end: what a foreground `up` ends with, what a wait says in the end, what Ctrl-C leaves. */
import { expect, it } from "vitest";
import { eventually } from "../../scenarios/harness/eventually.js";
import { file, type Stage, service, type Traits } from "./stage.js";

/** Defines these scenarios for the engine on the stage. */
export function describeEndings(stage: Stage, { checksHealth }: Traits): void {
  const states = async () => {
    const containers = await stage.backend.client.containers.list({ all: true });
    return containers.map(({ Names, State }) => `${Names[0]?.slice(1)} ${State}`).sort();
  };

  it("in the foreground shows every service's output and ends with the asked exit code", async () => {
    // The job is done before the others begin, and ends nothing.
    const waits = "    depends_on: { job: { condition: service_completed_successfully } }\n";
    const text =
      "services:\n  job: { image: busybox, command: 'true' }\n" +
      `  a:\n    image: busybox\n    command: sh -c 'echo working; exit 5'\n${waits}${service("b", waits)}`;
    const project = await stage.project("front", text);
    const up = await project.run("up", "--exit-code-from", "a");
    expect(up.code, up.output).toBe(5);
    expect(up.stdout).toMatch(/^a-1 +\| working$/m);
    expect(up.stdout).toMatch(/^b-1 +\| hello from b$/m);
    expect(up.stderr).toContain("Aborting on container exit...");
    expect(await states()).toEqual(["front-a-1 exited", "front-b-1 exited", "front-job-1 exited"]);
  });

  it("in the foreground ends with what ended all, also while it still waits, and goes on past what ended well", async () => {
    const text = (code: number) =>
      `services:\n  a: { image: busybox, command: sh -c 'exit ${code}', attach: false }\n` +
      service("b", "    healthcheck: { test: [CMD, 'false'], interval: 60s }\n") +
      service("c", "    depends_on: { b: { condition: service_started } }\n");
    const project = await stage.project("front", text(3));
    // Nobody is shown the output of `a`; it is named, and so it counts.
    const failed = await project.run("up", "--abort-on-container-failure", "a", "b", "c");
    expect(failed.code, failed.output).toBe(3);
    expect(await states()).toEqual(expect.arrayContaining(["front-a-1 exited", "front-b-1 exited"]));
    expect((await states()).join()).not.toContain("running");
    const none = await project.run("up", "--exit-code-from", "nobody");
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("no such service: nobody")]);
  });

  it("a wait takes a job that ended well for done, and one that did not for a failure", async () => {
    const text = (code: number) =>
      `services:\n  job: { image: busybox, command: sh -c 'exit ${code}' }\n${service("b")}`;
    const project = await stage.project("waits", text(0));
    await project.ok("up", "-d", "--wait");
    expect(await states()).toEqual(["waits-b-1 running", "waits-job-1 exited"]);
    // Only the embedded engine tells that nobody stopped it.
    const isLeftAlone = (await project.run("plan", "--exit-code")).code === 0;
    expect(isLeftAlone).toBe(stage.backend.name === "embedded");
    await stage.project("waits", text(4));
    const failed = await project.run("up", "-d", "--wait");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/error: job: .*exited \(4\)/);
  });

  it.runIf(checksHealth)("a wait names at its limit who is not ready and how its checks went", async () => {
    const health = "    healthcheck: { test: [CMD-SHELL, 'echo no route; exit 3'], interval: 100ms, retries: 1000 }\n";
    const project = await stage.project("late", file(service("a", health), service("b")));
    const up = await project.run("up", "--wait", "--wait-timeout", "2");
    expect(up.code).toBe(1);
    expect(up.stderr).toContain("Waiting  for a to be running or healthy, at most 2.0s");
    expect(up.stderr).toMatch(
      /error: a: timeout waiting for late-a-1 .*: it is starting, its last probe exited with 3/,
    );
    expect(up.stderr).toMatch(/probe: +\d\d:\d\d:\d\d \(\d+\.\ds\) exit code 3: no route/);
  });

  it("Ctrl-C ends a foreground up with 130 and all its services stopped, at once the second time", async () => {
    const command = "[sh, -c, 'trap : TERM; while :; do sleep 1; done']";
    const deaf = `  deaf: { image: busybox, command: ${command}, stop_grace_period: 600s }\n`;
    const project = await stage.project("stops", file(service("a"), deaf));
    const up = stage.gantry.start(["up"], project);
    await eventually(async () => expect(await states()).toEqual(["stops-a-1 running", "stops-deaf-1 running"]), 30_000);
    await up.says("hello from a");
    const ended = up.end("SIGINT");
    await eventually(async () => expect(await states()).toContain("stops-a-1 exited"), 30_000);
    void up.end("SIGINT");
    expect(await ended).toBe(130);
    expect(up.output()).toContain("Gracefully Stopping... press Ctrl+C again to force");
    await eventually(async () => expect(await states()).toEqual(["stops-a-1 exited", "stops-deaf-1 exited"]));
  });

  it.runIf(checksHealth)(
    "Ctrl-C ends a wait with 130, says how to go on, and the next up goes on from there",
    async () => {
      const health = "    healthcheck: { test: [CMD, test, -e, /ready], interval: 100ms, retries: 1000 }\n";
      const gated = service("b", "    depends_on: { a: { condition: service_healthy } }\n");
      const project = await stage.project("goes-on", file(service("a", health), gated));
      const up = stage.gantry.start(["up", "-d"], project);
      await eventually(async () => expect(await states()).toContain("goes-on-a-1 running"), 30_000);
      expect(await up.end("SIGINT")).toBe(130);
      expect(up.output()).toMatch(/Cancelled: \d of \d operations were carried out/);
      expect(up.output()).toContain("hint: The same command goes on from there");
      await project.exec("a", "touch", "/ready");
      await project.ok("up", "-d");
      expect(await states()).toEqual(["goes-on-a-1 running", "goes-on-b-1 running"]);
    },
  );
}
