import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { FrameDecoder } from "../../wire/stream.js";
import { isProcessAlive } from "../kernel/process.js";
import { Bench } from "./supervisor.fixture.js";
import type { AttachedStdio, ProcessRequest } from "./supervisor.js";

const bench = new Bench();
const never = new AbortController().signal;
afterAll(() => bench[Symbol.asyncDispose]());

async function run(request: ProcessRequest) {
  await bench.supervisor.create(request, never);
  await bench.supervisor.start(request.containerId);
  return bench.exitOf(request.containerId);
}

async function outputOf(stdio: AttachedStdio): Promise<{ stdout: string; stderr: string }> {
  const decoder = new FrameDecoder();
  const text = { stdout: "", stderr: "" };
  for await (const chunk of stdio.stream)
    for (const frame of decoder.push(chunk as Buffer))
      text[frame.stream === "stderr" ? "stderr" : "stdout"] += Buffer.from(frame.payload).toString();
  return text;
}

it("reports the exit code of a container's process, once", async () => {
  const request = bench.request(["sh", "-c", "exit 7"]);
  const exit = await run(request);
  expect(exit).toMatchObject({ exitCode: 7, oomKilled: false });
  expect(Math.abs(Date.now() - exit.finishedAt.getTime())).toBeLessThan(5000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(bench.exits.filter((each) => each.containerId === request.containerId)).toHaveLength(1);
});

it("reports 128+n after signal n, and knows that the process is gone", async () => {
  const request = bench.request(["sleep", "100"]);
  const identity = await bench.supervisor.create(request, never);
  await bench.supervisor.start(request.containerId);
  expect(bench.supervisor.kill({ ...identity, startTicks: identity.startTicks + 1 }, 9)).toBe(false);
  expect(bench.supervisor.kill(identity, 9)).toBe(true);
  expect(await bench.exitOf(request.containerId)).toMatchObject({ exitCode: 137, oomKilled: false });
  expect(isProcessAlive(identity)).toBe(false);
  expect(bench.supervisor.kill(identity, 9)).toBe(false);
});

it("writes every line of the output to the log, in order", async () => {
  const request = bench.request(["sh", "-c", "for i in $(seq 50); do echo line $i; done"]);
  await run(request);
  const lines = readFileSync(request.logPath ?? "", "utf8")
    .trimEnd()
    .split("\n");
  expect(lines.map((line) => line.split(" ").slice(1).join(" "))).toEqual(
    Array.from({ length: 50 }, (_, at) => `stdout F line ${at + 1}`),
  );
});

it("hands over every byte to who attached before the start", async () => {
  for (let round = 0; round < 10; round++) {
    const request = bench.request(["sh", "-c", "echo out; echo err >&2"]);
    await bench.supervisor.create(request, never);
    const stdio = await bench.supervisor.attach(request.containerId, { tty: false });
    const output = outputOf(stdio);
    await bench.supervisor.start(request.containerId);
    expect(await output).toEqual({ stdout: "out\n", stderr: "err\n" });
    await bench.exitOf(request.containerId);
    await bench.supervisor.delete(request.containerId);
  }
});

it("passes stdin on and its end too", async () => {
  const request = bench.request(["cat"], { openStdin: true });
  await bench.supervisor.create(request, never);
  const stdio = await bench.supervisor.attach(request.containerId, { tty: false });
  const output = outputOf(stdio);
  await bench.supervisor.start(request.containerId);
  const text = "0123456789".repeat(20_000);
  stdio.stream.end(text);
  expect((await output).stdout === text).toBe(true);
  expect((await bench.exitOf(request.containerId)).exitCode).toBe(0);
});

it("tells a missing command from a forbidden one, in Docker's words, and leaves nothing", async () => {
  const missing = bench.request(["nope"]);
  await expect(bench.supervisor.create(missing, never)).rejects.toMatchObject({
    code: "command-not-found",
    message: expect.stringContaining('exec: "nope": executable file not found in $PATH'),
  });
  const absent = bench.request(["/nope"]);
  await expect(bench.supervisor.create(absent, never)).rejects.toMatchObject({
    message: expect.stringContaining("no such file or directory"),
  });
  const forbidden = bench.request(["/tmp"]);
  await expect(bench.supervisor.create(forbidden, never)).rejects.toMatchObject({
    code: "command-not-found",
    message: expect.stringMatching(/permission denied|is a directory/),
  });
});
