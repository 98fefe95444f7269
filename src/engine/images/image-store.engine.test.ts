import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../base/clock.js";
import { type Digest, hexOf, isDigest } from "../../oci/digest.js";
import { startRegistry, type TestRegistry } from "../../registry/registry.fixture.js";
import { createRegistryClient } from "../../registry/registry-client.js";
import { noRegistryConfig } from "../../registry/registry-config.js";
import type { ProgressMessage } from "../../wire/image.js";
import { LayerStore } from "../layers/layer-store.js";
import type { DamagedRecord } from "../store/json-records.js";
import { ImageStore } from "./image-store.js";

let registry: TestRegistry;
let base: string;
let layers: LayerStore;
let images: ImageStore;
let damaged: DamagedRecord[];
const noUsers = { force: false, usedBy: () => [] };
const signal = new AbortController().signal;
const quiet = { signal, onProgress: () => {} };

beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "gantry-images-"));
  damaged = [];
  await openStores();
});
afterEach(async () => {
  await layers.close();
  await rm(base, { recursive: true, force: true });
});

async function openStores(mirror = `http://${registry.host}`): Promise<void> {
  await layers?.close();
  const stateRoot = join(base, "state");
  const onDamaged = (record: DamagedRecord) => damaged.push(record);
  const config = { ...noRegistryConfig, mirrors: { "docker.io": [mirror] } };
  layers = await LayerStore.open({ stateRoot, onDamaged });
  const client = createRegistryClient({ config, clock: systemClock });
  images = await ImageStore.open({ stateRoot, layers, registry: client, clock: systemClock, onDamaged });
}

/** A tar of files by name; a `Buffer` of random bytes does not compress. */
async function aTar(files: Record<string, string | Buffer>): Promise<string> {
  const tree = await mkdtemp(join(base, "tree-"));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(tree, name, ".."), { recursive: true });
    await writeFile(join(tree, name), content);
  }
  execFileSync("tar", ["-C", tree, "-cf", `${tree}.tar`, "."]);
  return `${tree}.tar`;
}

async function anImage(name: string, ...contents: Array<Record<string, string | Buffer>>): Promise<void> {
  const tars = await Promise.all(contents.map(aTar));
  await registry.push(name, { layers: tars, config: ["--config.cmd", "run", "--config.label", "kind=test"] });
}

async function stored(folder: string): Promise<string[]> {
  return readdir(join(base, "state", folder));
}

async function importTar(reference?: string, changes: string[] = []): Promise<string> {
  const tar = createReadStream(await aTar({ f: randomBytes(8).toString("hex") }));
  return (await images.importRootfs(tar, { ...quiet, ...(reference ? { reference } : {}), changes })).id;
}

async function manifestOf(name: string): Promise<{ layers: Array<{ digest: Digest; size: number }> }> {
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const response = await fetch(`http://${registry.host}/v2/${name.replace(":", "/manifests/")}`, {
    headers: { accept },
  });
  return (await response.json()) as { layers: Array<{ digest: Digest; size: number }> };
}

it("pulls an image through a mirror, tells it in Docker's words, and finds it after a new start", async () => {
  await anImage("library/app:1", { a: "1", same: "lower" }, { b: "2", same: "upper" });
  const heard: ProgressMessage[] = [];
  const image = await images.pull("app:1", { signal, onProgress: (message) => heard.push(message) });
  expect(image).toMatchObject({
    os: "linux",
    architecture: "amd64",
    config: { Cmd: ["run"], Labels: { kind: "test" } },
  });
  const statuses = new Set(heard.map(({ status }) => status?.replace(/sha256:.*/, "…")));
  expect([...statuses].filter((status) => status !== "Downloading" && status !== "Extracting")).toEqual([
    "Pulling from library/app",
    "Pulling fs layer",
    "Download complete",
    "Verifying Checksum",
    "Pull complete",
    "Digest: …",
    "Status: Downloaded newer image for app:1",
  ]);
  await openStores();
  const [summary] = images.list({});
  expect(summary).toMatchObject({ Id: image.id, RepoTags: ["app:1"], Labels: { kind: "test" } });
  expect(summary?.RepoDigests[0]).toMatch(/^app@sha256:/);
  expect(images.resolve(summary?.RepoDigests[0] ?? "").id).toBe(image.id);
  await layers.createRootfs("c", image.chainIds);
  const root = await layers.mountRootfs("c");
  expect((await readdir(root)).sort()).toEqual(["a", "b", "same"]);
  expect(await readFile(join(root, "same"), "utf8")).toBe("upper");
  await layers.removeRootfs("c");
});

it("fetches nothing again that it has, and says that the image is up to date", async () => {
  await anImage("library/again:1", { a: "1" });
  await images.pull("again:1", quiet);
  const heard: Array<string | undefined> = [];
  await images.pull("docker.io/library/again:1", { signal, onProgress: ({ status }) => heard.push(status) });
  expect(heard).toEqual([
    "Pulling from library/again",
    expect.stringMatching(/^Digest: sha256:[0-9a-f]{64}$/),
    "Status: Image is up to date for again:1",
  ]);
});

