import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { aProject } from "../../plan/plan.fixture.js";
import { readConfigs } from "./kept-contents.js";

it("keeps the text of configs that are files or variables, and of others the digest alone", async () => {
  const directory = await mkdtemp(join(tmpdir(), "gantry-configs-"));
  const contents = { text: "a $x\n", binary: Buffer.from([0xff, 0xfe]), nul: "a\0b", large: "x".repeat(500_001) };
  for (const [name, content] of Object.entries(contents)) await writeFile(join(directory, name), content);
  const files = [...Object.keys(contents), "missing"].map((key) => ({ key, file: join(directory, key) }));
  const specs = [...files, { key: "inline", content: "here" }, { key: "variable", environment: "V" }];
  const configs = new Map(specs.map((spec) => [spec.key, { name: spec.key, external: false, ...spec }]));
  const kept = await readConfigs(aProject({}, { configs, environment: { V: "value" } }));
  const digest = expect.stringMatching(/^[0-9a-f]{64}$/);
  expect(kept).toEqual({
    text: { digest, content: "a $x\n" },
    ...{ binary: { digest }, nul: { digest }, large: { digest }, inline: { digest } },
    variable: { digest, content: "value" },
  });
  await rm(directory, { recursive: true });
});
