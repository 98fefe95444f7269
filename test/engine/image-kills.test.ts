/**
 * The engine killed in the middle of what it does with images: nothing is damaged, nothing stays behind, and the same
 * command succeeds when it is given again, for no more than what was under way.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { digestOfContent, type FakeRegistry, startFakeRegistry } from "../../src/registry/fake-registry.fixture.js";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

/** A busy machine takes its time. */
const patience = { timeout: 20_000 };

let engine: TestEngine;
let registry: FakeRegistry;
let work: string;
let layers: Buffer[];
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "gantry-kills-"));
  [engine, registry] = await Promise.all([startTestEngine(), startFakeRegistry()]);
  const programs = execFileSync("tar", ["-c", "-C", "/bin", "busybox"], { maxBuffer: 1 << 26 });
  layers = [programs, aTar("large", randomBytes(4_000_000))];
});
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});
beforeEach(() => {
  registry.onEach = () => false;
  registry.requests.length = 0;
});

function aTar(name: string, content: Buffer): Buffer {
  writeFileSync(join(work, name), content);
  return execFileSync("tar", ["-c", "-C", work, name], { maxBuffer: 1 << 26 });
}

/** In the registry, with a program that can be run. */
function anImage(name: string): string {
  const ociLayer = "application/vnd.oci.image.layer.v1.tar";
  const rootfs = { type: "layers", diff_ids: layers.map(digestOfContent) };
  const config = JSON.stringify({ os: "linux", architecture: "amd64", rootfs });
  const blob = (content: Buffer, mediaType: string) => {
    return { mediaType, digest: registry.addBlob(content), size: content.length };
  };
  registry.addManifest(name, "1", {
    schemaVersion: 2,
    config: blob(Buffer.from(config), "application/vnd.oci.image.config.v1+json"),
    layers: layers.map((layer) => blob(layer, ociLayer)),
  });
  return `${registry.host}/${name}:1`;
}

/** The first layer is kept, and so much of the second one is in the engine's file. */
async function hasArrived(bytes: number): Promise<void> {
  const [first = "", second = ""] = layers.map((layer) => digestOfContent(layer).replace("sha256:", ""));
  const path = join(engine.stateRoot, "partial", second);
  await expect.poll(() => statSync(path, { throwIfNoEntry: false })?.size, patience).toBe(bytes);
  const records = join(engine.stateRoot, "layers");
  const kept = () => readdirSync(records).map((name) => readFileSync(join(records, name), "utf8"));
  await expect.poll(() => kept().join("\n"), patience).toContain(first);
}

async function kill(): Promise<void> {
  process.kill(await engine.pid(), "SIGKILL");
}

/** The next engine, and what it has found. */
async function startAgain(): Promise<void> {
  expect(await engine.gantry(["engine", "start"])).toMatchObject({ exitCode: 0 });
  expect(readdirSync(engine.stateRoot).filter((name) => name.includes("damaged"))).toEqual([]);
}

async function pull(name: string): Promise<void> {
  for await (const _ of engine.client.images.pull(name));
}

async function runs(name: string): Promise<string> {
  const { stdout, stderr } = await engine.gantry(["container", "run", "--rm", name, "/busybox", "echo", "it runs"]);
  return stdout.trim() || stderr;
}

/** What the store has on disk beside records: everything is some image's. */
async function expectNoLeftovers(): Promise<void> {
  for (const folder of ["partial", "pulls"]) {
    const path = join(engine.stateRoot, folder);
    expect(existsSync(path) ? readdirSync(path) : []).toEqual([]);
  }
  const { leftovers } = (await gc()) as { leftovers: { count: number } };
  expect(leftovers.count).toBe(0);
}

async function gc(): Promise<unknown> {
  const body = execFileSync("curl", [
    ...["-s", "--unix-socket", engine.socket, "-X", "POST", "-H", "Content-Type: application/json"],
    ...["-d", '{"DryRun":true}', "http://d/gantry/gc"],
  ]);
  return JSON.parse(body.toString());
}

