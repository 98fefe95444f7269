/** Clients in numbers, slow ones, and ones that vanish: what they cost the engine. Real containers. */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "./engine-fixture.js";

const clients = 200;
/** What so many streams may cost while they are open: much less than what would have to be held for all of them. */
const memoryLimitMb = 120;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine();
  // More than any socket's buffers hold, again and again.
  const lines = "i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done";
  const talk = `${lines}; yes 0123456789012345678901234567890123456789 | head -c 30000000; exec sleep 1000`;
  await engine.gantry(["container", "run", "-d", "--name", "talker", "busybox", "sh", "-c", talk]);
});
afterAll(() => engine[Symbol.asyncDispose]());

it("two hundred clients at once are answered, and leave nothing behind", async () => {
  const before = descriptors(await engine.pid());
  const paths = ["/_ping", "/info", "/containers/json?all=1", "/containers/talker/json", "/version"];
  const answers = await Promise.all(
    Array.from({ length: clients }, (_none, at) => ask(paths[at % paths.length] ?? "/_ping")),
  );
  expect(answers.filter((status) => status !== 200)).toEqual([]);
  const streams = await Promise.all(
    Array.from({ length: clients }, (_none, at) =>
      openStream(at % 2 ? "/events" : "/containers/talker/logs?stdout=1&follow=1&tail=1"),
    ),
  );
  expect(await ask("/_ping")).toBe(200);
  for (const stream of streams) stream.destroy();
  await expect.poll(async () => descriptors(await engine.pid()), { timeout: 20_000 }).toBeLessThan(before + 20);
});

it("readers that do not read cost bounded memory, hold up nobody, and are forgotten when they vanish", async () => {
  const pid = await engine.pid();
  const before = { descriptors: descriptors(pid), memoryMb: memoryMb(pid) };
  const paths = [
    "/containers/talker/logs?stdout=1&follow=1",
    "/events",
    "/containers/talker/stats",
    "/containers/talker/logs?stdout=1",
  ];
  const stalled = await Promise.all(Array.from({ length: 40 }, (_none, at) => stall(paths[at % paths.length] ?? "")));
  for (let round = 0; round < 20; round++) await engine.client.containers.list({ all: true });
  await engine.docker(["exec", "talker", "true"]);
  expect(memoryMb(pid) - before.memoryMb).toBeLessThan(memoryLimitMb);
  expect(await ask("/_ping")).toBe(200);
  for (const { socket } of stalled) socket.destroy();
  await expect.poll(() => descriptors(pid), { timeout: 20_000 }).toBeLessThan(before.descriptors + 20);
});

it("an attached client that vanishes detaches, and the container goes on", async () => {
  const pid = await engine.pid();
  await engine.gantry([
    "container",
    "run",
    "-d",
    "-i",
    "--name",
    "box",
    "busybox",
    "sh",
    "-c",
    "while sleep 0.05; do echo on; done",
  ]);
  const before = descriptors(pid);
  const attached = await Promise.all(
    Array.from({ length: 20 }, () => stall("/containers/box/attach?stream=1&stdout=1", "POST")),
  );
  for (const { socket } of attached) socket.destroy();
  await expect.poll(() => descriptors(pid), { timeout: 20_000 }).toBeLessThan(before + 10);
  await expect.poll(() => countOf("detach"), { timeout: 20_000 }).toBe(attached.length);
  const lines = async () => (await engine.gantry(["container", "logs", "box"])).stdout.split("\n").length;
  const now = await lines();
  await expect.poll(lines, { timeout: 20_000 }).toBeGreaterThan(now);
});

it("more clients attach at once than a busy monitor lets wait, and all are served", async () => {
  const { Id } = await engine.client.containers.inspect("talker");
  const record = readFileSync(`${engine.runDir}/supervised/${Id}/supervised.json`, "utf8");
  const monitor: number = JSON.parse(record).monitor.pid;
  process.kill(monitor, "SIGSTOP");
  try {
    const path = "/containers/talker/attach?stream=1&stdout=1";
    const attaching = Array.from({ length: 30 }, () => stall(path, "POST"));
    await Promise.race(attaching);
    process.kill(monitor, "SIGCONT");
    for (const { socket, head } of await Promise.all(attaching)) {
      expect(head).toMatch(/^HTTP\/1.1 101 /);
      socket.destroy();
    }
  } finally {
    process.kill(monitor, "SIGCONT");
  }
});

/** Events of an action since the engine began. */
async function countOf(action: string): Promise<number> {
  let count = 0;
  const query = { since: 1, until: Date.now() / 1000, filters: { event: [action] } };
  for await (const _event of engine.client.system.events(query)) count += 1;
  return count;
}

async function ask(path: string): Promise<number | undefined> {
  const reply = await openStream(path);
  reply.resume();
  await once(reply, "end");
  return reply.statusCode;
}

async function openStream(path: string): Promise<http.IncomingMessage> {
  const request = http.get({ socketPath: engine.socket, path, agent: false });
  const [reply] = (await once(request, "response")) as [http.IncomingMessage];
  reply.on("error", () => {});
  return reply;
}

/** Asks and reads the beginning of the answer, then no more. */
async function stall(path: string, method = "GET"): Promise<{ socket: net.Socket; head: string }> {
  const socket = net.connect(engine.socket);
  const upgrade = method === "POST" ? "Connection: Upgrade\r\nUpgrade: tcp\r\n" : "";
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: d\r\n${upgrade}Content-Length: 0\r\n\r\n`);
  const [head] = (await once(socket, "data")) as [Buffer];
  socket.pause();
  return { socket, head: head.toString() };
}

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function memoryMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
