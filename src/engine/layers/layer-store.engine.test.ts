import { execFileSync } from "node:child_process";
import { createWriteStream, lstatSync, statSync } from "node:fs";
import { appendFile, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type ChainId, digestOf } from "../../oci/digest.js";
import { getXattr, makeNode, nodeTypes, setTimes, setXattr } from "../kernel/mount.js";
import { LayerStore } from "./layer-store.js";

const signal = new AbortController().signal;
let base: string;
let store: LayerStore;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "gantry-layers-"));
  store = await openStore();
});
afterEach(async () => {
  for (const name of await readdir(join(base, "state/rootfs"))) await store.removeRootfs(name);
  await store.close();
  await rm(base, { recursive: true, force: true });
});

function openStore(driver?: "vfs"): Promise<LayerStore> {
  return LayerStore.open({ stateRoot: join(base, "state"), onDamaged: () => {}, ...(driver ? { driver } : {}) });
}

type Entry = Partial<Header> & { name: string; content?: string };

async function anArchive(entries: readonly Entry[]): Promise<string> {
  const path = join(base, `${Math.random()}.tar`);
  const tar = pack();
  for (const { content, ...header } of entries) tar.entry({ type: "file", ...header }, content ?? "");
  tar.finalize();
  await pipeline(tar, createWriteStream(path));
  return path;
}

async function aLayer(entries: readonly Entry[], parent?: ChainId): Promise<ChainId> {
  const unpacked = await store.unpack(await anArchive(entries), { expected: {}, signal });
  return (await store.keepLayer(unpacked, parent)).chainId;
}

async function merged(...chainIds: ChainId[]): Promise<string> {
  await store.createRootfs("c1", chainIds);
  return store.mountRootfs("c1");
}

it("keeps owners, set-id bits, times, attributes, links, devices, fifos and names that are not UTF-8", async () => {
  const tree = join(base, "tree");
  await mkdir(join(tree, "dir"), { recursive: true });
  await writeFile(join(tree, "suid"), "x");
  execFileSync("chown", ["1234:5678", join(tree, "suid")]);
  execFileSync("chmod", ["4751", join(tree, "suid")]);
  // cap_setuid, as newuidmap has it: a value that is not text
  const capability = Buffer.from("0100000280000000000000000000000000000000", "hex");
  setXattr(join(tree, "suid"), "security.capability", capability);
  await link(join(tree, "suid"), join(tree, "dir/hard"));
  await symlink("/nowhere/at all", join(tree, "soft"));
  makeNode(join(tree, "null"), nodeTypes.character | 0o666, { major: 1, minor: 3 });
  makeNode(join(tree, "fifo"), nodeTypes.fifo | 0o600, { major: 0, minor: 0 });
  await writeFile(Buffer.concat([Buffer.from(`${tree}/caf`), Buffer.from([0xe9])]), "latin1");
  setTimes(join(tree, "dir"), 0n, 1_234_567_890_123_456_789n);
  const archive = join(base, "tree.tar");
  execFileSync("tar", ["--format=pax", "--xattrs", "--xattrs-include=*", "-C", tree, "-cf", archive, "."]);
  const unpacked = await store.unpack(archive, { expected: {}, signal });
  const root = await merged((await store.keepLayer(unpacked)).chainId);

  const suid = lstatSync(join(root, "suid"));
  expect({ uid: suid.uid, gid: suid.gid, mode: suid.mode & 0o7777 }).toEqual({ uid: 1234, gid: 5678, mode: 0o4751 });
  expect(getXattr(join(root, "suid"), "security.capability")).toEqual(capability);
  expect(statSync(join(root, "dir/hard")).ino).toBe(suid.ino);
  expect(execFileSync("readlink", [join(root, "soft")], { encoding: "utf8" })).toBe("/nowhere/at all\n");
  expect(lstatSync(join(root, "null")).rdev).toBe(lstatSync("/dev/null").rdev);
  expect(lstatSync(join(root, "fifo")).isFIFO()).toBe(true);
  expect(lstatSync(join(root, "dir"), { bigint: true }).mtimeNs).toBe(1_234_567_890_123_456_789n);
  expect((await readdir(root, { encoding: "buffer" })).some((name) => name.includes(0xe9))).toBe(true);
});

