/**
 * Properties of any model: printed and read again it is the same, an empty file changes nothing, and every value of it
 * stands where its source says.
 */
import { expect, it, vi } from "vitest";
import { lines, projectOf } from "../compose.fixture.js";
import { printYaml } from "../load/print-yaml.js";
import { sourceOf } from "../source-of.js";
import { aModel } from "./any-model.fixture.js";
import { projectToConfig } from "./project-to-config.js";

vi.setConfig({ testTimeout: 60_000 });
const seeds = Array.from({ length: 100 }, (_, at) => at + 1);

/** The canonical model of some texts; a diagnostic here is a fault of the generator. */
function load(texts: readonly string[], seed: number) {
  const { project, diagnostics } = projectOf(texts);
  const told = lines(diagnostics).filter((line) => !/no-effect|not-supported|duplicate-port/.test(line));
  expect(told, `seed ${seed}: ${texts.join("\n---\n")}`).toEqual([]);
  return { project, config: projectToConfig(project) };
}

it("load, print as YAML or JSON, load: the same model", () => {
  for (const seed of seeds) {
    const { config } = load([printYaml(aModel(seed))], seed);
    expect(load([printYaml(config)], seed).config, `seed ${seed} as YAML`).toEqual(config);
    expect(load([JSON.stringify(config)], seed).config, `seed ${seed} as JSON`).toEqual(config);
  }
});

it("merging with an empty file, before or after, changes nothing", () => {
  for (const seed of seeds) {
    const text = printYaml(aModel(seed));
    const { config } = load([text], seed);
    for (const empty of ["{}", "services: {}", "services: {}\nnetworks: {}\nvolumes:\n"]) {
      expect(load([text, empty], seed).config, `seed ${seed}, ${empty} after`).toEqual(config);
      expect(load([empty, text], seed).config, `seed ${seed}, ${empty} before`).toEqual(config);
    }
  }
});

it("every leaf of the canonical model has a source, and its text there is the leaf", () => {
  for (const seed of seeds) {
    const { config } = load([printYaml(aModel(seed))], seed);
    const text = JSON.stringify(config, null, 1);
    const { project, config: again } = load([text], seed);
    const rows = text.split("\n");
    const wrong = leavesOf(again, "").flatMap(([path, leaf]) => {
      const source = sourceOf(project, path);
      const there = rows[(source?.line ?? 0) - 1]?.slice((source?.column ?? 1) - 1).replace(/,$/, "");
      return there === JSON.stringify(leaf) ? [] : [`${path}: ${JSON.stringify(leaf)}, but there is ${there}`];
    });
    expect(wrong, `seed ${seed}: ${text}`).toEqual([]);
  }
});

function leavesOf(value: unknown, path: string): Array<readonly [path: string, leaf: unknown]> {
  if (Array.isArray(value)) return value.flatMap((item, at) => leavesOf(item, `${path}[${at}]`));
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, member]) => leavesOf(member, path === "" ? key : `${path}.${key}`));
}
