import { once } from "node:events";
import { statSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { GantryError } from "../../base/errors.js";
import { readFrames } from "../../client/frames.js";
import type { ContainerCreateBody } from "../../wire/container.js";
import { encodeFrame } from "../../wire/stream.js";
import { aContainer, anEvent, notFound, openTestApi, someStdio } from "./api.fixture.js";

async function ask(socketPath: string, path: string, options: http.RequestOptions = {}, body = "") {
  const request = http.request({ socketPath, path, agent: false, ...options });
  request.end(body);
  const [reply] = (await once(request, "response")) as [http.IncomingMessage];
  return { status: reply.statusCode, headers: reply.headers, text: await text(reply) };
}

it("answers ping by GET and HEAD, with the versions that clients negotiate by", async () => {
  await using api = await openTestApi({});
  expect(await api.client.system.ping()).toMatchObject({ apiVersion: "1.51" });
  const get = await ask(api.socket, "/_ping");
  expect(get).toMatchObject({ status: 200, text: "OK" });
  expect(get.headers).toMatchObject({ "api-version": "1.51", ostype: "linux", "docker-experimental": "false" });
});

it("makes the socket for its owner alone, and takes it away when it stops to listen", async () => {
  await using api = await openTestApi({});
  expect(statSync(api.socket).mode & 0o777).toBe(0o600);
  await api.server.stopListening();
  await expect(api.client.system.ping()).rejects.toMatchObject({ code: "engine-unavailable" });
});

it("refuses versions out of its range, unknown paths and wrong methods with Docker's texts", async () => {
  await using api = await openTestApi({});
  expect(await ask(api.socket, "/v9.99/info")).toMatchObject({ status: 400, text: expect.stringContaining("too new") });
  expect(await ask(api.socket, "/v1.12/info")).toMatchObject({
    status: 400,
    headers: { "content-type": "text/plain; charset=utf-8" },
    text: expect.stringMatching(/^client version 1.12 is too old/),
  });
  for (const [path, method] of [
    ["/nothing", "GET"],
    ["/v1.41/_ping", "DELETE"],
  ]) {
    expect(await ask(api.socket, path ?? "", { method })).toMatchObject({
      status: 404,
      text: '{"message":"page not found"}\n',
    });
  }
});

it("says what is missing of a route that Docker has and this engine has not", async () => {
  await using api = await openTestApi({});
  const refused = async (path: string, method = "GET") => {
    const { status, text } = await ask(api.socket, path, { method });
    return `${status} ${JSON.parse(text).message}`;
  };
  expect(await refused("/v1.51/images/search")).toBe(
    "501 GET /images/search: this engine does not have the search of Docker Hub",
  );
  expect(await refused("/containers/c/checkpoints")).toMatch(/^501 .*does not have checkpoints$/);
  expect(await refused("/plugins/pull", "POST")).toMatch(/^501 .*does not have plugins$/);
  expect(await refused("/plugins/x/json")).toBe('404 plugin "x" not found');
  for (const path of ["/swarm", "/nodes", "/services/web", "/secrets"]) {
    expect(await refused(path)).toMatch(/^503 This node is not a swarm manager/);
  }
});

it("sends an error with code and hint, typed exactly application/json; the client throws the same", async () => {
  const start = () => {
    throw new GantryError("port-in-use", "Bind for 0.0.0.0:80 failed: port is already allocated", { hint: "Stop it" });
  };
  await using api = await openTestApi({ containers: { start } });
  const failure = { code: "port-in-use", hint: "Stop it", message: expect.stringContaining("already allocated") };
  await expect(api.client.containers.start("web")).rejects.toMatchObject(failure);
  const { headers } = await ask(api.socket, "/containers/web/start", { method: "POST" });
  expect(headers["content-type"]).toBe("application/json");
});

it("tells what was already so by 304, which the client gives as false", async () => {
  const already = { start: async () => false, stop: async () => false };
  await using api = await openTestApi({ containers: already });
  expect(await api.client.containers.start("web")).toBe(false);
  expect(await api.client.containers.stop("web")).toBe(false);
});

it("takes image names with slashes, ports and digests as they are or escaped", async () => {
  const inspect = (name: string) => ({ Id: name }) as never;
  await using api = await openTestApi({ images: { inspect } });
  for (const name of ["localhost:5000/a/b:1.0", "busybox@sha256:abc", "busybox"]) {
    expect(await api.client.images.inspect(name)).toEqual({ Id: name });
    expect(JSON.parse((await ask(api.socket, `/images/${encodeURIComponent(name)}/json`)).text)).toEqual({ Id: name });
  }
});

it("reads both spellings of filters, and refuses a key that is none", async () => {
  const asked: unknown[] = [];
  const list = (query: unknown) => {
    asked.push(query);
    return [];
  };
  await using api = await openTestApi({ containers: { list } });
  await api.client.containers.list({ filters: { label: ["a=b"] } });
  await ask(api.socket, `/containers/json?filters=${encodeURIComponent('{"status":{"exited":true}}')}`);
  expect(asked).toEqual([
    { all: false, filters: { label: ["a=b"] } },
    { all: true, filters: { status: ["exited"] } },
  ]);
  await expect(api.client.containers.list({ filters: { foo: ["1"] } })).rejects.toThrow("Invalid filter 'foo'");
});

it("creates with a body, and refuses a body that is no JSON object or of another type", async () => {
  const create = async (name: string | undefined, { Image }: ContainerCreateBody) => ({
    Id: `${name}:${Image}`,
    Warnings: [],
  });
  await using api = await openTestApi({ containers: { create } });
  expect(await api.client.containers.create("web", { Image: "nginx" })).toEqual({ Id: "web:nginx", Warnings: [] });
  const post = (body: string, type: string) =>
    ask(api.socket, "/containers/create", { method: "POST", headers: { "Content-Type": type } }, body);
  expect((await post("{", "application/json")).status).toBe(400);
  expect((await post("[]", "application/json")).status).toBe(400);
  expect((await post("{}", "text/plain")).status).toBe(400);
});

it("begins a wait by its headers, so that a start may follow, and answers with the exit", async () => {
  let exit = (_code: number) => {};
  const ended = new Promise<{ StatusCode: number }>((resolve) => {
    exit = (StatusCode) => resolve({ StatusCode });
  });
  await using api = await openTestApi({ containers: { inspect: () => aContainer(), wait: () => ended } });
  const wait = api.client.containers.wait("web", "next-exit");
  await wait.registered;
  exit(7);
  expect(await wait.exited).toEqual({ StatusCode: 7 });
});

it("tells a missing container by status before any stream begins", async () => {
  await using api = await openTestApi({ containers: { inspect: notFound } });
  const wait = api.client.containers.wait("web", "removed");
  await expect(wait.registered).rejects.toMatchObject({ code: "container-not-found" });
  await expect(api.client.containers.attach("web", { stdin: false, stdout: true, stderr: true, tty: false }))
    .rejects //
    .toMatchObject({ code: "container-not-found" });
});

it("joins stdin and output of an attached container, and its end of input, over one connection", async () => {
  const stdio = someStdio();
  const container = aContainer({ openStdin: true, stdinOnce: true });
  await using api = await openTestApi({ containers: { inspect: () => container, attach: async () => stdio } });
  const { stream } = await api.client.containers.attach("web", { stdin: true, stdout: true, stderr: true, tty: false });
  stream.end("hello");
  expect(await text(stdio.input)).toBe("hello");
  stdio.output.write(encodeFrame({ stream: "stdout", payload: Buffer.from("out") }));
  stdio.output.end(encodeFrame({ stream: "stderr", payload: Buffer.from("err") }));
  const frames = [];
  for await (const { stream: name, payload } of readFrames(stream, false)) frames.push([name, String(payload)]);
  expect(frames).toEqual([
    ["stdout", "out"],
    ["stderr", "err"],
  ]);
  await expect.poll(stdio.closed).toBe(true);
});

it("detaches when the client goes, and leaves the container's stdin open unless it is for one client", async () => {
  const stdio = someStdio();
  const container = aContainer({ openStdin: true });
  await using api = await openTestApi({ containers: { inspect: () => container, attach: async () => stdio } });
  const { stream } = await api.client.containers.attach("web", { stdin: true, stdout: true, stderr: true, tty: false });
  stream.write("hello");
  await expect.poll(() => String(stdio.input.read() ?? "")).toBe("hello");
  expect(stdio.input.readableEnded).toBe(false);
  stream.destroy();
  // A client that has gone looks like one that will say no more, until something is said to it.
  await expect
    .poll(() => {
      stdio.output.write("x");
      return stdio.closed();
    })
    .toBe(true);
});

it.each([
  ["a length", 'Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{"Detach":false}', ""],
  ["a length, cut in two", 'Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{"Detach"', ":false}"],
  ["chunks", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", ""],
])("keeps the body of an exec's start out of its stdin, sent with %s", async (_name, head, rest) => {
  const stdio = someStdio();
  const exec = { ID: "e1", Running: false, ExitCode: null, OpenStdin: true, ProcessConfig: { tty: true } } as never;
  await using api = await openTestApi({ containers: { execInspect: () => exec, execStart: async () => stdio } });
  const socket = net.connect({ path: api.socket, allowHalfOpen: true });
  socket.write(`POST /exec/e1/start HTTP/1.1\r\nHost: \r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${head}`);
  if (rest) setTimeout(() => socket.write(`${rest}stdin`), 20);
  else socket.write("stdin");
  const [first] = await once(socket, "data");
  expect(String(first)).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\n/);
  socket.end();
  expect(await text(stdio.input)).toBe("stdin");
  stdio.output.end("bye");
  expect(await text(socket)).toBe("bye");
});

it("tells why an exec did not start as its output", async () => {
  const exec = { ID: "e1", Running: false, ExitCode: null, OpenStdin: false, ProcessConfig: { tty: true } } as never;
  const execStart = async () => {
    throw new GantryError("command-not-found", 'exec: "nope": executable file not found in $PATH');
  };
  await using api = await openTestApi({ containers: { execInspect: () => exec, execStart } });
  const { stream } = await api.client.execs.start("e1", { tty: true });
  expect(await text(stream)).toContain("executable file not found");
});

it("answers a pull that fails at once by status, and a later failure by the last line of a stream", async () => {
  const pull = async (name: string, { onProgress }: { onProgress: (message: object) => void }) => {
    if (name === "late:latest") {
      onProgress({ status: "Pulling fs layer", id: "abc", progressDetail: {} });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new GantryError("registry-unreachable", "no route", { hint: "Check the network" });
  };
  await using api = await openTestApi({ images: { pull: pull as never } });
  const seen: unknown[] = [];
  const follow = async (name: string) => {
    for await (const { status } of api.client.images.pull(name)) seen.push(status);
  };
  await expect(follow("early")).rejects.toMatchObject({ code: "registry-unreachable" });
  expect((await ask(api.socket, "/images/create?fromImage=early&tag=latest", { method: "POST" })).status).toBe(500);
  const failure = { code: "registry-unreachable", hint: "Check the network" };
  await expect(follow("late")).rejects.toMatchObject(failure);
  expect(seen).toEqual(["Pulling fs layer"]);
});

it("hands the whole tarball and its changes to an import", async () => {
  const importRootfs = async (
    tar: AsyncIterable<Buffer>,
    options: { changes: readonly string[]; reference?: string },
  ) => {
    const bytes: Buffer[] = [];
    for await (const chunk of tar) bytes.push(chunk);
    return { id: `sha256:${Buffer.concat(bytes).length}-${options.reference}-${options.changes.join("+")}` };
  };
  await using api = await openTestApi({ images: { importRootfs: importRootfs as never } });
  async function* tar() {
    for (let at = 0; at < 64; at += 1) yield Buffer.alloc(16_384);
  }
  const options = { reference: "host:5000/a", changes: ['CMD ["sh"]', "ENV A=1"] };
  const lines = [];
  for await (const { status } of api.client.images.importRootfs(tar(), options)) lines.push(status);
  expect(lines).toEqual([`sha256:${64 * 16_384}-host:5000/a:latest-CMD ["sh"]+ENV A=1`]);
});

it("streams events with their headers first, and the fields that older clients read", async () => {
  const follow = async function* () {
    yield anEvent("start");
  };
  await using api = await openTestApi({ events: { follow } });
  let subscribed = false;
  const query = {
    onSubscribed: () => {
      subscribed = true;
    },
  };
  const seen = [];
  for await (const event of api.client.system.events(query)) seen.push(event);
  expect(subscribed).toBe(true);
  expect(seen).toEqual([{ ...anEvent("start"), status: "start", id: "abc", from: "busybox" }]);
});

it("gives a project's lock to one holder at a time, in turn, and frees it with the connection", async () => {
  await using api = await openTestApi({});
  const first = await api.client.system.lockProject("shop", { wait: true, holder: "up (pid 1)" });
  const refused = api.client.system.lockProject("shop", { wait: false, holder: "up (pid 2)" });
  await expect(refused).rejects.toMatchObject({ code: "engine-locked", message: expect.stringContaining("pid 1") });
  const waitedFor: string[] = [];
  const onWaiting = (holder: string) => waitedFor.push(holder);
  const second = api.client.system.lockProject("shop", { wait: true, holder: "up (pid 3)", onWaiting });
  await expect.poll(() => waitedFor).toEqual(["up (pid 1)"]);
  await first.release();
  await (await second).release();
  const third = await api.client.system.lockProject("shop", { wait: true, holder: "down" });
  await third.release();
});

it("ends a waiting call with the reason of its signal", async () => {
  await using api = await openTestApi({
    containers: { inspect: () => aContainer(), wait: () => new Promise(() => {}) },
  });
  const stop = new AbortController();
  const wait = api.client.containers.wait("web", "next-exit", { signal: stop.signal });
  await wait.registered;
  stop.abort(new Error("enough"));
  await expect(wait.exited).rejects.toThrow();
});
