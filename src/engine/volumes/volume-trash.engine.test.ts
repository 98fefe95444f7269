/** What the trash promises, on a real file system. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../base/clock.js";
import { defaultTrashLimits, type TrashLimits } from "./trash-limits.js";
import { openVolumes, type VolumeStore } from "./volume-store.js";
import { VolumeTrash } from "./volume-trash.js";

let directory: string;
let volumes: VolumeStore;
let trash: VolumeTrash;
let nowMs: number;
let freeBytes: number;
let damaged: string[];
const logged: string[] = [];
const hourMs = 3_600_000;
const path = (...words: string[]) => join(directory, ...words);
const nobody = { usedBy: () => [], project: "shop", generation: 4 };

async function open(limits: Partial<TrashLimits> = {}): Promise<void> {
  const onDamaged = ({ path: aside }: { path: string }) => damaged.push(aside);
  const clock = { now: () => new Date(nowMs), monotonicMs: systemClock.monotonicMs };
  volumes = await openVolumes({ directory, clock, onDamaged, copyInto: async () => {} });
  trash?.close();
  trash = await VolumeTrash.open({
    ...{ directory: path("trash"), volumes, clock, onDamaged },
    limits: { ...defaultTrashLimits, minFreeBytes: 100, ...limits },
    measure: async (tree) => readdirSync(tree).reduce((sum, name) => sum + statSync(join(tree, name)).size, 0),
    log: (text) => logged.push(text),
    space: async () => ({ freeBytes, totalBytes: 1000 }),
  });
}

async function fill(name: string, content: string): Promise<void> {
  await volumes.create({ Name: name, Labels: { a: "b" } });
  writeFileSync(join(await volumes.mount(name), "file"), content);
}

async function thrown(name: string): Promise<string> {
  const reply = await trash.put(name, nobody);
  if (reply.kind !== "trashed") throw new Error(`${name} was removed: ${reply.why}`);
  return reply.volume.id;
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "gantry-trash-"));
  nowMs = Date.UTC(2026, 0, 1);
  freeBytes = 1000;
  damaged = [];
  logged.length = 0;
  await open();
});
afterEach(() => {
  trash.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("a volume in the trash", () => {
  it("is no volume any more, and comes back with its data, labels and date", async () => {
    await fill("db", "kept");
    const before = volumes.get("db");
    const inode = statSync(join(before.Mountpoint, "file")).ino;
    expect(await trash.put("db", nobody)).toMatchObject({
      kind: "trashed",
      volume: { name: "db", project: "shop", generation: 4, sizeBytes: 4, expiresAt: "2026-01-08T00:00:00.000Z" },
    });
    expect(volumes.list({})).toEqual([]);
    const [kept] = trash.list();
    await trash.restore(kept?.id ?? "");
    expect(volumes.get("db")).toEqual(before);
    expect(statSync(join(before.Mountpoint, "file")).ino).toBe(inode);
    expect(trash.list()).toEqual([]);
    await expect(trash.restore(kept?.id ?? "")).rejects.toMatchObject({ code: "volume-not-found" });
  });

  it("does not take the place of a volume that has its name by now, and waits for it to go", async () => {
    await fill("db", "old");
    const old = await thrown("db");
    await fill("db", "new");
    await expect(trash.restore(old)).rejects.toMatchObject({ code: "volume-name-in-use", hint: expect.any(String) });
    expect(readFileSync(join(volumes.get("db").Mountpoint, "file"), "utf8")).toBe("new");
    const young = await thrown("db");
    expect(trash.list()).toHaveLength(2);
    await trash.restore(old);
    expect(readFileSync(join(volumes.get("db").Mountpoint, "file"), "utf8")).toBe("old");
    expect(trash.list().map(({ id }) => id)).toEqual([young]);
  });

  it("leaves no volume behind when it cannot come back, and comes back when the way is clear", async () => {
    await fill("db", "kept");
    const place = dirname(volumes.get("db").Mountpoint);
    const id = await thrown("db");
    mkdirSync(join(place, "in-the-way"), { recursive: true });
    await expect(trash.restore(id)).rejects.toThrow();
    expect([volumes.has("db"), trash.list().map((one) => one.id)]).toEqual([false, [id]]);
    rmSync(place, { recursive: true });
    await trash.restore(id);
    expect(readFileSync(join(volumes.get("db").Mountpoint, "file"), "utf8")).toBe("kept");
  });

  it("is not deleted while it is on its way back", async () => {
    await fill("db", "kept");
    const id = await thrown("db");
    await Promise.all([trash.restore(id), trash.purge(id)]);
    expect(readFileSync(join(volumes.get("db").Mountpoint, "file"), "utf8")).toBe("kept");
  });

  it("that is used stays where it is", async () => {
    await fill("db", "kept");
    const used = { ...nobody, usedBy: () => ["c".repeat(64)] };
    await expect(trash.put("db", used)).rejects.toMatchObject({ code: "volume-in-use" });
    await expect(trash.put("no", nobody)).rejects.toMatchObject({ code: "volume-not-found" });
    expect([volumes.has("db"), trash.list()]).toEqual([true, []]);
  });

  // Its users were asked for before other work on the volume had ended, in which it came into use.
  it("that somebody begins to use before its turn comes stays too", async () => {
    await fill("db", "kept");
    const users: string[] = [];
    let endOther = () => {};
    const prepare = () => new Promise<never>((_, reject) => (endOther = () => reject(new Error("not after all"))));
    const other = volumes.take("db", { usedBy: () => [], prepare });
    const reply = trash.put("db", { ...nobody, usedBy: () => users });
    await sleep(20); // it has been measured by then, and waits for its turn
    users.push("c".repeat(64));
    endOther();
    await expect(other).rejects.toThrow("not after all");
    await expect(reply).rejects.toMatchObject({ code: "volume-in-use" });
    expect([volumes.has("db"), trash.list()]).toEqual([true, []]);
  });

  it("goes when its time is over: at the next start, or by the timer", async () => {
    await fill("db", "kept");
    const id = await thrown("db");
    nowMs += 6 * 24 * hourMs;
    await open();
    expect(trash.list()).toHaveLength(1);
    nowMs += 24 * hourMs;
    await open();
    await expect.poll(() => trash.list()).toEqual([]);
    await expect.poll(() => readdirSync(path("trash")).sort()).toEqual(["data", "records"]);
    expect(existsSync(path("trash/data", id))).toBe(false);

    await open({ keptMs: 30 });
    await fill("db", "short");
    const brief = await thrown("db");
    expect(existsSync(path("trash/data", brief))).toBe(true);
    nowMs += 30;
    await expect.poll(() => trash.list()).toEqual([]);
    await expect.poll(() => existsSync(path("trash/data", brief))).toBe(false);
  });

  it("makes room for younger ones when it is too much, and is not kept at all when it is too much alone", async () => {
    await open({ maxBytes: 10 });
    for (const name of ["aa", "bb", "cc"]) {
      nowMs += 1000;
      await fill(name, "12345");
      await thrown(name);
    }
    expect(trash.list().map(({ name }) => name)).toEqual(["cc", "bb"]);
    await fill("big", "12345678901");
    expect(await trash.put("big", nobody)).toMatchObject({ kind: "removed", why: expect.stringContaining("larger") });
    expect(volumes.list({})).toEqual([]);
    expect(trash.list()).toHaveLength(2);
  });

  it("is not kept on a disk that is nearly full, nor is what was there before", async () => {
    await fill("db", "kept");
    await thrown("db");
    freeBytes = 99;
    await fill("logs", "x");
    expect(await trash.put("logs", nobody)).toEqual({ kind: "removed", why: "the disk is nearly full" });
    expect([volumes.list({}), trash.list(), readdirSync(path("trash/data"))]).toEqual([[], [], []]);
  });
});

describe("a crash", () => {
  it("before the directory moved leaves the volume", async () => {
    await fill("db", "kept");
    const id = await thrown("db");
    const record = readFileSync(path(`trash/records/${id}.json`), "utf8");
    await trash.restore(id);
    writeFileSync(path(`trash/records/${id}.json`), record);
    await open();
    expect([volumes.has("db"), trash.list()]).toEqual([true, []]);
  });

  it("after the directory moved leaves it in the trash alone, on the way there and on the way back", async () => {
    await fill("db", "kept");
    const record = readFileSync(path("records/db.json"), "utf8");
    const id = await thrown("db");
    writeFileSync(path("records/db.json"), record);
    await open();
    expect([volumes.has("db"), trash.list().map(({ name }) => name)]).toEqual([false, ["db"]]);
    await trash.restore(id);
    expect(readFileSync(join(volumes.get("db").Mountpoint, "file"), "utf8")).toBe("kept");
  });

  it("with a younger volume of that name leaves both", async () => {
    await fill("db", "old");
    await thrown("db");
    await fill("db", "new");
    await open();
    expect([volumes.has("db"), trash.list().length]).toEqual([true, 1]);
  });

  it("while it was deleted brings nothing back in parts", async () => {
    await fill("db", "kept");
    const id = await thrown("db");
    renameSync(path("trash/data", id), path("trash", `gone-${id}`));
    mkdirSync(path("trash/gone-0"));
    await open();
    expect(trash.list()).toEqual([]);
    await expect.poll(() => readdirSync(path("trash")).sort()).toEqual(["data", "records"]);
  });

  it("that damaged a record brings the data back as a volume of another name, and says so", async () => {
    await fill("db", "kept");
    const id = await thrown("db");
    writeFileSync(path(`trash/records/${id}.json`), "{");
    await open();
    expect(damaged).toEqual([path(`trash/records/${id}.json.damaged-1`)]);
    const recovered = `recovered-${id}`;
    expect(logged.join()).toContain(`is in volume ${recovered} now`);
    expect(volumes.list({})).toMatchObject([{ Name: recovered, Labels: { "gantry.recovered": "" } }]);
    expect(readFileSync(join(volumes.get(recovered).Mountpoint, "file"), "utf8")).toBe("kept");
    expect([trash.list(), readdirSync(path("trash/data"))]).toEqual([[], []]);
  });
});
