/** Pulls from a registry whose faults are scripted, into real stores: what they cost, leave behind and say. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../../base/clock.js";
import {
  digestOfContent,
  type FakeRegistry,
  refuse,
  startFakeRegistry,
} from "../../../registry/fake-registry.fixture.js";
import { createRegistryClient } from "../../../registry/registry-client.js";
import { noRegistryConfig } from "../../../registry/registry-config.js";
import type { ProgressMessage } from "../../../wire/image.js";
import { LayerStore } from "../../layers/layer-store.js";
import type { UnpackLimits } from "../../layers/unpack-guard.js";
import { ImageStore } from "../image-store.js";

let registry: FakeRegistry;
let base: string;
let layers: LayerStore;
let images: ImageStore;
const signal = new AbortController().signal;
const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const ociIndex = "application/vnd.oci.image.index.v1+json";
const ociConfig = "application/vnd.oci.image.config.v1+json";

beforeEach(async () => {
  registry = await startFakeRegistry();
  base = await mkdtemp(join(tmpdir(), "gantry-pull-"));
  await openStores();
});
afterEach(async () => {
  await layers.close();
  await registry[Symbol.asyncDispose]();
  await rm(base, { recursive: true, force: true });
});

/** As a new engine does, with what an earlier one has left. */
async function openStores(options: { mirror?: string; limits?: UnpackLimits; stateRoot?: string } = {}): Promise<void> {
  await layers?.close();
  const stateRoot = options.stateRoot ?? join(base, "state");
  const onDamaged = ({ path, reason }: { path: string; reason: string }) => expect.fail(`${path}: ${reason}`);
  const mirrors = options.mirror ? { [registry.host]: [options.mirror] } : {};
  layers = await LayerStore.open({ stateRoot, onDamaged, ...(options.limits ? { limits: options.limits } : {}) });
  const client = createRegistryClient({ config: { ...noRegistryConfig, mirrors }, clock: systemClock });
  images = await ImageStore.open({ stateRoot, layers, registry: client, clock: systemClock, onDamaged });
  await images.collectGarbage(new Set());
}

