/** What archives try: to write elsewhere, to mean something else than they show, to cost more than they weigh. */
import { lstatSync, readdirSync, statSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { getXattr } from "../kernel/mount.js";
import type { TarEntry } from "./archive/tar-header.js";
import { LayerStore } from "./layer-store.js";
import { encodeEntry, endOfArchive, paddingOf } from "./trees/tar-encode.js";

const signal = new AbortController().signal;
let base: string;
let store: LayerStore;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "gantry-hostile-"));
  store = await LayerStore.open({ stateRoot: join(base, "state"), onDamaged: () => {} });
});
afterEach(() => store.removeRootfs("c1"));
afterAll(async () => {
  await store.close();
  await rm(base, { recursive: true, force: true });
});

type Entry = Partial<Omit<TarEntry, "xattrs">> & { name: string; content?: string; xattrs?: Record<string, string> };

function anEntry({ content = "", xattrs = {}, ...entry }: Entry): Buffer {
  const header: TarEntry = {
    ...{ type: "file", linkName: "", mode: 0o755, uid: 0, gid: 0, sizeBytes: content.length, modifiedNanos: 0n },
    device: { major: 0, minor: 0 },
    ...entry,
    xattrs: new Map(Object.entries(xattrs).map(([name, value]) => [name, Buffer.from(value)])),
  };
  return Buffer.concat([encodeEntry(header), Buffer.from(content), paddingOf(content.length)]);
}

const link = (name: string, linkName: string): Entry => ({ name, type: "symlink", linkName });
const hard = (name: string, linkName: string): Entry => ({ name, type: "hardlink", linkName });
const directory = (name: string): Entry => ({ name, type: "directory" });

