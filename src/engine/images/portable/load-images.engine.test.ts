/** Archives of images that say one thing and hold another. */
import { execFileSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../../../base/clock.js";
import { digestOf } from "../../../oci/digest.js";
import { createRegistryClient } from "../../../registry/registry-client.js";
import { noRegistryConfig } from "../../../registry/registry-config.js";
import { LayerStore } from "../../layers/layer-store.js";
import { ImageStore } from "../image-store.js";

const { signal } = new AbortController();
let base: string;
let layers: LayerStore;
let images: ImageStore;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "gantry-load-"));
  const stateRoot = join(base, "state");
  layers = await LayerStore.open({ stateRoot, onDamaged: () => {} });
  const registry = createRegistryClient({ config: noRegistryConfig, clock: systemClock });
  images = await ImageStore.open({ stateRoot, layers, registry, clock: systemClock, onDamaged: () => {} });
});
afterAll(async () => {
  await layers.close();
  await rm(base, { recursive: true, force: true });
});

async function aTar(files: Record<string, string | Buffer | { link: string }>): Promise<Buffer> {
  const tree = await mkdtemp(join(base, "tree-"));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(tree, dirname(name)), { recursive: true });
    if (typeof content === "object" && "link" in content) await symlink(content.link, join(tree, name));
    else await writeFile(join(tree, name), content);
  }
  return execFileSync("tar", ["-C", tree, "-c", "."], { maxBuffer: 1 << 28 });
}

async function load(files: Parameters<typeof aTar>[0]): Promise<string[]> {
  const archive = join(base, "archive.tar");
  await writeFile(archive, await aTar(files));
  return (await images.load(createReadStream(archive), signal)).flatMap(({ tags }) => tags);
}

/** How much is stored: what is refused adds nothing. */
const stored = () => ({ images: images.list({}).length, layers: layers.layers().length });

const configOf = (...tars: Buffer[]) =>
  JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { diff_ids: tars.map((tar) => digestOf(tar)) } });
const blob = (content: Buffer | string) => `blobs/sha256/${digestOf(content).slice(7)}`;

/** An OCI layout of one image; `change` replaces files by path before it is packed. */
function aLayout(layer: Buffer, { annotations = {}, config = configOf(layer) } = {}) {
  const of = (content: Buffer | string) => ({ mediaType: "m", digest: digestOf(content), size: content.length });
  const manifest = JSON.stringify({ schemaVersion: 2, config: of(config), layers: [of(layer)] });
  const index = JSON.stringify({ schemaVersion: 2, manifests: [{ ...of(manifest), annotations }] });
  return { "index.json": index, [blob(manifest)]: manifest, [blob(config)]: config, [blob(layer)]: layer };
}

const docker = (layer: Buffer, RepoTags: string[] = []) => ({
  "manifest.json": JSON.stringify([{ Config: "config.json", RepoTags, Layers: ["layer.tar"] }]),
  ...{ "config.json": configOf(layer), "layer.tar": layer },
});

it("gives no image a name with a digest: that is what only a registry can promise", async () => {
  const layer = await aTar({ f: "evil" });
  const pinned = `debian@sha256:${"a".repeat(64)}`;
  for (const name of [pinned, `debian:12${pinned.slice(6)}`]) {
    await expect(load(docker(layer, [name]))).rejects.toMatchObject({ code: "import-failed" });
    const annotations = { "org.opencontainers.image.ref.name": name };
    await expect(load(aLayout(layer, { annotations }))).rejects.toMatchObject({ code: "import-failed" });
  }
  expect(() => images.resolve(pinned)).toThrow("No such image");
  expect(await load(docker(layer, ["debian:12"]))).toEqual(["debian:12"]);
});

it("refuses blobs of a layout that have another digest than their name", async () => {
  const [layer, other] = [await aTar({ f: "1" }), await aTar({ f: "2" })];
  const before = stored();
  const whole = aLayout(layer);
  const changes = [
    { [blob(configOf(layer))]: configOf(other) },
    { [blob(configOf(layer))]: configOf(layer).replace("{", "{ ") },
    { [blob(layer)]: other },
  ];
  for (const change of changes) {
    await expect(load({ ...whole, ...change })).rejects.toMatchObject({ code: "blob-corrupt" });
  }
  expect(stored()).toEqual(before);
});

it("does not take other content for a layer that it knows", async () => {
  const [layer, other] = [await aTar({ f: "known" }), await aTar({ f: "other" })];
  await load(docker(layer, ["good:1"]));
  await expect(load({ ...docker(layer, ["evil:1"]), "layer.tar": other })).rejects.toMatchObject({
    code: "blob-corrupt",
  });
  expect(await load(docker(layer, ["again:1"]))).toEqual(["again:1"]);
});

it.each<[string, object]>([
  ["a layer elsewhere", { "layer.tar": { link: "/etc/passwd" } }],
  ["a layer that is a directory", { "layer.tar/x": "" }],
  ["a configuration elsewhere", { "config.json": { link: "../../../../etc/passwd" } }],
  ["a list of images elsewhere", { "manifest.json": { link: "/etc/passwd" } }],
  ["a list that names a file above", { "manifest.json": '[{"Config":"../../etc/passwd","Layers":[]}]' }],
  ["a list that is none", { "manifest.json": '"x"' }],
  ["names that are none", { "manifest.json": '[{"Config":"config.json","Layers":["layer.tar"],"RepoTags":["A B"]}]' }],
])("refuses an archive with %s", async (_what, change) => {
  const before = images.list({}).length;
  const files: Record<string, string | Buffer | { link: string }> = docker(await aTar({ f: "1" }));
  for (const path of Object.keys(change)) delete files[path.split("/")[0] ?? ""];
  await expect(load({ ...files, ...change })).rejects.toMatchObject({
    code: expect.stringMatching(/import-failed|bad-parameter|registry-failed/),
  });
  expect(images.list({})).toHaveLength(before);
});
