/** Projects come, change, stay and go. */
import { expect, it } from "vitest";
import { eventually } from "../../scenarios/harness/eventually.js";
import { file, ids, type Stage, service } from "./stage.js";

/** Defines these scenarios for the engine on the stage. */
export function describeLifecycle(stage: Stage): void {
  it("up makes it, does nothing the second time, and down leaves nothing", async () => {
    const bare = "  b: { image: busybox, entrypoint: [sleep, '1000'], command: [], stop_grace_period: 0s }\n";
    const project = await stage.project("life", `${file(service("a"), bare)}volumes: { unused: {} }\n`);
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
