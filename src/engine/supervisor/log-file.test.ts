import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FrameDecoder } from "../../wire/stream.js";
import { type ReadLogOptions, readLog, rotateLog } from "./log-file.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-log-"));
  path = join(folder, "c.log");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const both = { stdout: true, stderr: true, follow: false, timestamps: false };

function entry(second: number, text: string, { stream = "stdout", flag = "F" } = {}): string {
  return `2026-01-02T03:04:${String(second).padStart(2, "0")}.123456789+00:00 ${stream} ${flag} ${text}\n`;
}

async function read(options: Partial<ReadLogOptions> = {}, paths = [path]): Promise<string[]> {
  const decoder = new FrameDecoder();
  const lines: string[] = [];
  for await (const chunk of readLog(paths, { ...both, ...options }, never))
    for (const { stream, payload } of decoder.push(chunk)) lines.push(`${stream}: ${Buffer.from(payload)}`);
  decoder.end();
  return lines;
}

it("gives each line to its stream, in order", async () => {
  writeFileSync(path, entry(1, "one") + entry(2, "two", { stream: "stderr" }));
  expect(await read()).toEqual(["stdout: one\n", "stderr: two\n"]);
  expect(await read({ stdout: false })).toEqual(["stderr: two\n"]);
});

it("joins the parts of a long line and leaves an unended one unended", async () => {
  writeFileSync(path, entry(1, "a", { flag: "P" }) + entry(1, "b") + entry(2, "c", { flag: "P" }));
  expect(await read()).toEqual(["stdout: ab\n", "stdout: c"]);
});

it("prints times in UTC with nine digits", async () => {
  writeFileSync(path, "2026-01-02T05:04:05.5+02:00 stdout F x\n");
  expect(await read({ timestamps: true })).toEqual(["stdout: 2026-01-02T03:04:05.500000000Z x\n"]);
});

it("finds the last lines from the end, through several files and blocks", async () => {
  const long = "x".repeat(500);
  const lines = Array.from({ length: 1000 }, (_, at) => entry(1, `${at} ${long}`));
  writeFileSync(`${path}.1`, lines.slice(0, 400).join(""));
  writeFileSync(path, lines.slice(400).join(""));
  const numbers = async (tail: number) =>
    (await read({ tail }, [`${path}.1`, path])).map((line) => Number(line.split(" ")[1]));
  for (const tail of [0, 1, 3, 130, 131, 599, 600, 601, 1000, 2000]) {
    const from = Math.max(0, 1000 - tail);
    expect(await numbers(tail)).toEqual(Array.from({ length: 1000 - from }, (_, at) => from + at));
  }
});

it("keeps to the time asked for", async () => {
  writeFileSync(path, [1, 2, 3, 4].map((second) => entry(second, String(second))).join(""));
  const start = Date.parse("2026-01-02T03:04:00Z") / 1000;
  expect(await read({ since: start + 2, until: start + 3.5 })).toEqual(["stdout: 2\n", "stdout: 3\n"]);
});

it("skips what a crash cut off, and reads a missing file as empty", async () => {
  writeFileSync(path, `garbage\n${entry(1, "one")}2026-01-02T03`);
  expect(await read()).toEqual(["stdout: one\n"]);
  expect(await read({}, [join(folder, "absent")])).toEqual([]);
});

it("follows through a rotation and ends when the container has", async () => {
  writeFileSync(path, entry(1, "0"));
  const ended = new AbortController();
  const reading = read({ follow: true, ended: ended.signal });
  for (let at = 1; at < 30; at++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (at % 10 === 0) await rotateLog(path, 3, async () => writeFileSync(path, ""));
    appendFileSync(path, entry(2, String(at)));
  }
  ended.abort();
  expect(await reading).toEqual(Array.from({ length: 30 }, (_, at) => `stdout: ${at}\n`));
});

it("ends where the log ended when it was asked for, unless it follows", async () => {
  const line = entry(1, "x".repeat(1000));
  writeFileSync(path, line.repeat(300)); // several blocks
  let bytes = 0;
  for await (const chunk of readLog([path], { ...both, tail: 200 }, never)) {
    bytes += chunk.length;
    appendFileSync(path, line.repeat(100));
  }
  expect(bytes).toBe(200 * (8 + 1001));
});
