/** A newer program takes over from the engine that runs, while clients are at work. Real containers. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { aFreePort } from "../scenarios/harness/host.js";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

const run = promisify(execFile);
const checkout = join(import.meta.dirname, "../..");
/** A busy machine takes its time. */
const patience = { timeout: 20_000 };

it("stops no container, drops no connection to a port, answers what it was asked and ends streams", async () => {
  await using engine = await startTestEngine();
  const port = await aFreePort();
  const talk = "n=0; while :; do echo line $((n=n+1)); sleep 0.05; done";
  const server = `mkdir -p /w; echo hello >/w/index.html; httpd -p 80 -h /w; ${talk}`;
  const published = ["-p", `127.0.0.1:${port}:80`];
  await engine.gantry(["container", "run", "-d", "--name", "web", ...published, "busybox", "sh", "-c", server]);
  // Its end takes a moment, into which the hand-over falls.
  const slow = "trap 'sleep 1; exit 3' TERM; echo ready; while :; do sleep 0.02; done";
  await engine.gantry(["container", "run", "-d", "--name", "slow", "busybox", "sh", "-c", slow]);
  await expect.poll(async () => (await engine.gantry(["container", "logs", "slow"])).stdout, patience).toBe("ready\n");
  await expect
    .poll(async () => (await ask(engine, "/containers/web/logs?stdout=1")).length, patience)
    .toBeGreaterThan(0);
  const { State } = await engine.client.containers.inspect("web");

  const events = await open(engine, "/events");
  const logs = await open(engine, "/containers/web/logs?follow=1&stdout=1");
  const stats = await open(engine, "/containers/web/stats");
  const stopping = open(engine, "/containers/slow/stop?t=20", "POST");
  await expect.poll(() => events.seen(), patience).toContain('"kill"');
  const visits = visitAllTheTime(port);

  const newer = newerProgram(dirname(engine.stateRoot));
  await run(process.execPath, [newer, "container", "ls"], { env: engine.env });

  expect(await engine.client.system.status()).toMatchObject({ version: "99.0.0" });
  expect((await engine.client.containers.inspect("web")).State).toEqual(State);
  for (const stream of [events, logs, stats]) {
    await stream.ended;
    expect(stream.reply.complete).toBe(true);
  }
  expect((await stopping).reply.statusCode).toBe(204);
  expect((await engine.client.containers.inspect("slow")).State).toMatchObject({ Status: "exited", ExitCode: 3 });
  expect(await visits.stop()).toMatchObject({ failed: [] });
  // What the container says after the hand-over is not lost, nor what it said meanwhile.
  const lines = (await engine.gantry(["container", "logs", "web"])).stdout.trim().split("\n");
  expect(lines).toEqual(lines.map((_line, at) => `line ${at + 1}`));
  expect((await engine.gantry(["system", "events", "--since", "1h", "--until", "1s"])).stdout).toContain("start");
});

/** A second installation, of a later version. */
function newerProgram(folder: string): string {
  const newer = join(folder, "newer");
  mkdirSync(newer);
  for (const name of ["dist", "bin"]) cpSync(join(checkout, name), join(newer, name), { recursive: true });
  symlinkSync(join(checkout, "node_modules"), join(newer, "node_modules"));
  const manifest = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
  writeFileSync(join(newer, "package.json"), JSON.stringify({ ...manifest, version: "99.0.0" }));
  return join(newer, "dist/main.js");
}

async function open({ socket }: TestEngine, path: string, method = "GET") {
  const request = http.request({ socketPath: socket, path, method, agent: false }).end();
  const [reply] = (await once(request, "response")) as [http.IncomingMessage];
  let seen = "";
  const ended = new Promise<void>((resolve) => reply.once("close", resolve));
  reply
    .on("error", () => {})
    .on("data", (chunk) => {
      seen += chunk;
    });
  return { reply, ended, seen: () => seen };
}

async function ask(engine: TestEngine, path: string): Promise<string> {
  const { ended, seen } = await open(engine, path);
  await ended;
  return seen();
}

/** One request after the other, until it is stopped. */
function visitAllTheTime(port: number): { stop(): Promise<{ failed: unknown[] }> } {
  const failed: unknown[] = [];
  let isOver = false;
  const visiting = (async () => {
    while (!isOver) {
      try {
        const request = http.get({ host: "127.0.0.1", port, agent: false, timeout: 5000 });
        const [reply] = (await once(request, "response")) as [http.IncomingMessage];
        if ((await text(reply)) !== "hello\n") failed.push("another answer");
      } catch (error) {
        failed.push(error);
      }
    }
  })();
  return {
    async stop() {
      isOver = true;
      await visiting;
      return { failed };
    },
  };
}
