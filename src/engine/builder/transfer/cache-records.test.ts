import { expect, it } from "vitest";
import type { LayerPart } from "../../images/images.js";
import { cacheField, decodeSteps, encodeSteps } from "./cache-records.js";

const digest = (letter: string) => `sha256:${letter.repeat(64)}` as const;
const key = (letter: string) => letter.repeat(64);
const layer = (diff: string, chain: string): LayerPart => ({
  ...{ mediaType: "m", digest: digest(diff), size: 1, diffId: digest(diff), chainId: digest(chain) },
});
const times = { createdAt: "t", lastUsedAt: "t", uses: 1, sizeBytes: 3 };
const files = { key: key("1"), description: "COPY", ...times, layer: layer("a", "b") };
const note = { key: key("2"), description: "LABEL", ...times };

it("gives back what it was given, with the layer as the other image has it", () => {
  const encoded = encodeSteps([{ step: files, parent: digest("c") }, { step: note }], [layer("a", "b")]);
  const packed = { ...layer("a", "x"), digest: digest("f"), size: 9 };
  expect(decodeSteps(JSON.parse(JSON.stringify(encoded)), [packed])).toEqual([
    {
      ...{ key: key("1"), description: "COPY", createdAt: "t", sizeBytes: 3, parent: digest("c") },
      layer: { ...packed, chainId: digest("b") },
    },
    { key: key("2"), description: "LABEL", createdAt: "t", sizeBytes: 3 },
  ]);
});

it("leaves out steps whose layers are elsewhere, and tells each once", () => {
  const encoded = encodeSteps([{ step: files }, { step: note }, { step: note }], []);
  expect(encoded).toMatchObject({ [cacheField]: { steps: [{ key: key("2") }] } });
});

it("reads nothing out of what is no such field", () => {
  for (const config of [null, {}, { [cacheField]: { version: 2, steps: [] } }, { [cacheField]: [] }]) {
    expect(decodeSteps(config, [])).toEqual([]);
  }
  const broken = [
    {},
    { key: "x" },
    { ...note, layer: digest("9") },
    { ...note, layer: 1 },
    { ...note, key: "../../x" },
  ];
  expect(decodeSteps({ [cacheField]: { version: 1, steps: broken } }, [])).toEqual([]);
});
