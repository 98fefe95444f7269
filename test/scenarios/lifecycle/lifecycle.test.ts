/** What of a project's life is the embedded engine's own; what holds on every engine is in `test/backends`. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";

let gantry: Gantry;
let project: Project;

beforeAll(async () => {
  gantry = await aGantry();
  await gantry.importImages("busybox");
});
afterEach(() => project?.clear());
afterAll(() => gantry?.[Symbol.asyncDispose]());

const service = (name: string, extra = "") =>
  `  ${name}:\n    image: busybox\n    command: sh -c 'echo hello from ${name}; exec sleep 1000'\n` +
  `    stop_grace_period: 0s\n${extra}`;
const file = (...services: string[]) => `services:\n${services.join("")}`;

describe("a project that is up", () => {
  it("is named and labelled as docker compose names and labels it", async () => {
    project = await gantry.projectOf("labels", file(service("a")));
    await project.ok("up", "-d");
    const [container] = JSON.parse(await gantry.ok(["container", "inspect", "labels-a-1"])) as [
      { Config: { Labels: Record<string, string> } },
    ];
    expect(container.Config.Labels).toMatchObject({
      "com.docker.compose.project": "labels",
      "com.docker.compose.service": "a",
      "com.docker.compose.container-number": "1",
      "com.docker.compose.oneoff": "False",
    });
    expect(await gantry.ok(["network", "ls", "--format", "json"])).toContain('"labels_default"');
  });

  it("answers exec with the command's exit code", async () => {
    project = await gantry.projectOf("codes", file(service("a")));
    await project.ok("up", "-d");
    expect((await project.run("exec", "-T", "a", "sh", "-c", "exit 42")).code).toBe(42);
    expect((await project.run("exec", "-T", "a", "no-such-command")).code).toBe(127);
  });
});
