/** What is spoken on connections that change their protocol, and how an engine that ends treats those that are open. */
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { encodeFrame } from "../../wire/stream.js";
import { aContainer, anEvent, openTestApi, someStdio } from "./api.fixture.js";

/** Sends a request that asks for another protocol; the answer's head, and the connection with what follows unread. */
async function upgrade(
  socketPath: string,
  { method = "GET", path, protocol, key }: { method?: string; path: string; protocol: string; key?: string },
): Promise<{ socket: net.Socket; head: string }> {
  const socket = net.connect(socketPath);
  const lines = [`${method} ${path} HTTP/1.1`, "Host: d", "Connection: Upgrade", `Upgrade: ${protocol}`];
  if (key) lines.push(`Sec-WebSocket-Key: ${key}`, "Sec-WebSocket-Version: 13");
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  let bytes: Buffer = Buffer.alloc(0);
  while (!bytes.includes("\r\n\r\n")) bytes = Buffer.concat([bytes, ((await once(socket, "data")) as [Buffer])[0]]);
  const end = bytes.indexOf("\r\n\r\n") + 4;
  socket.pause();
  if (end < bytes.length) socket.unshift(bytes.subarray(end));
  return { socket, head: bytes.subarray(0, end).toString() };
}

async function nextChunk(socket: net.Socket): Promise<Buffer> {
  const chunk = once(socket, "data");
  socket.resume();
  const [bytes] = (await chunk) as [Buffer];
  socket.pause();
  return bytes;
}

it("answers BuildKit's calls in their own protocol, with what to do instead", async () => {
  await using api = await openTestApi({});
  const { socket, head } = await upgrade(api.socket, { method: "POST", path: "/grpc", protocol: "h2c" });
  expect(head).toMatch(/^HTTP\/1.1 101 .*Upgrade: h2c/s);
  const session = http2.connect("http://d", { createConnection: () => socket });
  const call = session.request({ ":method": "POST", ":path": "/moby.buildkit.v1.Control/Solve" });
  const [headers] = (await once(call, "response")) as [http2.IncomingHttpHeaders];
  expect(headers["grpc-status"]).toBe("12");
  expect(decodeURIComponent(String(headers["grpc-message"]))).toMatch(/`gantry build`, or set DOCKER_BUILDKIT=0/);
  session.destroy();
});

it("attaches by a WebSocket: input, both outputs as one, and the end of it", async () => {
  const stdio = someStdio();
  const containers = { inspect: () => aContainer({ openStdin: true }), attach: async () => stdio };
  await using api = await openTestApi({ containers });
  const path = "/containers/c/attach/ws?stream=1&stdin=1&stdout=1&stderr=1";
  const key = "dGhlIHNhbXBsZSBub25jZQ==";
  const { socket, head } = await upgrade(api.socket, { path, protocol: "websocket", key });
  expect(head).toMatch(/^HTTP\/1.1 101 .*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/s);
  socket.write(Buffer.from([0x82, 0x85, 0, 0, 0, 0, ...Buffer.from("typed")]));
  expect(String(await once(stdio.input, "data"))).toBe("typed");
  stdio.output.write(encodeFrame({ stream: "stderr", payload: Buffer.from("said") }));
  expect(await nextChunk(socket)).toEqual(Buffer.from("\x82\x04said", "latin1"));
  stdio.output.end();
  expect(await nextChunk(socket)).toEqual(Buffer.from("\x88\x02\x03\xe8", "latin1"));
  socket.destroy();
  const plain = await upgrade(api.socket, { path: "/containers/c/attach/ws", protocol: "websocket" });
  expect(plain.head).toMatch(/^HTTP\/1.1 400 /);
  plain.socket.destroy();
});

it("ends what lasts between two chunks, and waits for the answers that are under way", async () => {
  let stopped = () => {};
  let asked = () => {};
  const wasAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const stop = () =>
    new Promise<boolean>((resolve) => {
      stopped = () => resolve(true);
      asked();
    });
  const follow = async function* (_query: unknown, signal: AbortSignal) {
    yield anEvent("start");
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  };
  await using api = await openTestApi({ events: { follow }, containers: { stop } });
  const get = (path: string, method = "GET") =>
    http.request({ socketPath: api.socket, path, method, agent: false }).end();
  const [events] = (await once(get("/events"), "response")) as [http.IncomingMessage];
  const [first] = (await once(events, "data")) as [Buffer];
  const stopping = once(get("/containers/c/stop", "POST"), "response");
  await wasAsked;
  await api.server.stopListening();
  expect(await text(events)).toBe("");
  expect(events.complete && JSON.parse(String(first)).status).toBe("start");
  const answered = api.server.answered(60_000);
  stopped();
  const [reply] = (await stopping) as [http.IncomingMessage];
  expect(reply.statusCode).toBe(204);
  reply.resume();
  await answered;
});

it("does not wait for ever for an answer", async () => {
  let asked = () => {};
  const wasAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const stop = () => {
    asked();
    return new Promise<boolean>(() => {});
  };
  await using api = await openTestApi({ containers: { stop } });
  const request = http
    .request({ socketPath: api.socket, path: "/containers/c/stop", method: "POST", agent: false })
    .end();
  request.on("error", () => {});
  await wasAsked;
  await api.server.stopListening();
  await api.server.answered(10);
});
