/** Routes of containers whose answer is a stream: wait, logs, attach. */
import { GantryError } from "../../../base/errors.js";
import type { ContainerInspect } from "../../../wire/container.js";
import { framedStream, type Reply, rawStream } from "../http/reply.js";
import { type ApiRequest, flag, param, seconds, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ApiRooms } from "../rooms.js";
import { clientScanner, joinStreams, onlyStreams } from "../stdio.js";

const waitConditions = ["not-running", "next-exit", "removed"] as const;

/** See Docker Engine API, "ContainerWait", "ContainerLogs", "ContainerAttach". */
export function containerStreamRoutes(rooms: ApiRooms): Route[] {
  return [
    { method: "POST", pattern: "/containers/{id}/wait", handle: (request) => wait(rooms, request) },
    { method: "GET", pattern: "/containers/{id}/logs", handle: (request) => logs(rooms, request) },
    { method: "POST", pattern: "/containers/{id}/attach", handle: (request) => attach(rooms, request) },
  ];
}

/** What the bytes of a container's output are, as far as the client's version knows the difference. */
export function streamType(tty: boolean, version: number): string {
  return tty || version < 42 ? rawStream : framedStream;
}

function wait({ containers }: ApiRooms, request: ApiRequest): Reply {
  const id = containers.inspect(param(request, "id")).Id; // a missing one is told by status, before the stream begins
  const condition = waitConditions.find((known) => known === (text(request, "condition") ?? "not-running"));
  if (!condition) {
    throw new GantryError("bad-parameter", `invalid condition: "${text(request, "condition")}"`);
  }
  const ended = containers.wait(id, condition, request.signal);
  ended.catch(() => {}); // the stream below reports it, once it is read
  return { kind: "stream", contentType: "application/json", chunks: lineOf(ended), lasting: true };
}

async function* lineOf(value: Promise<unknown>): AsyncGenerator<string, void> {
  yield `${JSON.stringify(await value)}\n`;
}

function logs({ containers }: ApiRooms, request: ApiRequest): Reply {
  const container = containers.inspect(param(request, "id"));
  const streams = { stdout: flag(request, "stdout"), stderr: flag(request, "stderr") };
  if (!streams.stdout && !streams.stderr) {
    throw new GantryError("bad-parameter", "Bad parameters: you must choose at least one stream");
  }
  if (container.HostConfig.LogConfig?.Type === "none") {
    throw new GantryError("not-supported", "configured logging driver does not support reading");
  }
  const chunks = containers.logs(
    container.Id,
    {
      ...streams,
      since: seconds(request, "since"),
      until: seconds(request, "until"),
      tail: tail(request),
      follow: flag(request, "follow"),
      timestamps: flag(request, "timestamps"),
      details: flag(request, "details"),
    },
    request.signal,
  );
  return {
    kind: "stream",
    contentType: streamType(container.Config.Tty === true, request.version),
    chunks,
    lasting: flag(request, "follow"),
  };
}

/** `all`, negative and what is no number mean everything. */
function tail(request: ApiRequest): number | undefined {
  const value = text(request, "tail");
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

async function attach({ containers }: ApiRooms, request: ApiRequest): Promise<Reply> {
  const container = containers.inspect(param(request, "id"));
  refuseUnlessAttachable(container);
  const tty = container.Config.Tty === true;
  const contentType = request.upgrade ? streamType(tty, request.version) : rawStream;
  const wanted = { stdout: flag(request, "stdout"), stderr: flag(request, "stderr") };
  const detach = clientScanner(text(request, "detachKeys"), tty);
  // Attached before the log is read: a line of that moment may come twice, but none is lost.
  const live = flag(request, "stream") ? await containers.attach(container.Id) : undefined;
  return {
    kind: "hijack",
    contentType,
    async serve(socket) {
      try {
        if (flag(request, "logs")) {
          const past = { ...wanted, follow: false, timestamps: false };
          for await (const chunk of containers.logs(container.Id, past, request.signal)) socket.write(chunk);
        }
        if (!live) return;
        await joinStreams(socket, live.stream, {
          stdin: flag(request, "stdin") && container.Config.OpenStdin === true,
          // Without StdinOnce the container's stdin stays open for whoever attaches next.
          endStdin: container.Config.StdinOnce === true,
          filter: tty ? undefined : onlyStreams(wanted),
          detach,
        });
      } finally {
        live?.close();
      }
    },
  };
}

function refuseUnlessAttachable({ Id, State }: ContainerInspect): void {
  if (State.Paused) {
    throw new GantryError("container-conflict", `container ${Id} is paused, unpause the container before attach`);
  }
  if (State.Restarting) {
    throw new GantryError("container-conflict", `container ${Id} is restarting, wait until the container is running`);
  }
}
