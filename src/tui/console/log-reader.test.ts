import { describe, expect, it } from "vitest";
import { GantryError } from "../../base/errors.js";
import type { EngineClient } from "../../client/engine-client.js";
import type { Direction, LogBlock, LogPlace } from "../model/logs/log-window.js";
import { fileReader } from "./log-reader.js";

/** The files of a log in memory, by name; a test may rotate them. */
class FakeLog {
  readonly files = new Map<string, Buffer>();
  reads = 0;

  get client(): EngineClient {
    const containers = {
      logFiles: async () => [...this.files].map(([File, bytes]) => ({ File, Bytes: bytes.length })),
      readLogFile: async (_id: string, { file, offset, bytes }: { file: string; offset: number; bytes: number }) => {
        this.reads += 1;
        const found = this.files.get(file);
        if (!found) throw new GantryError("path-not-found", file);
        return found.subarray(offset, offset + bytes);
      },
    };
    return { containers } as unknown as EngineClient; // the calls that a reader makes
  }

  add(file: string, from: number, to: number): void {
    const before = this.files.get(file) ?? Buffer.alloc(0);
    const lines = Array.from({ length: to - from }, (_none, at) => lineOf(from + at));
    this.files.set(file, Buffer.concat([before, Buffer.from(lines.join(""))]));
  }
}

const timeOf = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString().replace("Z", "000000");
const lineOf = (n: number) => `${timeOf(n)}+00:00 stdout F line ${n}\n`;
const numbers = ({ lines }: LogBlock) => lines.map(({ text }) => Number(text.replace("line ", "")));
const upTo = (n: number) => Array.from({ length: n }, (_none, at) => at);
const all = () => true;

/** Everything from a place on, in one direction. */
async function readAll(log: FakeLog, direction: Direction, from: LogPlace): Promise<number[]> {
  const reader = fileReader(log.client, "c", 0);
  let found: number[] = [];
  for (let place = from; ; ) {
    const block = await reader.read(place, direction);
    found = direction === "before" ? [...numbers(block), ...found] : [...found, ...numbers(block)];
    if (direction === "before" ? block.isStart : block.isEnd) return found;
    place = direction === "before" ? block.begin : block.end;
  }
}

describe("a log of several files", () => {
  const log = new FakeLog();
  log.add("7", 0, 5000);
  log.add("9", 5000, 9000);

  it("is read back and forth without losing or doubling a line", async () => {
    const reader = fileReader(log.client, "c", 0);
    expect(await readAll(log, "before", await reader.placeOf(undefined))).toEqual(upTo(9000));
    expect(await readAll(log, "after", await reader.placeOf(""))).toEqual(upTo(9000));
  });

  it("is entered at a time by halving, not by reading it", async () => {
    const reader = fileReader(log.client, "c", 0);
    for (const n of [0, 1, 4999, 5000, 7777, 8999]) {
      const place = await reader.placeOf(`${timeOf(n)}Z`);
      expect(numbers(await reader.read(place, "after"))[0], String(n)).toBe(n);
    }
    log.reads = 0;
    await reader.placeOf(`${timeOf(7777)}Z`);
    expect(log.reads).toBeLessThan(12);
  });

  it("is searched in both directions, and until somebody has had enough", async () => {
    const reader = fileReader(log.client, "c", 0);
    const search = (from: number, direction: Direction, onScanned = all, pattern = /line \d*42$/) =>
      reader
        .placeOf(`${timeOf(from)}Z`)
        .then((place) => reader.search({ place, direction, test: (text) => pattern.test(text), signal, onScanned }));
    const { signal } = new AbortController();
    expect((await search(5000, "before"))?.text).toBe("line 4942");
    expect((await search(4943, "after"))?.text).toBe("line 5042");
    expect(await search(9000, "before", all, /nothing/)).toBeUndefined();
    let scans = 0;
    await search(9000, "before", () => ++scans < 1, /nothing/);
    expect(scans).toBe(1);
  });

  it("gives only what a filter takes, and says which times that covers", async () => {
    const reader = fileReader(log.client, "c", 0);
    const block = await reader.read(await reader.placeOf(undefined), "before", (text) => text.endsWith("000"));
    expect(numbers(block)).toEqual([1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000]);
    expect(block.lastAt).toBe(`${timeOf(8999)}Z`);
  });
});

describe("a log that is written to", () => {
  it("is read on where it was left, and not before a line has its end", async () => {
    const log = new FakeLog();
    log.add("1", 0, 2);
    const reader = fileReader(log.client, "c", 0);
    const first = await reader.read(await reader.placeOf(""), "after");
    expect([numbers(first), first.isEnd]).toEqual([[0, 1], true]);
    log.files.set("1", Buffer.concat([log.files.get("1") ?? Buffer.alloc(0), Buffer.from(lineOf(2).slice(0, 45))]));
    expect(numbers(await reader.read(first.end, "after"))).toEqual([]);
    log.files.set("1", Buffer.from(lineOf(0) + lineOf(1) + lineOf(2)));
    expect(numbers(await reader.read(first.end, "after"))).toEqual([2]);
  });

  it("goes on in the next file after a rotation, and from what is left when its own was dropped", async () => {
    const log = new FakeLog();
    log.add("1", 0, 3);
    const reader = fileReader(log.client, "c", 0);
    const { end } = await reader.read(await reader.placeOf(""), "after");
    log.add("2", 3, 5);
    expect(numbers(await reader.read(end, "after"))).toEqual([3, 4]);
    log.files.delete("1");
    expect(numbers(await reader.read(end, "after"))).toEqual([3, 4]);
    expect(await reader.read(end, "before")).toMatchObject({ lines: [], isStart: true });
  });

  it("that is empty or not there has neither lines nor more of them", async () => {
    const log = new FakeLog();
    const reader = fileReader(log.client, "c", 0);
    const block = await reader.read(await reader.placeOf(undefined), "before");
    expect(block).toMatchObject({ lines: [], isStart: true });
    expect(await reader.read(block.end, "after")).toMatchObject({ lines: [], isEnd: true });
  });
});
