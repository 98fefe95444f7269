/** Routes of containers' files: archives in and out, what changed, the whole tree. */
import { GantryError } from "../../../base/errors.js";
import type { TreeStat } from "../../containers/files/container-files.js";
import { goFileMode } from "../go-file-mode.js";
import { gzipped, takesGzip } from "../http/gzip.js";
import { empty, json, type Reply } from "../http/reply.js";
import { type ApiRequest, flag, param, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ApiRooms } from "../rooms.js";

const tarType = "application/x-tar";
const changeKinds = { modified: 0, added: 1, deleted: 2 } as const;

/** See Docker Engine API, "ContainerArchive", "ContainerChanges", "ContainerExport". */
export function containerFileRoutes({ containers }: ApiRooms): Route[] {
  const archive = (method: string, handle: (id: string, request: ApiRequest) => Promise<Reply>): Route => ({
    method,
    pattern: "/containers/{id}/archive",
    handle: (request) => handle(param(request, "id"), request),
  });
  return [
    archive("HEAD", async (id, request) => {
      const stat = await containers.files.stat(id, pathOf(request), request.signal);
      return { kind: "text", status: 200, text: "", headers: statHeader(stat) };
    }),
    archive("GET", async (id, request) => {
      const { stat, chunks } = await containers.files.read(id, pathOf(request), request.signal);
      return { kind: "stream", contentType: tarType, ...asAccepted(request, chunks, statHeader(stat)) };
    }),
    archive("PUT", async (id, request) => {
      const target = {
        path: pathOf(request),
        keepKinds: flag(request, "noOverwriteDirNonDir"),
        toUser: flag(request, "copyUIDGID"),
      };
      try {
        await containers.files.write(id, target, { archive: request.body, signal: request.signal });
      } finally {
        request.body.resume(); // what a refusal left unread
      }
      return empty(200);
    }),
    {
      method: "GET",
      pattern: "/containers/{id}/changes",
      handle: async (request) => {
        const changes = await containers.files.changes(param(request, "id"), request.signal);
        const listed = changes.map(({ path, kind }) => ({ Path: path, Kind: changeKinds[kind] }));
        return json(listed.length > 0 ? listed : null);
      },
    },
    {
      method: "GET",
      pattern: "/containers/{id}/export",
      handle: async (request) => {
        const chunks = await containers.files.export(param(request, "id"), request.signal);
        return { kind: "stream", contentType: tarType, chunks };
      },
    },
  ];
}

/** Compressed for who says that gzip will do, as Docker does it for an archive. */
function asAccepted(
  { headers: { "accept-encoding": accepted = "" } }: ApiRequest,
  chunks: AsyncIterable<Uint8Array>,
  headers: Record<string, string>,
): { chunks: AsyncIterable<Uint8Array>; headers: Record<string, string> } {
  if (!takesGzip(String(accepted))) return { chunks, headers };
  return { chunks: gzipped(chunks), headers: { ...headers, "Content-Encoding": "gzip" } };
}

function pathOf(request: ApiRequest): string {
  const path = text(request, "path");
  if (path === undefined) throw new GantryError("bad-parameter", "bad parameter: 'path' cannot be empty");
  if (path.includes("\0")) throw new GantryError("bad-parameter", "bad parameter: 'path' holds a NUL");
  return path;
}

function statHeader({ name, sizeBytes, mode, modifiedMs, linkTarget }: TreeStat): Record<string, string> {
  const mtime = new Date(modifiedMs).toISOString();
  const stat = { name, size: sizeBytes, mode: goFileMode(mode), mtime, linkTarget };
  return { "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(stat)).toString("base64") };
}
