/**
 * `GET /containers/{id}/attach/ws`: a container's stdio for browsers. Both outputs come as one stream, as with Docker.
 *
 * See Docker Engine API, "ContainerAttachWebsocket".
 */
import { type Duplex, Transform } from "node:stream";
import { GantryError } from "../../../base/errors.js";
import { FrameDecoder } from "../../../wire/stream.js";
import type { Reply } from "../http/reply.js";
import { type ApiRequest, flag, param, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ApiRooms } from "../rooms.js";
import { clientScanner, joinStreams } from "../stdio.js";
import { acceptKey, WebSocketStream } from "./websocket.js";

/** Stands before the other routes of containers. */
export function attachWsRoute(rooms: ApiRooms): Route {
  return { method: "GET", pattern: "/containers/{id}/attach/ws", handle: (request) => attach(rooms, request) };
}

function attach({ containers }: ApiRooms, request: ApiRequest): Reply {
  const { Id, Config, State } = containers.inspect(param(request, "id"));
  if (State.Paused || State.Restarting) {
    throw new GantryError("container-conflict", `container ${Id} is ${State.Status}, it cannot be attached to now`);
  }
  const accept = acceptKey(request.headers["sec-websocket-key"]);
  if (accept === undefined) throw new GantryError("bad-parameter", "this is no WebSocket's handshake");
  const tty = Config.Tty === true;
  // Before 1.42 all three were attached whatever was asked for.
  const wants = (name: string) => request.version < 42 || flag(request, name);
  const wanted = { stdout: wants("stdout"), stderr: wants("stderr") };
  const detach = clientScanner(text(request, "detachKeys"), tty);
  return {
    kind: "switch",
    protocol: "websocket",
    headers: { "Sec-WebSocket-Accept": accept },
    async serve(socket: Duplex) {
      const client = new WebSocketStream(socket);
      client.on("error", () => {}); // "close" follows and says all
      const live = flag(request, "stream") ? await containers.attach(Id) : undefined;
      try {
        if (flag(request, "logs")) {
          const plain = tty ? undefined : payloads(wanted);
          const past = containers.logs(Id, { ...wanted, follow: false, timestamps: false }, request.signal);
          for await (const chunk of past) client.write(plain ? plain(chunk) : chunk);
        }
        if (!live) return;
        await joinStreams(client, live.stream, {
          stdin: wants("stdin") && Config.OpenStdin === true,
          endStdin: Config.StdinOnce === true,
          filter: tty ? undefined : withoutFrames(wanted),
          detach,
        });
      } finally {
        live?.close();
        await new Promise<void>((resolve) => client.end(resolve));
      }
    },
  };
}

type Wanted = Readonly<Record<"stdout" | "stderr", boolean>>;

function withoutFrames(wanted: Wanted): Transform {
  const plain = payloads(wanted);
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      callback(null, plain(chunk));
    },
  });
}

function payloads(wanted: Wanted): (chunk: Uint8Array) => Buffer {
  const decoder = new FrameDecoder();
  return (chunk) =>
    Buffer.concat(
      decoder
        .push(chunk)
        .filter(({ stream }) => (stream === "stderr" ? wanted.stderr : wanted.stdout))
        .map(({ payload }) => payload),
    );
}
