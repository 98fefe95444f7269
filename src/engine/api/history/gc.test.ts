/** What `gc` and a prune of images take, over rooms that are plain values. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { aDraft } from "../../../history/generation.fixture.js";
import { GenerationFiles } from "../../../history/generation-files.js";
import type { TrashedVolume } from "../../../wire/history.js";
import type { ImageSummary } from "../../../wire/image.js";
import { openTestApi, type TestApi } from "../api.fixture.js";

let directory: string;
let api: TestApi;
let removed: string[];
let isThere: boolean;

const old: TrashedVolume = {
  ...{ id: "1", name: "data", project: "shop", generation: 1, labels: {}, sizeBytes: 7 },
  ...{ trashedAt: "2026-01-01T00:00:00Z", expiresAt: "2026-01-02T00:00:00Z" },
};
const young = { ...old, id: "2", name: "logs" };
/** Without a name of their own. */
const dangling = ["held", "loose"].map((Id) => ({ Id, RepoTags: [], Size: 5, Created: 0, Labels: {} }));

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "gantry-gc-"));
  removed = [];
  isThere = true;
  const history = new GenerationFiles({
    ...{ directory, now: () => new Date(), isAtWork: () => false },
    onDamaged: ({ path }) => removed.push(path),
  });
  for (let n = 0; n < 3; n++) {
    const number = await history.begin(aDraft());
    const images = { web: { name: "web", id: "held" } };
    await history.end("shop", number, { outcome: "succeeded", images: n === 0 ? images : {}, replicas: {} });
  }
  api = await openTestApi({
    history,
    trash: {
      list: () => [young, old],
      expired: () => [old],
      purge: async (id) => void removed.push(`volume ${id}`),
    },
    containers: { list: () => (isThere ? [{}] : []) as never, usersOf: () => [], usedImages: () => new Set() },
    networks: { list: () => [] },
    volumes: { list: () => [] },
    events: { publish: () => {} },
    images: {
      list: () => dangling as unknown as ImageSummary[], // a prune reads no more
      layersOf: () => [],
      remove: async (id) => {
        removed.push(`image ${id}`);
        return [{ Deleted: id }];
      },
      findGarbage: async () => ({ count: 2, sizeBytes: 3 }),
      collectGarbage: async () => {
        removed.push("garbage");
        return 3;
      },
    },
  });
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

it("gc takes what has expired, generations beyond those to keep, and images that nothing holds", async () => {
  const found = await api.client.trash.collect({ Keep: 3 });
  expect(found).toMatchObject({ volumes: [{ id: "1" }], generations: [], images: [{ id: "loose", sizeBytes: 5 }] });
  expect(found.leftovers).toEqual({ count: 2, sizeBytes: 3 });
  expect(removed).toEqual(["volume 1", "image loose", "garbage"]);
});

it("gc takes an image along with the last generation that held it", async () => {
  const { generations, images } = await api.client.trash.collect({ Keep: 2 });
  expect(generations.map(({ number }) => number)).toEqual([1]);
  expect(images.map(({ id }) => id)).toEqual(["held", "loose"]);
  expect((await api.client.history.list("shop")).map(({ number }) => number)).toEqual([2, 3]);
});

it("a dry run finds the same and takes nothing", async () => {
  const { generations, images, volumes } = await api.client.trash.collect({ DryRun: true, All: true });
  expect([generations.length, images.length, volumes.length]).toEqual([2, 2, 2]);
  expect(removed).toEqual([]);
  expect(await api.client.history.list("shop")).toHaveLength(3);
});

it("gc of all forgets projects of which nothing is left, and their trash with them", async () => {
  isThere = false;
  await api.client.trash.collect({ All: true });
  expect(await api.client.history.list("shop")).toEqual([]);
  expect(removed.slice(0, 2)).toEqual(["volume 2", "volume 1"]);
});

it("a prune leaves images that a rollback may need, unless it takes all that nobody uses", async () => {
  await api.client.upkeep.prune("images", {});
  expect(removed).not.toContain("image held");
  await api.client.upkeep.prune("images", { dangling: ["false"] });
  expect(removed).toContain("image held");
});
