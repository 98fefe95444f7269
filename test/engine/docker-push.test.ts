/** Images go to a real registry and come back, by docker's own client. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Registry, startRegistry } from "../images/registry.js";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

let engine: TestEngine;
let registry: Registry;
let storage: string;
beforeAll(async () => {
  engine = await startTestEngine();
  storage = mkdtempSync(join(tmpdir(), "gantry-push-"));
  registry = await startRegistry(storage);
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  rmSync(storage, { recursive: true, force: true });
});

async function ok(...args: string[]): Promise<string> {
  const outcome = await engine.docker(args);
  expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
  return outcome.stdout.trim();
}

it("pushes an image that can be pulled again, and sends no layer twice", async () => {
  const name = `${registry.address}/team/app:1`;
  await ok("tag", "busybox", name);
  const first = await ok("push", name);
  expect(first).toContain("Pushed");
  expect(first).toMatch(/1: digest: sha256:[0-9a-f]{64} size: \d+/);
  expect(await ok("push", name)).toContain("Layer already exists");
  const id = await ok("images", "-q", "--no-trunc", name);
  await ok("rmi", "-f", name, "busybox");
  await ok("pull", name);
  expect(await ok("images", "-q", "--no-trunc", name)).toBe(id);
  expect(await ok("run", "--rm", name, "echo", "back")).toBe("back");
});

it("takes a layer from another repository of the registry, and pushes all tags when asked", async () => {
  const other = `${registry.address}/team/other`;
  for (const tag of ["1", "2"]) await ok("tag", `${registry.address}/team/app:1`, `${other}:${tag}`);
  expect(await ok("push", "-a", other)).toContain("Mounted from team/app");
  await ok("rmi", `${other}:1`, `${other}:2`);
  await ok("pull", `${other}:2`);
});

it("pulls all tags of a repository, by docker's client and by Gantry's", async () => {
  const many = `${registry.address}/team/many`;
  const names = ["1", "2", "3.0"].map((tag) => `${many}:${tag}`);
  for (const name of names) await ok("tag", `${registry.address}/team/app:1`, name);
  await ok("push", "-a", many);
  const here = async () => (await ok("images", "--format", "{{.Repository}}:{{.Tag}}", many)).split("\n").sort();
  for (const pull of ["docker", "gantry"] as const) {
    await ok("rmi", ...names);
    const outcome =
      pull === "docker"
        ? await engine.docker(["pull", "-a", many])
        : await engine.gantry(["image", "pull", "-a", many]);
    expect(outcome).toMatchObject({ exitCode: 0 });
    expect(outcome.stdout + outcome.stderr).toContain(`Status: Downloaded newer image for ${many}\n`);
    expect(await here()).toEqual(names);
  }
  expect((await engine.docker(["pull", "-a", `${many}/missing`])).stderr).toContain("not found: name unknown");
  expect((await engine.gantry(["image", "pull", "-a", `${many}:1`])).exitCode).toBe(1);
});

it("says what a name stands for in its registry, logs in, and tells what is missing", async () => {
  const name = `${registry.address}/team/app:1`;
  const { images } = engine.client;
  const [digest = ""] = (await images.inspect(name)).RepoDigests;
  const seen = execFileSync("skopeo", ["inspect", "--tls-verify=false", "--raw", `docker://${name}`], {
    encoding: "utf8",
  });
  expect(seen).toContain("layers");
  const reply = await fetchJson(`/distribution/${name}/json`);
  expect(digest).toContain(reply.Descriptor.digest);
  await ok("login", "-u", "me", "-p", "secret", registry.address);
  expect(await engine.docker(["push", `${registry.address}/none:1`])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("does not exist locally"),
  });
});

async function fetchJson(path: string): Promise<{ Descriptor: { digest: string } }> {
  const { execFileSync } = await import("node:child_process");
  return JSON.parse(
    execFileSync("curl", ["-s", "--unix-socket", engine.socket, `http://d${path}`], { encoding: "utf8" }),
  );
}