async function aTar(files: Record<string, string | Buffer>): Promise<Buffer> {
  const tree = await mkdtemp(join(base, "tree-"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(tree, name), content);
  return execFileSync("tar", ["-C", tree, "-c", "."], { maxBuffer: 1 << 28 });
}

/** Puts an image of these layers into the registry. Returns its manifest's digest. */
function anImage(name: string, tars: readonly Buffer[], { pack = (tar: Buffer) => tar, arch = "amd64" } = {}): string {
  const config = { os: "linux", architecture: arch, rootfs: { type: "layers", diff_ids: tars.map(digestOfContent) } };
  const blob = (content: Buffer, mediaType: string) => {
    const digest = registry.addBlob(content);
    return { mediaType, digest, size: content.length };
  };
  const [repository = "", tag = ""] = name.split(":");
  return registry.addManifest(repository, tag, {
    ...{ schemaVersion: 2, mediaType: ociManifest, config: blob(Buffer.from(JSON.stringify(config)), ociConfig) },
    layers: tars.map((tar) => blob(pack(tar), "application/vnd.oci.image.layer.v1.tar")),
  });
}

function anIndex(
  name: string,
  manifests: ReadonlyArray<{ digest: string; platform?: string; mediaType?: string }>,
): string {
  const [repository = "", tag = ""] = name.split(":");
  const entries = manifests.map(({ digest, platform, mediaType = ociManifest }) => {
    const [os, architecture] = platform?.split("/") ?? [];
    return { mediaType, digest, size: 1, ...(platform ? { platform: { os, architecture } } : {}) };
  });
  return registry.addManifest(repository, tag, { schemaVersion: 2, mediaType: ociIndex, manifests: entries });
}

async function pull(name: string, options: { platform?: string; signal?: AbortSignal } = {}): Promise<string[]> {
  const heard: string[] = [];
  const onProgress = ({ status }: ProgressMessage) => heard.push(status ?? "");
  await images.pull(`${registry.host}/${name}`, { signal, ...options, onProgress });
  return heard;
}

const stored = (folder: string) => readdir(join(base, "state", folder));
const blobsAsked = () => registry.seen("GET").filter((line) => line.includes("/blobs/")).length;

describe("a pull that was interrupted", () => {
  it("goes on after a crash with what had come, to the byte, and without what is complete", async () => {
    const [small, large] = [await aTar({ a: "1" }), await aTar({ b: randomBytes(4_000_000) })];
    anImage("app:1", [small, large]);
    const crash = new AbortController();
    registry.onEach = ({ path, headers }, response) => {
      if (!path.endsWith(digestOfContent(large)) || headers.range) return false;
      response.writeHead(200, { "content-length": large.length });
      response.write(large.subarray(0, 3_000_000));
      const partial = join(base, "state/partial", digestOfContent(large).replace("sha256:", ""));
      const arrived = async () => {
        await expect.poll(() => stat(partial).then(({ size }) => size), { timeout: 20_000 }).toBe(3_000_000);
        await expect.poll(() => stored("layers"), { timeout: 20_000 }).toHaveLength(1);
      };
      void arrived().finally(() => crash.abort());
      return true;
    };
    await expect(pull("app:1", { signal: crash.signal })).rejects.toThrow();
    await openStores();
    registry.requests.length = 0;
    await pull("app:1");
    const asked = registry.requests.filter(({ path }) => path.includes("/blobs/"));
    expect(asked.map(({ path }) => path.split("/").at(-1))).toEqual([
      expect.not.stringContaining(digestOfContent(small)), // the configuration
      digestOfContent(large),
    ]);
    expect(asked[1]?.headers.range).toBe("bytes=3000000-");
    expect(await stored("pulls")).toEqual([]);
    expect(await stored("partial")).toEqual([]);
  });

  it("leaves nothing when its rest is given up", async () => {
    const tar = await aTar({ b: randomBytes(100_000) });
    anImage("app:1", [await aTar({ a: "1" }), tar]);
    registry.onEach = ({ path }, response) => {
      if (!path.endsWith(digestOfContent(tar))) return false;
      const firstIsKept = async () => expect(await stored("layers")).toHaveLength(1);
      void vi.waitFor(firstIsKept, { timeout: 10_000 }).then(() => refuse(response, 403, "DENIED", "no"));
      return true;
    };
    await expect(pull("app:1")).rejects.toMatchObject({ message: expect.stringContaining("denied: no") });
    expect(await images.collectGarbage(new Set())).toBe(0);
    expect(await images.collectGarbage(new Set(), { forgetPending: true })).toBeGreaterThan(0);
    for (const folder of ["pulls", "partial", "blobs/sha256", "l", "layers"]) expect(await stored(folder)).toEqual([]);
  });
});

it("fetches each layer once, however many pull the image and others with the same layers at once", async () => {
  const tars = [await aTar({ a: randomBytes(500_000) }), await aTar({ b: randomBytes(500_000) })];
  anImage("app:1", tars);
  anImage("app:2", [...tars, await aTar({ c: "c" })]);
  await Promise.all(["app:1", "app:1", "app:2", "app:2"].map((name) => pull(name)));
  expect(blobsAsked()).toBe(3 + 2); // three layers, two configurations
  expect(await stored("l")).toHaveLength(3);
});

it.each([
  ["uncompressed", (tar: Buffer) => tar],
  ["gzip", (tar: Buffer) => gzipSync(tar)],
  ["zstd", (tar: Buffer) => zstdCompressSync(tar)],
])("unpacks layers that are %s, whatever their media type says", async (_what, pack) => {
  anImage("app:1", [await aTar({ hello: "world" })], { pack });
  await pull("app:1");
  const [directory = ""] = await stored("l");
  expect(await readdir(join(base, "state/l", directory))).toEqual(["hello"]);
});

describe("platforms", () => {
  it("are found in an index of indexes, and 64 bits take what is made for 32 where there is nothing else", async () => {
    const tar = await aTar({ a: "1" });
    const other = anImage("parts:arm", [tar], { arch: "arm64" });
    const wanted = anImage("parts:old", [tar], { arch: "386" });
    const inner = anIndex("app:inner", [
      { digest: other, platform: "linux/arm64" },
      { digest: wanted, platform: "linux/386" },
    ]);
    for (const { text, type } of [...registry.manifests.values()]) {
      registry.manifests.set(`app:${digestOfContent(text)}`, { text, type });
    }
    anIndex("app:1", [{ digest: inner, mediaType: ociIndex }]);
    expect(await pull("app:1", { platform: "linux/amd64" })).toContain("Pull complete");
    const [image] = images.list({});
    expect(images.inspect(image?.Id ?? "").Architecture).toBe("386");
  });

  it("that are not there are told with those that are", async () => {
    const digest = anImage("app:arm", [await aTar({ a: "1" })], { arch: "s390x" });
    anIndex("app:1", [
      { digest, platform: "linux/s390x" },
      { digest, platform: "unknown/unknown" },
    ]);
    await expect(pull("app:1", { platform: "linux/amd64" })).rejects.toMatchObject({
      code: "image-not-found",
      message: `no matching manifest for linux/amd64 in the manifest list entries of ${registry.host}/app:1`,
      hint: "It is there for linux/s390x",
    });
  });

  it("of an image that has only one are told when it is another, in Docker's words", async () => {
    anImage("app:1", [await aTar({ a: "1" })], { arch: "s390x" });
    expect(await pull("app:1", { platform: "linux/amd64" })).toContain(
      `WARNING: image with reference ${registry.host}/app:1 was found but does not match the specified platform: ` +
        "wanted linux/amd64, actual: linux/s390x",
    );
  });
});

it("says of what is no image what it is", async () => {
  const config = { mediaType: "application/vnd.cncf.helm.config.v1+json", digest: registry.addBlob("{}"), size: 2 };
  registry.addManifest("chart", "1", { schemaVersion: 2, mediaType: ociManifest, config, layers: [] });
  await expect(pull("chart:1")).rejects.toMatchObject({
    code: "not-supported",
    message: `${registry.host}/chart:1 is not an image but an artifact of type ${config.mediaType}`,
    hint: "helm pull fetches it",
  });
});

it("takes of a name with tag and digest what has that digest, and refuses what has another", async () => {
  const pinned = anImage("app:1", [await aTar({ a: "1" })]);
  anImage("app:1", [await aTar({ a: "2" })]); // the tag has moved on
  await pull(`app:1@${pinned}`);
  expect(images.resolve(`${registry.host}/app:1@${pinned}`).id).toMatch(/^sha256:/);
  expect(() => images.resolve(`${registry.host}/app:1`)).toThrow("No such image");
  registry.manifests.set(`app:${pinned}`, { type: ociManifest, text: '{"schemaVersion":2,"layers":[]}' });
  await expect(pull(`app:1@${pinned}`)).rejects.toMatchObject({ code: "blob-corrupt" });
});

it("takes a layer from the registry itself that came damaged from a mirror", async () => {
  await using mirror = await startFakeRegistry();
  const tar = await aTar({ a: randomBytes(1000) });
  anImage("app:1", [tar]);
  for (const [name, manifest] of registry.manifests) mirror.manifests.set(name, manifest);
  for (const [digest, content] of registry.blobs) mirror.blobs.set(digest, content);
  mirror.blobs.set(digestOfContent(tar), randomBytes(tar.length));
  await openStores({ mirror: `http://${mirror.host}` });
  await pull("app:1");
  expect(mirror.seen("/blobs/")).toHaveLength(2);
  expect(registry.seen("/blobs/")).toEqual([`GET /v2/app/blobs/${digestOfContent(tar)}`]);
});

describe("limits", () => {
  const limits = { maxBytes: 1e9, maxEntries: 50, maxRatio: 100, freeBytes: 1e6 };

  it("end what swells without end, and what has too many entries", async () => {
    await openStores({ limits });
    anImage("bomb:1", [await aTar({ zeros: Buffer.alloc(5_000_000) })], { pack: (tar) => gzipSync(tar) });
    await expect(pull("bomb:1")).rejects.toMatchObject({
      code: "import-failed",
      message: "The archive was refused: it unpacks to more than 100 times its size",
    });
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`f${at}`, ""]));
    anImage("many:1", [await aTar(many)]);
    await expect(pull("many:1")).rejects.toMatchObject({ message: expect.stringContaining("more than 50 entries") });
    expect(await stored("l")).toEqual([]);
  });
});

