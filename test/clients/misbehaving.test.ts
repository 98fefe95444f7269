/** Containers that fill their log, fork without end or exhaust their memory, beside a neighbour that must not notice. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "../engine/engine-fixture.js";
import { eventually } from "../scenarios/harness/eventually.js";

const megabyte = 1024 ** 2;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine();
  await ok("run", "-d", "--name", "neighbour", "busybox", "sleep", "1000");
});
afterAll(() => engine?.[Symbol.asyncDispose]());

async function ok(...args: string[]): Promise<string> {
  const outcome = await engine.docker(args);
  expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
  return outcome.stdout.trim();
}

const inspect = (name: string, format: string) => ok("inspect", "-f", format, name);

/** What holds for everybody else all the while. */
async function expectUnhurt(): Promise<void> {
  expect(await ok("exec", "neighbour", "echo", "here")).toBe("here");
  expect(await inspect("neighbour", "{{.State.Status}} {{.RestartCount}}")).toBe("running 0");
}

const engineBytes = async () => {
  const status = readFileSync(`/proc/${await engine.pid()}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
};

it("a log that is written without end stays within its size, and so does the engine that reads it", async () => {
  const options = ["--log-opt", "max-size=1m", "--log-opt", "max-file=2"];
  await ok("run", "-d", "--name", "loud", ...options, "busybox", "sh", "-c", "while :; do echo $RANDOM loud; done");
  const folder = dirname(await inspect("loud", "{{.LogPath}}"));
  const sizes = () =>
    readdirSync(folder)
      .filter((name) => /log/.test(name))
      .map((name) => statSync(join(folder, name)).size);
  await eventually(() => expect(sizes().length).toBeGreaterThan(1), 30_000);
  const before = await engineBytes();
  const read = engine.docker(["logs", "--tail", "100000", "loud"]);
  await expectUnhurt();
  await read;
  // A busy log is looked at once a second, so that it may be longer for a while: never without bound.
  expect(Math.max(...sizes())).toBeLessThan(100 * megabyte);
  expect(await engineBytes()).toBeLessThan(before + 100 * megabyte);
  await ok("rm", "-f", "loud");
}, 90_000);

it("a follower that does not read holds up neither the container nor the engine's memory", async () => {
  const script = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); echo a line of the log $i; done";
  await ok("run", "-d", "--name", "talker", "busybox", "sh", "-c", script);
  const before = await engineBytes();
  const { connect } = await import("node:net");
  const socket = connect(engine.socket).on("error", () => {});
  socket.write("GET /containers/talker/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: d\r\n\r\n");
  socket.pause();
  expect(await ok("wait", "talker")).toBe("0");
  await expectUnhurt();
  expect(await engineBytes()).toBeLessThan(before + 60 * megabyte);
  socket.destroy();
  await ok("rm", "talker");
}, 90_000);

it("a container that forks without end meets its limit alone", async () => {
  await ok("run", "-d", "--name", "bomb", "--pids-limit", "40", "busybox", "sleep", "1000");
  // The shell itself may end when it cannot fork any more; what it forked stays.
  await ok("exec", "-d", "bomb", "sh", "-c", "while :; do sleep 1000 & done");
  const pids = async () => Number(await ok("stats", "--no-stream", "--format", "{{.PIDs}}", "bomb"));
  await eventually(async () => expect(await pids()).toBeGreaterThan(35), 20_000);
  expect(await pids()).toBeLessThanOrEqual(40);
  await expectUnhurt();
  await ok("rm", "-f", "bomb");
  await expectUnhurt();
}, 90_000);

it("a container that exhausts its memory is ended alone, and it is told why", async () => {
  await ok("run", "-d", "--name", "hungry", "-m", "16m", "--memory-swap", "16m", "busybox", "tail", "/dev/zero");
  expect(await ok("wait", "hungry")).toBe("137");
  expect(await inspect("hungry", "{{.State.OOMKilled}} {{.State.Status}}")).toBe("true exited");
  await expectUnhurt();
}, 60_000);