it("mounts 127 layers, the upper ones over the lower, below a state root with a long name", async () => {
  await store.close();
  const stateRoot = join(base, "a-state-root-with-a-long-name".repeat(5));
  store = await LayerStore.open({ stateRoot, onDamaged: () => {} });
  const unpacking = Array.from({ length: 127 }, async (_, n) => {
    const archive = await anArchive([{ name: `f${n + 1}` }, { name: "top", content: `${n + 1}` }]);
    return store.unpack(archive, { expected: {}, signal });
  });
  const chain: ChainId[] = [];
  for (const layer of await Promise.all(unpacking)) chain.push((await store.keepLayer(layer, chain.at(-1))).chainId);
  const root = await merged(...chain);
  expect(await readdir(root)).toHaveLength(128);
  expect(await readFile(join(root, "top"), "utf8")).toBe("127");
  await store.removeRootfs("c1");
}, 120_000);

for (const driver of ["overlay2", "vfs"] as const) {
  it(`hides what whiteouts name, and what is below an opaque directory (${driver})`, async () => {
    if (driver === "vfs") {
      await store.close();
      store = await openStore("vfs");
    }
    const lower = await aLayer([{ name: "a/1" }, { name: "a/2" }, { name: "b/1" }, { name: "c/1" }, { name: "d" }]);
    const upper = await aLayer(
      [
        { name: "a/.wh.1" },
        { name: "b/.wh..wh..opq" },
        { name: "b/2" },
        { name: ".wh.c" },
        { name: "c/", type: "directory" },
        { name: "c/2" },
        { name: ".wh.d" },
      ],
      lower,
    );
    const whole = await aLayer([{ name: ".wh..wh..opq" }, { name: "e/1" }], upper);
    const last = await aLayer([{ name: "e/2" }], whole);
    await store.createRootfs("c2", [lower, upper, whole, last]);
    const alone = await store.mountRootfs("c2");
    expect([await readdir(alone), (await readdir(join(alone, "e"))).sort()]).toEqual([["e"], ["1", "2"]]);
    const root = await merged(lower, upper);
    const seen = async (path: string) => (await readdir(join(root, path))).sort();
    expect([await seen("."), await seen("a"), await seen("b"), await seen("c")]).toEqual([
      ["a", "b", "c"],
      ["2"],
      ["2"],
      ["2"],
    ]);
  });
}

it.each([
  ["text", Buffer.from("no archive at all, only some text that is longer than a block".repeat(20))],
  ["a gzip that is cut off", gzipSync(Buffer.alloc(4096)).subarray(0, 15)],
  ["an archive that is cut off", Buffer.from("cut")],
])("refuses %s", async (_what, content) => {
  const archive = join(base, "bad");
  await writeFile(archive, content);
  await expect(store.unpack(archive, { expected: {}, signal })).rejects.toMatchObject({ code: "import-failed" });
});

it("tells a damaged blob by its digest before anything else, and a wrong content by its diff id", async () => {
  const archive = await anArchive([{ name: "f" }]);
  const digest = digestOf(await readFile(archive));
  const wrong = digestOf("something else");
  const unpack = (expected: object) => store.unpack(archive, { expected, signal });
  await expect(unpack({ digest, diffId: wrong })).rejects.toMatchObject({ code: "blob-corrupt" });
  await writeFile(archive, "damaged");
  await expect(unpack({ digest })).rejects.toMatchObject({ code: "blob-corrupt" });
  expect(await readdir(join(base, "state/l"))).toEqual([]);
});

