/** The calls that lazydocker makes, in its order: what it decodes strictly must have exactly the types it expects. */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestEngine, type TestEngine } from "../engine/engine-fixture.js";

let engine: TestEngine;
let ids: string[];
beforeAll(async () => {
  engine = await startTestEngine();
  await ok("network", "create", "front");
  await ok("volume", "create", "data");
  const options = [
    "--network",
    "front",
    "-v",
    "data:/data",
    "-p",
    "127.0.0.1::80",
    "--label",
    "com.docker.compose.service=web",
  ];
  await ok("run", "-d", "--name", "web", ...options, "busybox", "sh", "-c", "echo line; sleep 1000");
  await ok("run", "--name", "done", "busybox", "true");
});
afterAll(() => engine?.[Symbol.asyncDispose]());

async function ok(...args: string[]): Promise<void> {
  expect(await engine.docker(args), args.join(" ")).toMatchObject({ exitCode: 0 });
}

async function call(method: string, path: string): Promise<IncomingMessage> {
  const sent = request({ socketPath: engine.socket, method, path: `/v1.25${path}` }).end();
  const [reply] = (await once(sent, "response")) as [IncomingMessage];
  return reply;
}

async function get(path: string): Promise<unknown> {
  const reply = await call("GET", path);
  expect([path, reply.statusCode, reply.headers["content-type"]]).toEqual([path, 200, "application/json"]);
  return JSON.parse(await text(reply));
}

/** As a typed decoder has it: where `like` has an integer, a fraction is an error. */
const integer = expect.toSatisfy(Number.isSafeInteger, "an integer");
const hexId = expect.stringMatching(/^[0-9a-f]{64}$/);

describe("lazydocker", () => {
  it("lists containers and inspects each", async () => {
    const listed = (await get("/containers/json?all=1")) as Array<{ Id: string; Names: string[] }>;
    expect(listed.map(({ Names }) => Names).sort()).toEqual([["/done"], ["/web"]]);
    const shape = { Id: hexId, Image: "busybox", ImageID: expect.any(String), Command: expect.any(String) };
    const state = { State: expect.any(String), Status: expect.any(String), Created: integer };
    for (const one of listed) {
      expect(one).toMatchObject({ ...shape, ...state, Ports: expect.any(Array), Labels: expect.any(Object) });
    }
    ids = listed.map(({ Id }) => Id);
    for (const id of ids) {
      expect(await get(`/containers/${id}/json`)).toMatchObject({
        ...{ Id: id, Path: expect.any(String), Args: expect.any(Array), Image: expect.stringMatching(/^sha256:/) },
        State: { Status: expect.any(String), Running: expect.any(Boolean), Pid: integer, ExitCode: integer },
        Config: { Tty: false, Labels: expect.any(Object), Env: expect.any(Array) },
        NetworkSettings: { Ports: expect.any(Object), Networks: expect.any(Object) },
        HostConfig: { LogConfig: { Type: "json-file" } },
      });
    }
  });

  it("lists images with their history, volumes and networks", async () => {
    const images = (await get("/images/json?all=1")) as Array<{ Id: string }>;
    expect(images).toMatchObject([{ RepoTags: ["busybox:latest"], Size: integer, Created: integer }]);
    expect(await get(`/images/${images[0]?.Id}/history`)).toMatchObject([{ Size: integer, Created: integer }]);
    expect(await get("/volumes")).toMatchObject({ Volumes: [{ Name: "data", Driver: "local", Scope: "local" }] });
    const networks = (await get("/networks")) as Array<{ Name: string }>;
    expect(networks.map(({ Name }) => Name).sort()).toEqual(["bridge", "front", "host", "none"]);
    for (const network of networks)
      expect(network).toMatchObject({ Id: hexId, Scope: "local", IPAM: expect.any(Object) });
  });

  it("follows a container's use, in whole numbers", async () => {
    const reply = await call("GET", "/containers/web/stats?stream=1");
    const [chunk] = (await once(reply, "data")) as [Buffer];
    reply.destroy();
    const stats = JSON.parse(chunk.toString());
    expect(stats).toMatchObject({
      ...{ name: "/web", id: hexId, read: expect.any(String), pids_stats: { current: 1 } },
      cpu_stats: { cpu_usage: { total_usage: integer }, system_cpu_usage: integer, online_cpus: integer },
      precpu_stats: { cpu_usage: { total_usage: integer } },
      memory_stats: { usage: integer, limit: integer },
      networks: { eth0: { rx_bytes: integer, tx_bytes: integer } },
    });
    expect(fractionsIn(stats)).toEqual([]);
  });

  it("follows all events for as long as it runs, and logs and processes when asked", async () => {
    const events = await call("GET", "/events");
    await ok("restart", "-t", "0", "web");
    const [chunk] = (await once(events, "data")) as [Buffer];
    events.destroy();
    expect(JSON.parse(chunk.toString().split("\n")[0] ?? "")).toMatchObject({
      Type: expect.any(String),
      time: integer,
    });
    const logs = await call("GET", "/containers/web/logs?follow=0&stdout=1&stderr=1&tail=10&timestamps=0");
    expect(await text(logs)).toContain("line\n");
    expect(await get("/containers/web/top")).toMatchObject({ Titles: expect.arrayContaining(["PID"]) });
  });

  it("stops, starts, pauses, removes and prunes with the statuses it takes for success", async () => {
    const status = async (method: string, path: string) => (await call(method, path)).resume().statusCode;
    expect(await status("POST", "/containers/web/pause")).toBe(204);
    expect(await status("POST", "/containers/web/unpause")).toBe(204);
    expect(await status("POST", "/containers/web/stop?t=0")).toBe(204);
    expect(await status("POST", "/containers/web/stop?t=0")).toBe(304);
    expect(await status("POST", "/containers/web/start")).toBe(204);
    expect(await status("DELETE", "/containers/web")).toBe(409);
    expect(await status("DELETE", "/containers/web?force=1&v=1")).toBe(204);
    for (const kind of ["containers", "images", "volumes", "networks"]) {
      expect([kind, await status("POST", `/${kind}/prune`)]).toEqual([kind, 200]);
    }
    expect(await status("DELETE", "/volumes/missing")).toBe(404);
  });
});

/** Paths of numbers that are no integers of 64 bits. */
function fractionsIn(value: unknown, path = ""): string[] {
  if (typeof value === "number") return Number.isInteger(value) && value < 2 ** 63 ? [] : [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => fractionsIn(member, `${path}.${key}`));
}
