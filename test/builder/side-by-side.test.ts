/** Builds that come to the same image, while others of them take its names away again. */
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "../engine/engine-fixture.js";

const lanes = [0, 1, 2, 3];
const rounds = 15;
let engine: TestEngine;

beforeAll(async () => {
  engine = await startTestEngine();
});
afterAll(() => engine[Symbol.asyncDispose]());

it("gives every build its image, whoever removes the others' names", async () => {
  for (let round = 0; round < rounds; round += 1) {
    const context = await contextOf(`FROM busybox\nENV ROUND=${round}`);
    const buildAndRemove = async (lane: number) => {
      const tag = `round-${round}-lane-${lane}`;
      await build(context, tag);
      const { Config } = await engine.client.images.inspect(tag);
      await engine.client.images.remove(tag, { force: true });
      return Config.Env;
    };
    const environments = await Promise.all(lanes.map(buildAndRemove));
    for (const env of environments) expect(env).toContain(`ROUND=${round}`);
  }
});

async function build(context: Buffer, tag: string): Promise<void> {
  const plain = { noCache: false, pull: false, ulimits: [], extraHosts: [], dockerfile: "Dockerfile" };
  const asked = { ...plain, context: { tar: Readable.from([context]) }, tags: [tag], args: {}, labels: {} };
  for await (const _message of engine.client.builds.build(asked)) {
  }
}

async function contextOf(dockerfile: string): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: "Dockerfile" }, dockerfile);
  tar.finalize();
  return buffer(tar);
}