it("pulls once when the same image is asked for twice at once", async () => {
  await anImage("library/twice:1", { a: "1" });
  const counts = [0, 0];
  const pulls = counts.map((_, at) =>
    images.pull("twice:1", {
      signal,
      onProgress: ({ status }) => {
        if (status === "Pull complete") counts[at] = (counts[at] ?? 0) + 1;
      },
    }),
  );
  const [one, two] = await Promise.all(pulls);
  expect(one).toEqual(two);
  expect(counts).toEqual([1, 1]);
  expect(await stored("l")).toHaveLength(1);
});

it("shares layers between images that are pulled side by side", async () => {
  const tar = await aTar({ shared: randomBytes(500_000) });
  for (const name of ["one", "two"])
    await registry.push(`x/${name}:1`, { layers: [tar, await aTar({ [name]: name })] });
  await Promise.all(["one", "two"].map((name) => images.pull(`${registry.host}/x/${name}:1`, quiet)));
  expect(await stored("l")).toHaveLength(3);
});

it("goes on with a download where it stopped, and starts anew when what was there is damaged", async () => {
  await anImage("library/big:1", { big: randomBytes(3_000_000) });
  const layer = (await manifestOf("library/big:1")).layers[0];
  if (!layer) throw new Error("no layer");
  const blob = await readFile(join(registry.storage, "docker/registry/v2/blobs/sha256", blobPath(layer.digest)));
  const seen: number[] = [];
  const onProgress = ({ status, progressDetail }: ProgressMessage) => {
    if (status === "Downloading") seen.push(progressDetail?.current ?? 0);
  };
  await writeFile(join(base, "state/partial", hexOf(layer.digest)), blob.subarray(0, 2_000_000));
  await images.pull("big:1", { signal, onProgress });
  expect(seen[0]).toBeGreaterThan(2_000_000);
  await images.remove("big:1", noUsers);
  expect(await stored("blobs/sha256")).toEqual([]);
  await writeFile(join(base, "state/partial", hexOf(layer.digest)), Buffer.alloc(2_000_000));
  await images.pull("big:1", quiet);
  expect(await stored("partial")).toEqual([]);
});

function blobPath(digest: Digest): string {
  return `${hexOf(digest).slice(0, 2)}/${hexOf(digest)}/data`;
}

