/**
 * The API against requests that nobody should send, generated from its own route table and shapes.
 *
 * The same seed gives the same requests. `GANTRY_FUZZ_ROUNDS` asks for more than the few of a normal run,
 * `GANTRY_FUZZ_SEED` for others.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { apiRoutes } from "../../../src/engine/api/api.js";
import * as shapes from "../../../src/engine/api/body-shapes.js";
import type { Shape } from "../../../src/engine/api/http/shape.js";
import type { ApiRooms } from "../../../src/engine/api/rooms.js";
import { startTestEngine, type TestEngine } from "../../engine/engine-fixture.js";
import { hostileArchives } from "./hostile-archives.js";
import { type HostileRequest, hostileRequest, type Target } from "./hostile-requests.js";
import { randomFrom } from "./random.js";

const rounds = Number(process.env.GANTRY_FUZZ_ROUNDS ?? 3);
const seed = Number(process.env.GANTRY_FUZZ_SEED ?? 1);
const atOnce = 16;
/** A stream that says nothing more for so long is left: only what comes at once is looked at. */
const quietMs = 150;
const replyLimitMs = 20_000;

/** Left out: it ends the engine, as it should. */
const notAsked = ["/gantry/shutdown"];
const shapeOf: Readonly<Record<string, Shape>> = {
  "POST /containers/create": shapes.containerCreateShape,
  "POST /containers/{id}/exec": shapes.execCreateShape,
  "POST /exec/{id}/start": shapes.execStartShape,
  "POST /containers/{id}/update": shapes.updateShape,
  "POST /commit": shapes.commitShape,
  "POST /networks/create": shapes.networkCreateShape,
  "POST /networks/{id}/connect": shapes.networkConnectShape,
  "POST /networks/{id}/disconnect": shapes.networkDisconnectShape,
  "POST /volumes/create": shapes.volumeCreateShape,
  "POST /auth": shapes.authShape,
  "POST /gantry/ports/check": shapes.portCheckShape,
};

let engine: TestEngine;
let pid: number;
const sentinel = join(tmpdir(), `gantry-escaped-${process.pid}`);
beforeAll(async () => {
  engine = await startTestEngine();
  pid = await engine.pid();
  await ok("run", "-d", "--name", "box", "busybox", "sleep", "1000");
});
afterAll(() => engine?.[Symbol.asyncDispose]());

async function ok(...args: string[]): Promise<string> {
  const outcome = await engine.docker(args);
  expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
  return outcome.stdout.trim();
}

it("answers every route's hostile requests with a refusal in JSON, and never with a fault of its own", async () => {
  const random = randomFrom(seed);
  const targets = allTargets();
  expect(Object.keys(shapeOf).filter((key) => !targets.some((t) => `${t.method} ${t.pattern}` === key))).toEqual([]);
  const requests = Array.from({ length: rounds }, () => targets.map((target) => hostileRequest(target, random))).flat();
  const faults: string[] = [];
  const next = requests.values();
  const work = async () => {
    for (const request of next) {
      const fault = faultOf(await send(request), request.about.startsWith("HEAD "));
      if (fault) faults.push(`${request.about}\n  ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  expect(faults).toEqual([]);
  await expectWhole();
}, 600_000);

it("unpacks no archive out of its place", async () => {
  const sends = [
    "PUT /containers/box/archive?path=/tmp",
    "POST /images/load",
    "POST /images/create?fromSrc=-",
    "POST /build?t=built",
  ];
  const shadow = readFileSync("/etc/shadow");
  const faults: string[] = [];
  for (const { about, bytes } of await hostileArchives(sentinel)) {
    await Promise.all(
      sends.map(async (line) => {
        const head = `${line} HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Type: application/x-tar\r\n`;
        const whole = Buffer.concat([Buffer.from(`${head}Content-Length: ${bytes.length}\r\n\r\n`), bytes]);
        const fault = faultOf(await send({ bytes: whole, halfClose: false, about }));
        if (fault) faults.push(`${line}: ${about}\n  ${fault}`);
        if (existsSync(sentinel)) faults.push(`${line}: ${about} escaped`);
      }),
    );
  }
  expect(faults).toEqual([]);
  expect(readFileSync("/etc/shadow").equals(shadow)).toBe(true);
  // What came in as a device or a link means nothing more than the container may do anyway.
  expect((await engine.docker(["exec", "box", "sh", "-c", "head -c 1 /tmp/disk; cat /tmp/shadow"])).exitCode).not.toBe(
    0,
  );
  await expectWhole();
}, 120_000);

function allTargets(): Target[] {
  // The rooms are asked for nothing until a route is called.
  const rooms = new Proxy({}, { get: () => ({}) }) as ApiRooms;
  return apiRoutes(rooms)
    .filter(({ pattern }) => !notAsked.includes(pattern))
    .map(({ method, pattern }) => ({ method, pattern, shape: shapeOf[`${method} ${pattern}`] }));
}

/** Undefined for an answer that is none of the engine's faults. */
function faultOf(reply: string, isHead = false): string | undefined {
  if (reply === "") return undefined; // what is no HTTP is not answered
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(reply)?.[1]);
  if (Number.isNaN(status)) return `no status: ${reply.slice(0, 200)}`;
  const body = reply.slice(reply.indexOf("\r\n\r\n") + 4);
  if (/\n\s+at .*:\d+:\d+/.test(body)) return `a stack: ${body.slice(0, 500)}`;
  if (status < 400 || isHead) return undefined;
  if (status === 400 && body === "") return undefined; // refused by the parser of HTTP
  if (/^\{"message":".+/.test(body) && !body.includes('"code":"internal"')) return undefined;
  if (/is not connected to network/.test(body)) return undefined; // Docker's status for it
  return `${status}: ${body.slice(0, 500)}`;
}

function send({ bytes, halfClose }: HostileRequest): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path: engine.socket, allowHalfOpen: true });
    const chunks: Buffer[] = [];
    let quiet: NodeJS.Timeout | undefined;
    const finish = () => {
      clearTimeout(quiet);
      clearTimeout(limit);
      socket.destroy();
      resolve(Buffer.concat(chunks).toString("latin1"));
    };
    const limit = setTimeout(() => {
      chunks.push(Buffer.from(" (no answer in time)"));
      finish();
    }, replyLimitMs);
    socket.on("error", finish).on("end", finish).on("close", finish);
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      clearTimeout(quiet);
      quiet = setTimeout(finish, quietMs);
    });
    socket.write(bytes);
    if (halfClose) socket.end();
  });
}

/** It is the same process, lists everything, runs containers, and logged no fault. */
async function expectWhole(): Promise<void> {
  expect(await engine.pid()).toBe(pid);
  for (const list of ["ps -a", "images -a", "network ls", "volume ls", "system df"]) await ok(...list.split(" "));
  expect(await ok("run", "--rm", "busybox", "echo", "alive")).toBe("alive");
  const log = readFileSync(join(engine.stateRoot, "engine.log"), "utf8");
  expect(log.match(/.*(?:TypeError|RangeError|ReferenceError|AssertionError|unhandled).*/gi) ?? []).toEqual([]);
  expect(existsSync(sentinel)).toBe(false);
  expect(execFileSync("sh", ["-c", `ls /tmp | grep -c ^gantry-escaped || true`], { encoding: "utf8" }).trim()).toBe(
    "0",
  );
}
