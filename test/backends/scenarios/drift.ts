/** What was changed past Gantry is seen, and put right. */
import { expect, it } from "vitest";
import { file, ids, type Stage, service, type Traits } from "./stage.js";

/** Defines these scenarios for the engine on the stage. */
export function describeDrift(stage: Stage, { changesLimits }: Traits): void {
  it("a plan tells what was changed by hand, and up puts it right", async () => {
    const project = await stage.project("drift", file(service("a"), service("b"), service("c")));
    await project.ok("up", "-d");
    const { containers, networks } = stage.backend.client;
    await networks.disconnect("drift_default", { Container: "drift-a-1", Force: true });
    await containers.stop("drift-b-1", { timeoutS: 0 });
    await containers.remove("drift-c-1", { force: true });
    const plan = await project.run("plan");
    expect(plan.stdout).toMatch(
      changesLimits
        ? /connect container drift-a-1 to drift_default +changed by hand: services.a.networks.default/
        : /recreate container drift-a-1 +not on network drift_default/,
    );
    expect(plan.stdout).toMatch(/start container drift-b-1/);
    expect(plan.stdout).toMatch(/create container drift-c-1 +container is missing/);
    await project.ok("up", "-d");
    expect((await project.run("up", "-d")).output).toContain("nothing to do");
    expect(await project.ok("ps", "-q")).toMatch(/^(\w+\n){2}\w+$/);
  });

  it.runIf(changesLimits)("puts limits right that were changed by hand, while the container runs on", async () => {
    const text = file(service("a", "    restart: on-failure:2\n    mem_limit: 32m\n"));
    const project = await stage.project("limits", text);
    await project.ok("up", "-d");
    const limits = async () => {
      const { HostConfig } = await stage.backend.client.containers.inspect("limits-a-1");
      return [HostConfig.RestartPolicy?.MaximumRetryCount, (HostConfig.Memory ?? 0) >> 20];
    };
    await stage.gantry.ok([
      "container",
      "update",
      "--restart",
      "on-failure:5",
      "-m",
      "48m",
      "--memory-swap",
      "96m",
      "limits-a-1",
    ]);
    expect(await limits()).toEqual([5, 48]);
    const before = await ids(project);
    expect((await project.run("plan")).stdout).toMatch(/update container limits-a-1 +changed by hand/);
    await project.ok("up", "-d");
    expect(await limits()).toEqual([2, 32]);
    await stage.project("limits", text.replace("32m", "64m").replace(":2", ":3"));
    await project.ok("up", "-d");
    expect(await limits()).toEqual([3, 64]);
    expect(await ids(project)).toEqual(before);
    expect((await project.run("up", "-d")).output).toContain("nothing to do");
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
