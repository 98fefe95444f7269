/** Steps that one engine made must be found by another: by a registry, a directory, or the image itself. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "../engine/engine-fixture.js";
import { type Registry, startRegistry } from "../images/registry.js";

/** What it makes is another thing each time, so that a step that was done again would be seen. */
const dockerfile = [
  "FROM busybox AS made\nWORKDIR /m\nCOPY f .\nRUN cat /proc/sys/kernel/random/uuid >id",
  "FROM busybox\nLABEL a=b\nCOPY --from=made /m/id /id\nCOPY --link f /linked\nRUN cat /proc/sys/kernel/random/uuid >/own",
].join("\n");
let registry: Registry;
let host: string;
let first: TestEngine;
let second: TestEngine;
let work: string;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "gantry-caches-"));
  registry = await startRegistry(join(work, "registry"));
  host = new URL(registry.url).host;
  [first, second] = await Promise.all([startTestEngine(), startTestEngine({ busybox: false })]);
  mkdirSync(join(work, "context"));
  writeFileSync(join(work, "context/Dockerfile"), dockerfile);
  writeFileSync(join(work, "context/f"), "f");
  // Both start from the very same image.
  await ok(first, "image", "save", "-o", join(work, "busybox.tar"), "busybox");
  await ok(second, "image", "load", "-i", join(work, "busybox.tar"));
});
afterAll(async () => {
  await Promise.all([first?.[Symbol.asyncDispose](), second?.[Symbol.asyncDispose]()]);
  await registry?.[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

async function ok(engine: TestEngine, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await engine.gantry(args);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

function build(engine: TestEngine, ...args: string[]): Promise<string> {
  return ok(engine, "image", "build", "-t", "result", ...args, join(work, "context"));
}

const idOf = (engine: TestEngine) => ok(engine, "image", "inspect", "--format", "{{.Id}}", "result");
const cachedIn = (said: string) => said.match(/Using cache/g)?.length ?? 0;

/** Nothing of an earlier build may be of help. */
async function forget(engine: TestEngine): Promise<void> {
  await engine.gantry(["image", "rm", "-f", "result"]);
  await ok(engine, "builder", "prune", "--all", "--force");
}

it("sends the steps of all stages to a registry and takes them from there, and leaves no image of it", async () => {
  const place = `${host}/caches/web:main`;
  expect(cachedIn(await build(first, "--cache-to", `type=registry,ref=${place},mode=max`))).toBe(0);
  const said = await build(second, "--cache-from", `type=registry,ref=${place}`);
  expect(cachedIn(said)).toBe(7);
  expect(await idOf(second)).toBe(await idOf(first));
  for (const engine of [first, second]) expect(await ok(engine, "image", "ls", "-a")).not.toContain("caches/web");
});

it("keeps the steps in a directory, and reads them from one that was copied", async () => {
  const place = join(work, "layout");
  await build(first, "--cache-to", `type=local,dest=${place},mode=max`);
  await build(first, "--cache-to", `type=local,dest=${place},mode=max`); // replaces it
  expect(readdirSync(place).sort()).toEqual(expect.arrayContaining(["blobs", "index.json", "oci-layout"]));
  await forget(second);
  expect(cachedIn(await build(second, "--cache-from", `type=local,src=${place}`))).toBe(7);
  expect(await idOf(second)).toBe(await idOf(first));
});

it("replaces no directory that is not a cache alone, though it has an index.json", async () => {
  const site = join(work, "site");
  const besides = join(work, "besides");
  for (const directory of [site, besides]) mkdirSync(directory);
  for (const directory of [site, besides]) writeFileSync(join(directory, "index.json"), "{}");
  writeFileSync(join(besides, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(besides, "notes.txt"), "mine");
  for (const [place, left] of [
    [site, ["index.json"]],
    [besides, ["index.json", "notes.txt", "oci-layout"]],
  ] as const) {
    const args = ["image", "build", "--cache-to", `type=local,dest=${place}`, join(work, "context")];
    const { exitCode, stderr } = await first.gantry(args);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("holds something else than a build cache")]);
    expect(readdirSync(place).sort()).toEqual(left);
  }
});

it("has an image carry the steps that made it", async () => {
  const name = `${host}/caches/inline:1`;
  await ok(first, "image", "build", "-t", name, "--cache-to", "type=inline", join(work, "context"));
  await ok(first, "image", "push", name);
  await forget(second);
  const said = await build(second, "--cache-from", name);
  // The other stage is not in the image: it is built anew. A linked copy does not mind what lies below it.
  expect(cachedIn(said)).toBe(2);
  writeFileSync(join(work, "context/Inner"), "FROM busybox\nLABEL a=b\nRUN cat /proc/sys/kernel/random/uuid >/own\n");
  const inner = ["-f", join(work, "context/Inner")];
  await ok(
    first,
    "image",
    "build",
    "-t",
    name,
    ...inner,
    "--build-arg",
    "BUILDKIT_INLINE_CACHE=1",
    join(work, "context"),
  );
  await ok(first, "image", "push", name);
  await forget(second);
  expect(cachedIn(await build(second, ...inner, "--cache-from", name))).toBe(2);
});

it("builds without a cache that is not there, and says so; and refuses by name what it cannot talk to", async () => {
  const said = await build(second, "--cache-from", `${host}/caches/none:1`);
  expect(said).toContain(`[Warning] build cache of ${host}/caches/none:1: `);
  const refused = await second.gantry(["image", "build", "--cache-to", "type=s3,bucket=x", join(work, "context")]);
  expect(refused.stderr).toContain("cache_to: the type s3 is not supported");
});
