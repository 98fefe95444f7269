/** Images go to a real registry and come back, by docker's own client. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Registry, startRegistry } from "../images/registry.js";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

let engine: TestEngine;
let registry: Registry;
let work: string;
beforeAll(async () => {
  engine = await startTestEngine();
  work = mkdtempSync(join(tmpdir(), "gantry-push-"));
  registry = await startRegistry(mkdtempSync(join(work, "storage-")));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

async function ok(...args: string[]): Promise<string> {
  const outcome = await engine.docker(args);
  expect(outcome.exitCode, `${args.join(" ")}: ${outcome.stdout}${outcome.stderr}`).toBe(0);
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
  expect((await engine.gantry(["image", "pull", "-a", `${many}:1`])).exitCode).toBe(2);
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

it("keeps an image's digest in another registry, though its layers are not stored as they were compressed", async () => {
  const storage = mkdtempSync(join(work, "from-"));
  await using from = await startRegistry(storage);
  await using to = await startRegistry(mkdtempSync(join(work, "to-")));
  const context = mkdtempSync(join(work, "context-"));
  writeFileSync(join(context, "Dockerfile"), `FROM ${registry.address}/team/app:1\nRUN echo more >/more\n`);
  const named = (name: string) => `${from.address}/team/${name}:1`;
  await ok("tag", `${registry.address}/team/app:1`, named("plain"));
  expect((await engine.gantry(["image", "build", "-t", named("larger"), context])).exitCode).toBe(0);
  // What is unpacked already is not fetched: of what comes back only the uncompressed layers are stored.
  const pack = async (name: string) => {
    await ok("push", named(name));
    const addresses = [`docker://${named(name)}`, `docker://${named(`${name}-gzip`)}`];
    execFileSync("skopeo", ["copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", ...addresses]);
    const digest = /Digest: (sha256:\w+)/.exec(await ok("pull", named(`${name}-gzip`)))?.[1];
    return { name: named(`${name}-gzip`), digest };
  };
  const push = async (name: string, target: string) => {
    await ok("tag", name, target);
    const said = await ok("push", target);
    return { said, digest: /digest: (sha256:\w+)/.exec(said)?.[1] };
  };
  const [packed, larger] = [await pack("plain"), await pack("larger")];
  const { digest } = packed;
  const first = await push(packed.name, `${to.address}/mine/app:1`);
  expect(first.digest, first.said).toBe(digest);
  const again = await push(packed.name, `${to.address}/mine/app:1`);
  expect(again).toMatchObject({ digest, said: expect.stringContaining("Layer already exists") });
  expect(again.said).not.toContain(": Pushed");
  rmSync(storage, { recursive: true });
  const anew = await push(larger.name, `${to.address}/mine/larger:1`);
  expect(anew.said).toContain("The image gets another digest: layer ");
  expect(anew.digest).not.toBe(larger.digest);
});
