/** A project with `build:` sections must go from its files to running, and build again only what was changed. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Registry, startRegistryWith } from "../../images/registry.js";
import { aGantry, type Gantry, type Project, sampleDir } from "../harness/gantry.js";
import { aFreePort, page } from "../harness/host.js";

let registry: Registry;
let gantry: Gantry;
let library: Project;
let address: string;

beforeAll(async () => {
  registry = await startRegistryWith("nginx", "python");
  gantry = await aGantry({ GANTRY_REGISTRY_MIRRORS: `docker.io=${registry.url}` });
  const port = await aFreePort();
  const copy = `${gantry.workDir}/library`;
  cpSync(sampleDir("library"), copy, { recursive: true });
  library = gantry.project(copy, { PORT: String(port) });
  address = `http://127.0.0.1:${port}`;
});
afterAll(async () => {
  await gantry?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
});

const imageOf = async (name: string) => (await gantry.ok(["image", "inspect", "--format", "{{.Id}}", name])).trim();

describe("the library", () => {
  it("says in its plan what would be built, and builds nothing", async () => {
    const plan = await library.ok("plan");
    expect(plan).toContain("build image library-api");
    expect(plan).toContain("image is not here");
    expect(await gantry.ok(["image", "ls", "-q"])).toBe("");
  });

  it("is built from images of a registry, and serves what its stages made", async () => {
    await library.ok("up", "-d", "--wait");
    expect(await page(`${address}/`)).toContain("<title>The library</title>");
    expect(await page(`${address}/books`)).toContain("Moby-Dick");
  });

  it("is left alone by a second up, and by a build that changes nothing", async () => {
    const before = [await library.ok("ps", "-q"), await imageOf("library-web"), await imageOf("library-api")];
    await library.ok("up", "-d", "--wait");
    await library.ok("up", "-d", "--wait", "--build");
    expect([await library.ok("ps", "-q"), await imageOf("library-web"), await imageOf("library-api")]).toEqual(before);
  });

  it("gets the service anew whose files were changed, from the step on that reads them, and says so before", async () => {
    const [web, api] = [await library.container("web"), await library.container("api")];
    const index = `${library.cwd}/web/pages/index.html`;
    writeFileSync(index, readFileSync(index, "utf8").replace("What is here", "On the shelves"));
    expect(await library.ok("plan")).toMatch(/~ rebuild image library-web .* context: pages\/index.html changed/);
    const outcome = await library.run("up", "-d", "--wait");
    expect(outcome.code).toBe(0);
    expect(await library.ok("plan")).toBe("library: nothing to do");
    expect(outcome.output.match(/library-web │ {2}---> Using cache/g)?.length).toBe(3);
    expect(await page(`${address}/`)).toContain("On the shelves");
    expect(await library.container("api")).toBe(api);
    expect(await library.container("web")).not.toBe(web);
  });

  it("tells the Dockerfile's line, the exit code and the last words of a step that fails, and keeps what runs", async () => {
    writeFileSync(`${library.cwd}/web/make.py`, "import sys\nprint('no paper left')\nsys.exit(5)\n");
    const outcome = await library.run("up", "-d", "--build");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/exit:\s+code 5/);
    expect(outcome.stderr).toMatch(/place:\s+\S+web\/Dockerfile:7/);
    expect(outcome.stderr).toContain("│ no paper left");
    expect(await page(`${address}/books`)).toContain("Moby-Dick");
  });

  it("takes the images that it built away with it when it is asked to", async () => {
    await library.ok("down", "--rmi", "local");
    expect(await gantry.ok(["image", "ls", "--format", "{{.Repository}}"])).not.toContain("library-");
  });
});
