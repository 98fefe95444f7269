/** Copies of one project stand side by side, each at an address of its own. */
import { expect, it } from "vitest";
import { eventually } from "../../scenarios/harness/eventually.js";
import type { Stage } from "./stage.js";

const command = `sh -c 'mkdir /www && echo page of $$NAME >/www/index.html && exec httpd -f -p 80 -h /www'`;
const web =
  `{ image: busybox, command: ${command}, environment: { NAME: "\${GANTRY_INSTANCE}" }, ports: ['8090:80'], ` +
  "volumes: ['data:/data'], stop_grace_period: 0s }";

/** Defines these scenarios for the engine on the stage. */
export function describeInstances(stage: Stage): void {
  it("two copies answer on the same port, are listed, and go one by one", async () => {
    const { cwd } = await stage.project("copies", `services:\n  web: ${web}\nvolumes: { data: {} }\n`);
    const copies = ["one", "two"].map((name) => stage.gantry.project(cwd, { GANTRY_INSTANCE: name }));
    try {
      const urls: string[] = [];
      for (const copy of copies) {
        await copy.ok("up", "-d");
        urls.push(await copy.ok("url", "web"));
      }
      expect(new Set(urls).size).toBe(2);
      for (const [at, name] of ["one", "two"].entries()) {
        expect(urls[at]).toMatch(/^http:\/\/127\.\d+\.\d+\.\d+:8090$/);
        await eventually(async () => expect(await stage.backend.fetch(`${urls[at]}/`)).toBe(`page of ${name}`));
      }
      expect((await copies[1]?.run("up", "-d"))?.output).toContain("nothing to do");
      const list = async () =>
        (await stage.gantry.ok(["instances", "--format", "{{.Project}} {{.Status}}"])).split("\n");
      expect(await list()).toEqual(["copies-one running(1)", "copies-two running(1)"]);
      await stage.gantry.ok(["instances", "rm", "one", "--volumes"]);
      expect(await list()).toEqual(["copies-two running(1)"]);
      expect(await stage.backend.fetch(`${urls[1]}/`)).toBe("page of two");
    } finally {
      for (const copy of copies) await copy.clear();
    }
  });
}
