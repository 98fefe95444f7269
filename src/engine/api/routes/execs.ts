/** Routes of processes that are started in running containers. */
import type { Duplex } from "node:stream";
import { GantryError, messageOf } from "../../../base/errors.js";
import type { ExecCreateBody, ExecStartBody } from "../../../wire/container.js";
import { encodeFrame } from "../../../wire/stream.js";
import { execCreateShape, execStartShape } from "../body-shapes.js";
import { empty, json, type Reply, rawStream } from "../http/reply.js";
import { type ApiRequest, integer, jsonBody, param } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ApiRooms } from "../rooms.js";
import { clientScanner, joinStreams } from "../stdio.js";
import { streamType } from "./container-streams.js";

/** See Docker Engine API, "Exec". */
export function execRoutes({ containers }: ApiRooms): Route[] {
  return [
    {
      method: "POST",
      pattern: "/containers/{id}/exec",
      handle: async (request) => {
        const body = await jsonBody<ExecCreateBody>(request, execCreateShape);
        clientScanner(body.DetachKeys, body.Tty === true); // bad keys are told at once
        return json({ Id: containers.execCreate(param(request, "id"), body) }, 201);
      },
    },
    { method: "POST", pattern: "/exec/{id}/start", handle: (request) => start(containers, request) },
    {
      method: "POST",
      pattern: "/exec/{id}/resize",
      handle: (request) => {
        const size = { height: integer(request, "h") ?? 0, width: integer(request, "w") ?? 0 };
        containers.execResize(param(request, "id"), size);
        return empty(200);
      },
    },
    {
      method: "GET",
      pattern: "/exec/{id}/json",
      handle: (request) => json(containers.execInspect(param(request, "id"))),
    },
  ];
}

async function start(containers: ApiRooms["containers"], request: ApiRequest): Promise<Reply> {
  const body = await jsonBody<ExecStartBody>(request, execStartShape);
  const exec = containers.execInspect(param(request, "id"));
  if (exec.Running) throw new GantryError("container-conflict", `Error: Exec command ${exec.ID} is already running`);
  if (exec.ExitCode !== null) {
    throw new GantryError("container-conflict", `Error: Exec command ${exec.ID} has already run`);
  }
  if (body.Detach) {
    await containers.execStart(exec.ID, body);
    return empty(200);
  }
  // What was said at create holds, whatever this body says: the process was planned by it.
  const { tty } = exec.ProcessConfig;
  return {
    kind: "hijack",
    contentType: request.upgrade ? streamType(tty, request.version) : rawStream,
    serve: (socket) => serve(socket, exec, () => containers.execStart(exec.ID, body)),
  };
}

/** A process that cannot be started is told as its output: clients read its exit code from `inspect` afterwards. */
async function serve(
  socket: Duplex,
  { OpenStdin: stdin, ProcessConfig: { tty }, DetachKeys }: ReturnType<ApiRooms["containers"]["execInspect"]>,
  startExec: () => ReturnType<ApiRooms["containers"]["execStart"]>,
): Promise<void> {
  let stdio: Awaited<ReturnType<typeof startExec>>;
  try {
    stdio = await startExec();
  } catch (error) {
    const payload = Buffer.from(`${messageOf(error)}\r\n`);
    socket.write(tty ? payload : encodeFrame({ stream: "stderr", payload }));
    return;
  }
  if (!stdio) return;
  try {
    await joinStreams(socket, stdio.stream, { stdin, endStdin: true, detach: clientScanner(DetachKeys, tty) });
  } finally {
    stdio.close();
  }
}