it("killed in the middle of a pull, it goes on where the pull had stopped", async () => {
  const name = anImage("pulled");
  const large = layers[1] ?? Buffer.alloc(0);
  let isFirst = true;
  registry.onEach = ({ path, headers }, response) => {
    if (!path.endsWith(digestOfContent(large)) || !isFirst) return false;
    isFirst = false;
    response.writeHead(200, { "content-length": large.length });
    response.write(large.subarray(0, 2_000_000));
    void hasArrived(2_000_000).then(kill);
    return headers.range === undefined;
  };
  await expect(pull(name)).rejects.toThrow();
  await startAgain();
  registry.requests.length = 0;
  await pull(name);
  const asked = registry.requests.filter(({ path }) => path.includes("/blobs/"));
  expect(asked.map(({ headers }) => headers.range)).toEqual([undefined, "bytes=2000000-"]); // the configuration is small
  expect(await runs(name)).toBe("it runs");
  await expectNoLeftovers();
});

it("killed in the middle of a push, it sends no blob again that had arrived", async () => {
  const name = anImage("pushed");
  await pull(name);
  registry.blobs.clear();
  const push = async () => {
    for await (const _ of engine.client.upkeep.pushImage(name, {}));
  };
  registry.onEach = ({ method, path, headers }, _response, incoming) => {
    if (method !== "PUT" || path.includes("manifests") || Number(headers["content-length"]) < 3_000_000) return false;
    incoming.once("data", () => void kill());
    return true;
  };
  await expect(push()).rejects.toThrow();
  await startAgain();
  registry.onEach = () => false;
  const arrived = registry.blobs.size;
  registry.requests.length = 0;
  await push();
  expect(registry.seen("PUT").filter((line) => line.includes("/blobs/"))).toHaveLength(3 - arrived);
  expect([...registry.blobs.keys()]).toEqual(expect.arrayContaining(layers.map(digestOfContent)));
  registry.requests.length = 0;
  await push();
  expect(registry.requests.filter(({ method }) => ["POST", "PUT", "PATCH"].includes(method)).length).toBe(1); // its name
  await engine.client.images.remove(name);
});

it("killed in the middle of a load or an import, it leaves nothing of it", async () => {
  const name = anImage("loaded");
  await pull(name);
  const archive: Buffer[] = [];
  for await (const chunk of await engine.client.upkeep.saveImages([name])) archive.push(Buffer.from(chunk));
  const whole = Buffer.concat(archive);
  await engine.client.images.remove(name, { force: true });
  /** Half of it, and then nothing more while the engine is killed. */
  async function* half(): AsyncGenerator<Buffer> {
    yield whole.subarray(0, whole.length / 2);
    await sleep(100);
    await kill();
    await sleep(200);
  }
  const load = async (tar: AsyncIterable<Uint8Array>) => {
    for await (const _ of engine.client.upkeep.loadImages(tar));
  };
  const imported = async (tar: AsyncIterable<Uint8Array>) => {
    for await (const _ of engine.client.images.importRootfs(tar, { reference: "imported" }));
  };
  for (const take of [load, imported]) {
    await expect(take(half())).rejects.toThrow();
    await startAgain();
    await expectNoLeftovers();
  }
  async function* all(content: Buffer): AsyncGenerator<Buffer> {
    yield content;
  }
  await load(all(whole));
  expect(await runs(name)).toBe("it runs");
  await imported(all(layers[0] ?? Buffer.alloc(0)));
  expect(await runs("imported")).toBe("it runs");
  await engine.client.images.remove("imported");
});

it("killed while an image and its layers are removed, it has the image whole or not at all", async () => {
  const name = anImage("removed");
  const outcomes = new Set<string>();
  for (const delayMs of [0, 4]) {
    await pull(name);
    const removing = engine.client.images.remove(name, { force: true });
    await Promise.allSettled([removing, sleep(delayMs).then(kill)]);
    await startAgain();
    await engine.gantry(["image", "prune", "-f"]); // one whose name went is left without one
    const isThere = await engine.client.images.inspect(name).then(
      () => true,
      () => false,
    );
    outcomes.add(isThere ? await runs(name) : "gone");
    await expectNoLeftovers();
  }
  expect([...outcomes].filter((outcome) => outcome !== "gone" && outcome !== "it runs")).toEqual([]);
});