describe("a disk that is full", () => {
  it("is told, damages nothing, and the pull succeeds when there is room", async () => {
    const stateRoot = join(base, "small");
    await mkdir(stateRoot);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=48m", "tmpfs", stateRoot]);
    try {
      await openStores({ stateRoot });
      anImage("kept:1", [await aTar({ a: "1" })]);
      await pull("kept:1");
      anImage("big:1", [await aTar({ zeros: Buffer.alloc(40_000_000) })], { pack: (tar) => gzipSync(tar) });
      const filler = join(stateRoot, "filler");
      await writeFile(filler, Buffer.alloc(20_000_000));
      await expect(pull("big:1")).rejects.toMatchObject({ code: "disk-full", message: "no space left on device" });
      const free = (await readdir(join(stateRoot, "l"))).length;
      expect(free).toBe(1); // the other image's layer alone
      await openStores({ stateRoot });
      expect(images.list({}).map(({ RepoTags }) => RepoTags)).toEqual([[`${registry.host}/kept:1`]]);
      await rm(filler);
      await pull("big:1");
      const { chainIds } = images.resolve(`${registry.host}/big:1`);
      const { size } = await stat(join(stateRoot, "l", layers.layer(chainIds[0] ?? "")?.directory ?? "", "zeros"));
      expect(size).toBe(40_000_000);
    } finally {
      await layers.close();
      execFileSync("umount", ["-l", stateRoot]);
    }
  });
});