it("survives a connection that breaks in the middle of a layer", async () => {
  await anImage("library/broken:1", { big: randomBytes(2_000_000) });
  const ranges: Array<string | undefined> = [];
  const proxy = await breakingProxy(ranges);
  try {
    await openStores(`http://127.0.0.1:${portOf(proxy)}`);
    await images.pull("broken:1", quiet);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).every((range) => /^bytes=\d+-$/.test(range ?? ""))).toBe(true);
    expect(ranges.length).toBeGreaterThan(1);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

/** Passes everything on, but gives at most 700 kB of a layer and then breaks the connection. */
async function breakingProxy(ranges: Array<string | undefined>): Promise<Server> {
  const proxy = createServer(async (request, response) => {
    const { accept, range } = request.headers;
    const headers = { ...(accept ? { accept } : {}), ...(range ? { range } : {}) };
    const upstream = await fetch(`http://${registry.host}${request.url}`, { headers });
    const body = Buffer.from(await upstream.arrayBuffer());
    if (request.url?.includes("/blobs/") && body.length > 100_000) ranges.push(range);
    const contentRange = upstream.headers.get("content-range");
    response.writeHead(upstream.status, {
      "content-length": body.length,
      ...(contentRange ? { "content-range": contentRange } : {}),
    });
    if (body.length <= 700_000) response.end(body);
    else response.write(body.subarray(0, 700_000), () => setTimeout(() => response.destroy(), 20));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return proxy;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

it("refuses a layer that is damaged in the registry, and records nothing", async () => {
  await anImage("library/rotten:1", { big: randomBytes(300_000) });
  const digest = (await manifestOf("library/rotten:1")).layers[0]?.digest;
  if (!isDigest(digest)) throw new Error("no layer");
  const file = await open(join(registry.storage, "docker/registry/v2/blobs/sha256", blobPath(digest)), "r+");
  await file.write(Buffer.from("rot"), 0, 3, 150_000);
  await file.close();
  await expect(images.pull("rotten:1", quiet)).rejects.toMatchObject({ code: "blob-corrupt" });
  expect([await stored("images"), await stored("references"), await stored("l"), await stored("partial")]).toEqual([
    [],
    [],
    [],
    [],
  ]);
});

it("says what is missing and what cannot be reached, with Docker's texts", async () => {
  const pull = (name: string) => images.pull(name, quiet);
  await expect(pull(`${registry.host}/no/thing:7`)).rejects.toMatchObject({
    code: "image-not-found",
    message: `manifest for ${registry.host}/no/thing:7 not found: manifest unknown: manifest unknown`,
  });
  await expect(pull("127.0.0.1:1/x")).rejects.toMatchObject({
    code: "registry-unreachable",
    message: "Cannot reach the registry 127.0.0.1:1: connection refused",
  });
  await expect(pull("UPPER")).rejects.toMatchObject({ code: "bad-parameter" });
  expect(() => images.resolve("nope")).toThrow("No such image: nope:latest");
});

it("stops a pull at once when it is cancelled, and the next pull uses what came", async () => {
  await anImage("library/slow:1", { big: randomBytes(5_000_000) });
  const cancel = new AbortController();
  const pulling = images.pull("slow:1", {
    signal: cancel.signal,
    onProgress: ({ status }) => {
      if (status === "Downloading") cancel.abort();
    },
  });
  await expect(pulling).rejects.toMatchObject({ name: "AbortError" });
  expect(images.list({})).toEqual([]);
  await images.pull("slow:1", quiet);
  expect(await stored("l")).toHaveLength(1);
});

it("imports a root file system in any compression, with the changes asked for", async () => {
  const tar = await aTar({ "etc/hello": "world" });
  const ids = new Set<string>();
  for (const program of ["cat", "gzip", "zstd", "xz", "bzip2"]) {
    const archive = execFileSync(program, program === "cat" ? [tar] : ["-c", tar]);
    const image = await images.importRootfs(Readable.from([archive.subarray(0, 3), archive.subarray(3)]), {
      ...quiet,
      reference: `made:${program}`,
      changes: ['CMD ["sh"]', "ENV A=1"],
      platform: "linux/arm64",
    });
    ids.add(image.chainIds.join());
    expect(image).toMatchObject({ architecture: "arm64", config: { Cmd: ["sh"], Env: ["A=1"] } });
  }
  expect(ids.size).toBe(1);
  expect(await stored("l")).toHaveLength(1);
  expect(images.list({ reference: ["made:x*"] }).map(({ RepoTags }) => RepoTags)).toEqual([["made:xz"]]);
  const broken = Readable.from([Buffer.from("BZh is not bzip2")]);
  await expect(images.importRootfs(broken, { ...quiet, changes: [] })).rejects.toMatchObject({ code: "import-failed" });
  expect(await stored("partial")).toEqual([]);
});

it("lists by filters, and leaves an image without name when its tag moves on", async () => {
  const first = await importTar("app:1", ["LABEL a=1 b=2"]);
  const second = await importTar("app:1");
  const ids = (filters: Record<string, string[]>) =>
    images
      .list(filters)
      .map(({ Id }) => Id)
      .sort();
  expect(ids({ dangling: ["true"] })).toEqual([first]);
  expect(ids({ dangling: ["false"] })).toEqual([second]);
  expect(ids({ label: ["a=1", "b"] })).toEqual([first]);
  expect(ids({ reference: ["app"] })).toEqual([second]);
  expect(ids({})).toEqual([first, second].sort());
  expect(images.resolve(first.slice(0, 19)).id).toBe(first);
});

it("removes an image's layers and blobs with its last name, but never layers under a container", async () => {
  const id = await importTar("app:1");
  await images.tag("app:1", "other:2");
  expect(await images.remove("app:1", noUsers)).toEqual([{ Untagged: "app:1" }]);
  const { chainIds } = images.resolve(id);
  await layers.createRootfs("c", chainIds);
  expect(await images.remove("other:2", { force: true, usedBy: () => ["c"] })).toEqual([
    { Untagged: "other:2" },
    { Deleted: id },
  ]);
  expect(await stored("l")).toHaveLength(1);
  await layers.removeRootfs("c");
  await images.collectGarbage(new Set());
  expect([await stored("l"), await stored("blobs/sha256"), await stored("images")]).toEqual([[], [], []]);
});

it("heals an image whose configuration is damaged by pulling it again", async () => {
  await anImage("library/app:1", { a: "1" });
  const { id } = await images.pull("app:1", quiet);
  await truncate(join(base, "state/blobs/sha256", id.slice(7)), 5);
  await openStores();
  expect(() => images.resolve("app:1")).toThrow();
  expect((await images.pull("app:1", quiet)).id).toBe(id);
  damaged.length = 0;
  await openStores();
  expect([images.resolve("app:1").id, damaged]).toEqual([id, []]);
});

it("goes on without an image whose configuration is damaged, and reports it", async () => {
  const id = await importTar("app:1");
  const other = await importTar("app:2");
  await truncate(join(base, "state/blobs/sha256", id.slice(7)), 5);
  await openStores();
  expect(images.list({}).map(({ Id }) => Id)).toEqual([other]);
  expect(damaged).toMatchObject([{ reason: expect.stringContaining("is damaged") }]);
});
