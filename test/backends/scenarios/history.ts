/** What was changed can be looked at, gone back to and undone. */
import { writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { file, type Stage, service } from "./stage.js";

interface Generation {
  readonly Generation: string;
  readonly Command: string;
  readonly Outcome: string;
}

/** Defines these scenarios for the engine on the stage. */
export function describeHistory(stage: Stage): void {
  const changes = async (project: { ok(...args: string[]): Promise<string> }) => {
    const lines = (await project.ok("history", "--format", "json")).split("\n").filter(Boolean);
    return lines.map((line) => {
      const { Generation: number, Command, Outcome } = JSON.parse(line) as Generation;
      return `${number} ${Command}: ${Outcome}`;
    });
  };

  /** A history outlives its project, and with it what a test's first attempt did. */
  let attempts = 0;
  const fresh = (name: string) => {
    attempts += 1;
    return `${name}${attempts}`;
  };

  it("rollback brings back what a service was, though its tag, its file and its config moved on", async () => {
    const { client } = stage.backend;
    const name = fresh("turn");
    const text = (color: string) =>
      file(
        service("a", `    environment: { COLOR: ${color} }\n    configs: [{ source: site, target: /site }]\n`).replace(
          "image: busybox",
          "image: turn:1",
        ),
        service("b"),
      ).concat("configs: { site: { file: ./site } }\n");
    const words = ["sh", "-c", "echo $COLOR $(cat /site /version 2>&1)"];
    const shown = () => stage.gantry.ok(["container", "exec", `${name}-a-1`, ...words]);
    const setSite = (content: string) => writeFile(`${project.cwd}/site`, `${content}\n`);
    await client.images.tag("busybox", "turn:1");
    const project = await stage.project(name, text("red"));
    await setSite("one");
    await project.ok("up", "-d");
    expect(await shown()).toMatch(/^red one cat: /);
    const idOfB = async () => (await client.containers.inspect(`${name}-b-1`)).Id;
    const bystander = await idOfB();

    await project.exec("a", "sh", "-c", "echo second >/version");
    await client.upkeep.commit(`${name}-a-1`, { reference: "turn:1", pause: false });
    await stage.project(name, text("blue"));
    await setSite("two");
    await project.ok("up", "-d");
    expect(await shown()).toBe("blue two second");
    expect((await project.run("up", "-d")).output).toContain("nothing to do");
    expect(await changes(project)).toEqual(["2 up: succeeded", "1 up: succeeded"]);

    // Files that are wrong do not stand in the way.
    await stage.project(name, "services: [");
    expect(await project.ok("rollback", "--dry-run", "a")).toContain(`recreate container ${name}-a-1`);
    expect((await project.run("rollback", "a")).output).toContain("Back to generation 1");
    expect(await shown()).toMatch(/^red one cat: /);
    expect(await idOfB()).toBe(bystander);
    await project.ok("rollback", "--to", "2");
    expect(await shown()).toBe("blue two second");
    expect(await changes(project)).toEqual([
      ...["4 rollback to 2: succeeded", "3 rollback to 1: succeeded", "2 up: succeeded", "1 up: succeeded"],
    ]);
    await stage.project(name, text("blue"));
    expect((await project.run("up", "-d")).output).toContain("nothing to do");
    expect((await project.run("rollback", "--to", "9")).output).toContain(`Project ${name} has no generation 9`);
    expect(await project.ok("history", "2", "--model")).toContain('COLOR: "***"');
    await project.ok("down");
    await client.images.remove("turn:1");
  });

  it("undo brings back what down and rm took away, and says what is lost", async () => {
    const keepsVolumes = stage.backend.name === "embedded";
    const mounts = "    volumes: [data:/data, /anonymous]\n";
    const name = fresh("back");
    const project = await stage.project(name, `${file(service("a", mounts), service("b"))}volumes: { data: {} }\n`);
    expect((await project.run("undo")).output).toContain("Nothing to undo");
    await project.ok("up", "-d");
    await project.exec("a", "sh", "-c", "echo kept | tee /data/file /anonymous/file /lost");
    await project.ok("down");
    await project.ok("undo");
    expect(await project.exec("a", "cat", "/data/file")).toBe("kept");
    expect((await project.run("exec", "-T", "a", "cat", "/lost")).code).not.toBe(0);
    expect((await project.run("up", "-d")).output).toContain("nothing to do");

    await project.exec("a", "sh", "-c", "echo kept >/anonymous/file");
    const gone = await project.run("down", "-v");
    expect(gone.output).toContain(keepsVolumes ? "Moved to the trash" : "for good");
    expect(await project.ok("volumes", "-q")).toBe("");
    const back = await project.run("undo");
    expect(back.code).toBe(0);
    const read = async () => (await project.run("exec", "-T", "a", "cat", "/data/file", "/anonymous/file")).stdout;
    if (keepsVolumes) expect(await read()).toBe("kept\nkept\n");
    else expect(back.output).toContain(`Volume ${name}_data is not in the trash`);
    expect((await project.run("undo")).output).toContain("`undo of 4`, which took nothing away");

    await project.ok("stop", "b");
    await project.ok("rm", "-f", "b");
    await project.ok("undo");
    expect(await project.ok("ps", "-a", "--format", "{{.Service}} {{.State}}")).toMatch(/^a running\nb created$/);
    expect((await changes(project))[0]).toBe("7 undo of 6: succeeded");
    expect((await project.run("gc", "--dry-run")).output).toContain("Would free:");
  });
}