it("keeps what was written through unmount, mount and a new start, and removes it without a trace", async () => {
  const chainId = await aLayer([{ name: "f", content: "1" }]);
  const root = await merged(chainId);
  await writeFile(join(root, "new"), "written");
  await store.unmountRootfs("c1");
  expect(await readdir(root)).toEqual([]);
  await store.close();
  store = await openStore();
  await store.createRootfs("c1", [chainId]);
  expect(await store.mountRootfs("c1")).toBe(root);
  expect(await store.mountRootfs("c1")).toBe(root);
  expect(await readFile(join(root, "new"), "utf8")).toBe("written");
  expect(store.isLayerInUse(chainId)).toBe(true);
  await store.removeRootfs("c1");
  await store.removeRootfs("c1");
  expect(store.isLayerInUse(chainId)).toBe(false);
  expect(await readdir(join(base, "state/rootfs"))).toEqual([]);
  expect(await readFile("/proc/self/mountinfo", "utf8")).not.toContain(base);
});

it("keeps its mounts to itself below a shared mount, and leaves none", async () => {
  await store.close();
  const shared = join(base, "shared");
  await mkdir(shared);
  execFileSync("mount", ["--bind", shared, shared]);
  try {
    execFileSync("mount", ["--make-shared", shared]);
    store = await LayerStore.open({ stateRoot: join(shared, "state"), onDamaged: () => {} });
    const mounts = async () =>
      (await readFile("/proc/self/mountinfo", "utf8")).split("\n").filter((l) => l.includes(base));
    for (const name of ["c1", "c2"]) {
      await store.createRootfs(name, []);
      await store.mountRootfs(name);
    }
    expect((await mounts()).filter((line) => line.includes("shared:"))).toHaveLength(1);
    expect(await mounts()).toHaveLength(4);
    for (const name of ["c1", "c2"]) await store.removeRootfs(name);
    expect(await mounts()).toHaveLength(1);
  } finally {
    execFileSync("umount", [shared]);
  }
});

it("mounts a root file system without any layer", async () => {
  const root = await merged();
  await writeFile(join(root, "x"), "");
  expect(await readdir(root)).toEqual(["x"]);
});

it("deletes at start what a crash left: trees and writable layers without a record", async () => {
  const chainId = await aLayer([{ name: "f" }]);
  await mkdir(join(base, "state/l/ABCDEF/half"), { recursive: true });
  await mkdir(join(base, "state/rootfs/gone/upper"), { recursive: true });
  await store.close();
  store = await openStore();
  expect(await readdir(join(base, "state/l"))).toEqual([store.layer(chainId)?.directory]);
  expect(await readdir(join(base, "state/rootfs"))).toEqual([]);
});

it("keeps what a container has written when the record of its root file system is damaged", async () => {
  const chainId = await aLayer([{ name: "f" }]);
  const root = await merged(chainId);
  await writeFile(join(root, "new"), "written");
  await writeFile(join(base, "state/rootfs-records/c1.json"), "{");
  for (let start = 1; start <= 2; start++) {
    await store.close();
    store = await openStore();
    expect(await readFile(join(root, "new"), "utf8")).toBe("written");
  }
  await store.createRootfs("c1", [chainId]);
  expect(store.isLayerInUse(chainId)).toBe(true);
});

it("stops unpacking when it is cancelled, and unpacks the next one", async () => {
  const archive = await anArchive(
    Array.from({ length: 3000 }, (_, n) => ({ name: `d/${n}`, content: "x".repeat(2000) })),
  );
  const cancel = new AbortController();
  const unpacking = store.unpack(archive, { expected: {}, signal: cancel.signal, onProgress: () => cancel.abort() });
  await expect(unpacking).rejects.toMatchObject({ name: "AbortError" });
  expect(await readdir(join(base, "state/l"))).toEqual([]);
  await aLayer([{ name: "f" }]);
});

it("sets a layer's damaged record aside at start", async () => {
  const chainId = await aLayer([{ name: "f" }]);
  const [record = ""] = await readdir(join(base, "state/layers"));
  await appendFile(join(base, "state/layers", record), "}");
  await store.close();
  store = await openStore();
  expect(store.layer(chainId)).toBeUndefined();
});
