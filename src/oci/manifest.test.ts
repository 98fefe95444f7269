import { expect, it } from "vitest";
import { chainIdsOf, digestOf } from "./digest.js";
import { chooseManifest, parseManifest } from "./manifest.js";
import { parsePlatform, platformOfMachine } from "./platform.js";

const machine = platformOfMachine("x64");

function anIndex(...platforms: string[]) {
  const manifests = platforms.map((text) => {
    const [os, architecture, variant] = text.split("/");
    return { mediaType: "m", digest: digestOf(text), size: 1, platform: { os, architecture, variant } };
  });
  const parsed = parseManifest(JSON.stringify({ schemaVersion: 2, manifests }));
  if (parsed.kind !== "index") throw new Error("not an index");
  return parsed;
}

it.each([
  ["linux/amd64", ["linux/arm64/v8", "linux/amd64"], "linux/amd64"],
  ["linux/arm64", ["linux/amd64", "linux/arm64/v8"], "linux/arm64/v8"],
  ["linux/arm64/v8", ["linux/arm64"], "linux/arm64"],
  ["linux/arm/v7", ["linux/arm/v6", "linux/arm/v5"], "linux/arm/v6"],
  ["linux", ["unknown/unknown", "linux/amd64"], "linux/amd64"],
  ["aarch64", ["linux/arm64"], "linux/arm64"],
])("for %s of %j takes %s", (wanted, offered, chosen) => {
  const manifest = chooseManifest(anIndex(...offered), parsePlatform(wanted, machine), "app:1");
  expect(manifest.digest).toBe(digestOf(chosen));
});

it("never takes a higher variant, and says which platform is missing", () => {
  const choose = () => chooseManifest(anIndex("linux/arm/v7"), parsePlatform("linux/arm/v6", machine), "app:1");
  expect(choose).toThrow("no matching manifest for linux/arm/v6 in the manifest list entries of app:1");
});

it("decides by the content whether it is an index or an image", () => {
  const blob = { mediaType: "m", digest: digestOf("x"), size: 2 };
  expect(parseManifest(JSON.stringify({ schemaVersion: 2, config: blob, layers: [blob] }))).toMatchObject({
    kind: "image",
    layers: [{ digest: blob.digest, sizeBytes: 2 }],
  });
});

it.each([
  ["not JSON", "<html>"],
  ["schema 1", JSON.stringify({ schemaVersion: 1 })],
  ["a digest that is a path", JSON.stringify({ schemaVersion: 2, manifests: [{ digest: "sha256:../../x", size: 1 }] })],
  ["neither layers nor manifests", JSON.stringify({ schemaVersion: 2 })],
])("refuses a manifest with %s", (_what, text) => {
  expect(() => parseManifest(text)).toThrow(expect.objectContaining({ code: "registry-failed" }));
});

it("chains diff ids as the specification says", () => {
  const [a, b] = [digestOf("a"), digestOf("b")];
  expect(chainIdsOf([a, b])).toEqual([a, digestOf(`${a} ${b}`)]);
  expect(chainIdsOf([])).toEqual([]);
});

const blob = { mediaType: "m", digest: digestOf("x"), size: 1 };
it.each([
  ["both an image and an index", { layers: [], config: blob, manifests: [blob] }],
  ["an index that has a configuration", { config: blob, manifests: [] }],
  ["neither", {}],
  ["a blob of a size that is none", { config: { ...blob, size: 1.5 }, layers: [] }],
  ["a blob of a size beyond counting", { config: { ...blob, size: 1e300 }, layers: [] }],
  ["a blob of another digest", { config: { ...blob, digest: "sha256:../../etc/passwd" }, layers: [] }],
  ["128 layers", { config: blob, layers: Array.from({ length: 128 }, () => blob) }],
  ["a layer that is none", { config: blob, layers: [null] }],
])("refuses what is %s", (_what, manifest) => {
  const text = JSON.stringify({ schemaVersion: 2, ...manifest });
  expect(() => parseManifest(text)).toThrow(expect.objectContaining({ code: "registry-failed" }));
});

it("reads what nests deeply without running out of stack", () => {
  expect(() => parseManifest(`{"schemaVersion":2,"x":${"[".repeat(1_000_000)}`)).toThrow("not JSON");
});

it("names a few platforms of an index that offers thousands, without their control characters", () => {
  const index = anIndex(...Array.from({ length: 1000 }, (_, n) => `linux/\u001b[2Jcpu${n}`));
  const refusal = (() => {
    try {
      return chooseManifest(index, machine, "x");
    } catch (error) {
      return error;
    }
  })() as { hint: string };
  expect(refusal.hint).toMatch(/linux\/\[2Jcpu29, 970 more$/);
});
