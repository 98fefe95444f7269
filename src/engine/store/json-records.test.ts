import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type DamagedRecord, expectRecord, JsonRecords } from "./json-records.js";

let directory: string;
let damaged: DamagedRecord[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "gantry-records-"));
  damaged = [];
});
afterEach(() => rm(directory, { recursive: true, force: true }));

interface Thing {
  readonly size: number;
}

function open(schema = 2): Promise<JsonRecords<Thing>> {
  return JsonRecords.open<Thing>({
    directory,
    schema,
    parse(value) {
      const { size } = expectRecord(value, "a thing");
      if (typeof size !== "number") throw new Error("its size is wrong");
      return { size };
    },
    migrate: (value) => ({ size: Number(value) }),
    onDamaged: (record) => damaged.push(record),
  });
}

it("finds after a restart what was set, whatever the key", async () => {
  const keys = ["plain", "docker.io/library/x:1", "..", "x".repeat(300), "ü/../../etc"];
  const before = await open();
  await Promise.all(keys.map((key, at) => before.set(key, { size: at })));
  const after = await open();
  expect(after.entries()).toEqual(before.entries());
  expect(keys.map((key) => after.get(key)?.size)).toEqual([0, 1, 2, 3, 4]);
});

it("keeps the order of changes to one key", async () => {
  const records = await open();
  await Promise.all([records.set("a", { size: 1 }), records.remove("a"), records.set("a", { size: 2 })]);
  expect((await open()).get("a")).toEqual({ size: 2 });
  await records.remove("a");
  await records.remove("a");
  expect((await open()).values()).toEqual([]);
  expect(await readdir(directory)).toEqual([]);
});

it("sets damaged records aside, says why, and goes on with the others", async () => {
  await (await open()).set("good", { size: 1 });
  await writeFile(join(directory, "torn.json"), '{"schema":2,"key":"torn","val');
  await writeFile(join(directory, "typed.json"), '{"schema":2,"key":"typed","value":{"size":"big"}}');
  await writeFile(join(directory, "moved.json"), '{"schema":2,"key":"other","value":{"size":1}}');
  await writeFile(join(directory, "future.json"), '{"schema":3,"key":"future","value":{"size":1}}');
  const records = await open();
  expect(records.entries()).toEqual([["good", { size: 1 }]]);
  expect(damaged.map(({ path }) => path.slice(directory.length + 1)).sort()).toEqual([
    "future.json.damaged-1",
    "moved.json.damaged-1",
    "torn.json.damaged-1",
    "typed.json.damaged-1",
  ]);
  expect(damaged.map(({ reason }) => reason)).toContain("it has schema 3, this is 2");
  await writeFile(join(directory, "torn.json"), "");
  await open();
  expect(await readdir(directory)).toContain("torn.json.damaged-2");
});

it("lifts records of an older schema, and deletes what a crash left half written", async () => {
  await writeFile(join(directory, "old.json"), '{"schema":1,"key":"old","value":"7"}');
  await writeFile(join(directory, ".tmp-1-1"), "half");
  expect((await open()).get("old")).toEqual({ size: 7 });
  expect(await readdir(directory)).toEqual(["old.json"]);
});