/** A header of another type than the encoder writes, such as a PAX header with these records. */
function special(flag: string, content: string): Buffer {
  const block = Buffer.from(anEntry({ name: "note", content }));
  block.write(flag, 156, "latin1");
  block.write("        ", 148, "latin1");
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function pax(records: Record<string, string>): string {
  return Object.entries(records)
    .map(([key, value]) => {
      const rest = Buffer.byteLength(` ${key}=${value}\n`);
      const digits = [1, 2, 3, 4].find((n) => String(rest + n).length === n) ?? 0;
      return `${rest + digits} ${key}=${value}\n`;
    })
    .join("");
}

async function unpack(pieces: ReadonlyArray<Entry | Buffer>, pack = (tar: Buffer) => tar) {
  const archive = join(base, "archive");
  const parts = pieces.map((piece) => (Buffer.isBuffer(piece) ? piece : anEntry(piece)));
  await writeFile(archive, pack(Buffer.concat([...parts, endOfArchive])));
  return store.unpack(archive, { expected: {}, signal });
}

/** The unpacked tree as containers see it. */
async function tree(pieces: ReadonlyArray<Entry | Buffer>): Promise<string> {
  const { chainId } = await store.keepLayer(await unpack(pieces));
  await store.createRootfs("c1", [chainId]);
  return store.mountRootfs("c1");
}

const outside = "/tmp/gantry-hostile-target";
const up = "../../../../../../..";

it.each<[string, Array<Entry | Buffer>]>([
  ["a name with ..", [{ name: `${up}${outside}/x` }]],
  ["a name with .. behind a slash", [{ name: `/${up}${outside}/x` }]],
  ["a long name with .. in a header of its own", [special("L", `${"a/".repeat(60)}${up}${outside}\0`), { name: "x" }]],
  ["a PAX header that leads elsewhere", [special("x", pax({ path: `${up}${outside}/x` })), { name: "x" }]],
  ["a file below a link", [link("l", outside), { name: "l/x" }]],
  ["a file below a link deep in the tree", [directory("a/b"), link("a/b/l", up), { name: "a/b/l/tmp/x" }]],
  ["a file below a link to a link", [link("l", "m"), link("m", outside), { name: "l/x" }]],
  ["a directory below a link", [link("l", "/tmp"), directory("l/gantry-hostile-target")]],
  ["a whiteout below a link", [link("l", "/etc"), { name: "l/.wh.passwd" }]],
  ["an opaque mark below a link", [link("l", "/etc"), { name: "l/.wh..wh..opq" }]],
  ["a file below a file", [{ name: "f" }, { name: "f/x" }]],
  ["a file below a device", [{ name: "d", type: "character" }, { name: "d/x" }]],
  ["a hard link out of the layer", [hard("h", `${up}/etc/passwd`)]],
  ["a hard link through a link", [link("l", "/etc"), hard("h", "l/passwd")]],
  ["a hard link to nothing", [hard("h", "etc/passwd")]],
  ["a hard link to itself", [{ name: "h" }, hard("h", "h")]],
  ["a hard link to a directory", [directory("d"), hard("h", "d")]],
  ["a link by PAX to nothing", [special("x", pax({ linkpath: "\0" })), link("l", "x")]],
  ["a link with a name that no file system takes", [link("l", "x".repeat(5000))]],
  ["a whiteout of ..", [{ name: "a/.wh..." }]],
  ["a whiteout as a directory", [{ name: ".wh.a/x" }]],
  ["the layer's root as a file", [{ name: "./" }, { name: "." }]],
  ["a name of 256 bytes", [{ name: "n".repeat(256) }]],
  ["a name with a NUL", [special("x", pax({ path: "a\0b" })), { name: "x" }]],
  ["an owner that no system has", [{ name: "f", uid: 2 ** 33 }]],
  ["a sparse file of GNU's first form", [special("x", pax({ "GNU.sparse.size": "99" })), { name: "f" }]],
  ["a size that is none", [special("x", pax({ size: "99999999999999999" })), { name: "f" }]],
  ["a size beyond the archive", [special("x", pax({ size: "4096" })), { name: "f", content: "short" }]],
  ["an extended header of 5 MB", [special("x", pax({ comment: "c".repeat(5 << 20) })), { name: "f" }]],
])("refuses %s, and leaves nothing", async (_what, pieces) => {
  await expect(unpack(pieces)).rejects.toMatchObject({ code: "import-failed" });
  expect(readdirSync(join(base, "state/l"))).toEqual([]);
  expect(lstatSync(outside, { throwIfNoEntry: false })).toBeUndefined();
});

it("replaces a link by a later file or directory of the same name instead of writing through it", async () => {
  const victim = join(base, "victim");
  await writeFile(victim, "untouched");
  const root = await tree([
    link("f", victim),
    { name: "f", content: "new" },
    link("d", base),
    directory("d"),
    { name: "d/x" },
  ]);
  expect([await readFile(join(root, "f"), "utf8"), await readFile(victim, "utf8")]).toEqual(["new", "untouched"]);
  expect(await readdir(join(root, "d"))).toEqual(["x"]);
  expect(await readdir(base)).not.toContain("x");
});

it("takes a name with a slash at its beginning from the layer's root", async () => {
  expect(await readFile(join(await tree([{ name: "/ko-app/run", content: "x" }]), "ko-app/run"), "utf8")).toBe("x");
});

it("keeps set-id bits and attributes, but none that overlay or the host's policy reads", async () => {
  const overlay = { "trusted.overlay.opaque": "y", "trusted.overlay.redirect": "/etc", "user.overlay.origin": "x" };
  const { directory: name } = await unpack([
    { name: "f", mode: 0o4755, xattrs: { "user.mine": "kept", "security.selinux": "system_u:object_r:etc_t:s0" } },
    { name: "d", type: "directory", xattrs: overlay },
    { ...link("l", "f"), xattrs: { "user.none": "a link can have none" } },
  ]);
  const seen = (path: string, attribute: string) => getXattr(join(base, "state/l", name, path), attribute)?.toString();
  expect(statSync(join(base, "state/l", name, "f")).mode & 0o7777).toBe(0o4755);
  expect([seen("f", "user.mine"), seen("f", "security.selinux")]).toEqual(["kept", undefined]);
  expect(Object.keys(overlay).map((attribute) => seen("d", attribute))).toEqual([undefined, undefined, undefined]);
});

it("reads the same entries as Docker where readers differ", async () => {
  const smuggled = anEntry({ name: "smuggled" }).toString("latin1");
  const root = await tree([
    special("g", pax({ path: "renamed-by-a-global-header", size: "512" })),
    { name: "a", content: "a" },
    special("x", pax({ path: "lost" })),
    special("x", pax({ path: "last-counts" })),
    { name: "b" },
    { name: "directory/", content: smuggled },
    { name: "link", type: "symlink", linkName: "a", sizeBytes: 512 },
    { name: "c" },
  ]);
  expect((await readdir(root)).sort()).toEqual(["a", "c", "directory", "last-counts", "link"]);
  expect(await readdir(join(root, "directory"))).toEqual([]);
});

it("unpacks layers of several zstd frames as a whole", async () => {
  const half = (tar: Buffer, from: number, to?: number) => zstdCompressSync(tar.subarray(from, to));
  const files = [
    { name: "a", content: "a".repeat(1000) },
    { name: "b", content: "b" },
  ];
  const { directory: name, compression } = await unpack(files, (tar) =>
    Buffer.concat([half(tar, 0, 700), half(tar, 700)]),
  );
  expect(compression).toBe("zstd");
  expect((await readdir(join(base, "state/l", name))).sort()).toEqual(["a", "b"]);
});
