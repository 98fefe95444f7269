/** Files of reports: whole, for their owner alone, and what is no file is written to as it is. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseReportWish, RunRecorder } from "./run-recorder.js";

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "gantry-report-"));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

async function write(...words: string[]): Promise<void> {
  const recorder = new RunRecorder(words.map(parseReportWish));
  recorder.error(new Error("it broke"));
  const facts = { command: "up", startedAt: new Date(0), durationMs: 1, exitCode: 1 };
  await recorder.write({ ...facts, cwd, env: {}, stdout: { write: () => {} } });
}

it("replaces a report as a whole, for its owner alone, behind a link too, and leaves nothing beside it", async () => {
  writeFileSync(join(cwd, "real.json"), "x".repeat(100_000), { mode: 0o644 });
  const before = statSync(join(cwd, "real.json")).ino;
  symlinkSync("real.json", join(cwd, "out.json"));
  await write("json=out.json", "junit=out.xml");
  expect(JSON.parse(readFileSync(join(cwd, "real.json"), "utf8"))).toMatchObject({ command: "up" });
  expect(statSync(join(cwd, "real.json")).ino).not.toBe(before);
  const modes = ["real.json", "out.xml"].map((name) => (statSync(join(cwd, name)).mode & 0o777).toString(8));
  expect([modes, readdirSync(cwd).sort()]).toEqual([
    ["600", "600"],
    ["out.json", "out.xml", "real.json"],
  ]);
});

it("gives what root writes to the owner of the folder", async ({ skip }) => {
  if (process.getuid?.() !== 0) skip("only root can give files away");
  execFileSync("chown", ["1234:1234", cwd]);
  await write("json=out.json");
  expect(statSync(join(cwd, "out.json"))).toMatchObject({ uid: 1234, gid: 1234 });
});

it("writes into a pipe that somebody reads, and does not put a file in its place", async () => {
  execFileSync("mkfifo", [join(cwd, "pipe")]);
  const reader = spawn("cat", [join(cwd, "pipe")], { stdio: ["ignore", "pipe", "inherit"] });
  const [told] = await Promise.all([text(reader.stdout), write("json=pipe"), once(reader, "exit")]);
  expect(JSON.parse(told)).toMatchObject({ command: "up" });
  expect(statSync(join(cwd, "pipe")).isFIFO()).toBe(true);
});