describe("images that share content compressed in another way", () => {
  const file = async () => aTar({ f: "the same once unpacked" });
  const saved = async (name: string) => {
    for await (const _ of await images.save([name]));
  };

  it("can leave whatever becomes of the one that brought the content", async () => {
    const tar = await file();
    anImage("one:1", [tar], { pack: gzipSync });
    anImage("other:1", [tar, await aTar({ g: "more" })], { pack: zstdCompressSync });
    const [one, other] = [`${registry.host}/one:1`, `${registry.host}/other:1`];
    for (const name of [one, other]) await images.pull(name, { signal, onProgress: () => {} });
    await images.remove(one, { force: false, usedBy: () => [] });
    await images.collectGarbage(new Set());
    await openStores();
    await saved(other);
  });

  it("can leave when the same image comes once more by another manifest", async () => {
    const tar = await file();
    anImage("same:1", [tar], { pack: gzipSync });
    anImage("same:2", [tar], { pack: zstdCompressSync });
    for (const tag of ["1", "2"]) await images.pull(`${registry.host}/same:${tag}`, { signal, onProgress: () => {} });
    await images.collectGarbage(new Set());
    await saved(`${registry.host}/same:2`);
  });

  it("are whole again with the next pull when the content that is stored has gone", async () => {
    anImage("lost:1", [await file()]);
    const name = `${registry.host}/lost:1`;
    await images.pull(name, { signal, onProgress: () => {} });
    const blobs = join(base, "state/blobs/sha256");
    const [largest = ""] = (
      await Promise.all((await readdir(blobs)).map(async (n) => [n, (await stat(join(blobs, n))).size] as const))
    )
      .sort(([, a], [, b]) => b - a)
      .map(([n]) => n);
    await rm(join(blobs, largest));
    await expect(saved(name)).rejects.toMatchObject({ code: "blob-corrupt" });
    await images.pull(name, { signal, onProgress: () => {} });
    await saved(name);
  });
});
