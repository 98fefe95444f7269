/** What a history in files keeps, and what becomes of it when its makers and its files come to harm. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aDraft } from "./generation.fixture.js";
import { GenerationFiles } from "./generation-files.js";
import { tooMany } from "./limits.js";

let directory = "";
let damaged: string[] = [];
let isAtWork = true;
let second = 0;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "gantry-history-"));
  damaged = [];
  isAtWork = true;
  second = 0;
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function open(limits = { count: 50, sizeBytes: 1_000_000 }): GenerationFiles {
  return new GenerationFiles({
    directory: join(directory, "history"),
    now: () => new Date(Date.UTC(2026, 0, 1, 0, 0, second++)),
    isAtWork: () => isAtWork,
    onDamaged: ({ path }) => damaged.push(path),
    limits,
  });
}

const succeeded = { outcome: "succeeded", images: {}, replicas: { web: 1 } } as const;

describe("a history in files", () => {
  it("tells a change from its beginning to its end", async () => {
    const history = open();
    expect(await history.list("shop")).toEqual([]);
    const number = await history.begin(aDraft());
    expect(number).toBe(1);
    expect(await history.list("shop")).toMatchObject([
      { number: 1, command: "up", outcome: "applying", startedAt: "2026-01-01T00:00:00.000Z", hasModel: true },
    ]);
    const web = { name: "nginx", id: "sha256:1", digest: "docker.io/library/nginx@sha256:2" };
    await history.end("shop", number, { ...succeeded, images: { web } });
    expect(await open().get("shop", 1)).toMatchObject({
      ...{ outcome: "succeeded", endedAt: "2026-01-01T00:00:01.000Z", images: { web }, replicas: { web: 1 } },
      model: { services: { web: { image: "nginx" } } },
    });
    expect(Object.keys((await history.list("shop"))[0] ?? {})).not.toContain("model");
  });

  it("tells a change whose maker is gone as interrupted, and takes its end should it come after all", async () => {
    const history = open();
    const number = await history.begin(aDraft());
    isAtWork = false;
    expect(await history.list("shop")).toMatchObject([{ outcome: "interrupted" }]);
    isAtWork = true;
    await history.begin(aDraft());
    expect(await history.list("shop")).toMatchObject([{ outcome: "interrupted" }, { outcome: "applying" }]);
    await history.end("shop", number, succeeded);
    expect((await history.get("shop", number)).outcome).toBe("succeeded");
  });

  it("gives every one of many changes at once its own number", async () => {
    const history = open();
    const numbers = await Promise.all(Array.from({ length: 8 }, () => history.begin(aDraft())));
    expect(numbers.sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await readdir(join(directory, "history/shop"))).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("keeps projects apart, and refuses names that could leave the directory", async () => {
    const history = open();
    await history.begin(aDraft());
    await history.begin(aDraft({ project: "blog" }));
    await mkdir(join(directory, "history", "Not a project"));
    expect(await history.projects()).toEqual(["blog", "shop"]);
    expect(await history.list("blog")).toHaveLength(1);
    for (const name of ["../shop", "", ".", "a/b", "Shop", "x".repeat(201)]) {
      await expect(history.list(name)).rejects.toMatchObject({ code: "bad-parameter" });
      await expect(history.begin(aDraft({ project: name }))).rejects.toMatchObject({ code: "bad-parameter" });
    }
  });

  it("lets the oldest go when there are too many, and never gives a number twice", async () => {
    const history = open({ count: 3, sizeBytes: 1_000_000 });
    for (let n = 0; n < 5; n++) await history.begin(aDraft());
    expect((await history.list("shop")).map(({ number }) => number)).toEqual([3, 4, 5]);
    expect(await history.begin(aDraft())).toBe(6);
    await history.drop("shop", [4, 5, 6]);
    expect(await history.projects()).toEqual([]);
  });

  it("keeps a model that is too large out, and the change in", async () => {
    const history = open();
    await history.begin(aDraft({ model: { name: "shop", "x-blob": "x".repeat(1024 * 1024) } }));
    expect(await history.list("shop")).toMatchObject([{ number: 1, hasModel: false }]);
  });

  it("sets aside what is damaged, says so, and works on", async () => {
    const history = open();
    for (let n = 0; n < 4; n++) await history.begin(aDraft());
    const path = (n: number) => join(directory, `history/shop/${n}.json`);
    await writeFile(path(1), "{ torn");
    await writeFile(path(2), (await readFile(path(2), "utf8")).replace('"command":"up"', '"command":"sing"'));
    await writeFile(path(3), (await readFile(path(3), "utf8")).replace('"schema":1', '"schema":2'));
    expect((await history.list("shop")).map(({ number }) => number)).toEqual([4]);
    expect(damaged.sort()).toEqual([1, 2, 3].map((n) => `${path(n)}.damaged-1`));
    await expect(history.get("shop", 1)).rejects.toMatchObject({ code: "generation-not-found" });
    expect(await history.begin(aDraft())).toBe(5);
  });

  it("is its owner's alone to read", async () => {
    await open().begin(aDraft());
    expect((await stat(join(directory, "history/shop"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, "history/shop/1.json"))).mode & 0o777).toBe(0o600);
  });

  it("refuses what is no change", async () => {
    const history = open();
    const wrong = { ...aDraft(), removed: [{ service: "web", number: -1, wasUp: true, volumes: [] }] };
    await expect(history.begin(wrong)).rejects.toThrow("removed[0].number is not a whole number");
    await expect(history.end("shop", 1, succeeded)).rejects.toMatchObject({ code: "generation-not-found" });
  });
});

describe("the limits of a history", () => {
  const sizes = [1, 2, 3, 4].map((number) => ({ number, sizeBytes: 10 }));
  it.each([
    [{ count: 4, sizeBytes: 40 }, []],
    [{ count: 2, sizeBytes: 40 }, [2, 1]],
    [{ count: 4, sizeBytes: 25 }, [2, 1]],
    [{ count: 0, sizeBytes: 0 }, [3, 2, 1]],
  ])("%j let the oldest go: %j", (limits, gone) => {
    expect(tooMany(sizes, limits)).toEqual(gone);
  });
});
