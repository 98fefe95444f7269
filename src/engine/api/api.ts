/** The engine's API: every route, on one socket. */
import { apiVersion } from "../../wire/system.js";
import { historyRoutes } from "./history/history-routes.js";
import type { TlsListener } from "./http/listen-tls.js";
import { createRouter, type Route } from "./http/router.js";
import { type ApiServer, serve } from "./http/server.js";
import type { ApiRooms } from "./rooms.js";
import { buildRoutes } from "./routes/build.js";
import { containerFileRoutes } from "./routes/container-files.js";
import { containerResourceRoutes } from "./routes/container-resources.js";
import { containerStreamRoutes } from "./routes/container-streams.js";
import { containerRoutes } from "./routes/containers.js";
import { execRoutes } from "./routes/execs.js";
import { gantryRoutes } from "./routes/gantry.js";
import { imageArchiveRoutes } from "./routes/image-archives.js";
import { imageRoutes } from "./routes/images.js";
import { networkRoutes } from "./routes/networks.js";
import { notImplementedRoutes } from "./routes/not-implemented.js";
import { pruneRoutes } from "./routes/prune.js";
import { registryRoutes } from "./routes/registry.js";
import { systemRoutes } from "./routes/system.js";
import { volumeRoutes } from "./routes/volumes.js";
import { attachWsRoute } from "./websocket/attach-ws.js";

export type { ApiServer };

export interface ApiListeners {
  /** A group that may use the socket too: its id. */
  readonly socketGid?: number | undefined;
  /** A TCP port for other hosts. */
  readonly tls?: TlsListener | undefined;
  readonly log: (text: string) => void;
}

/** Every route, in the order in which they are tried. */
export function apiRoutes(rooms: ApiRooms): Route[] {
  return [
    ...systemRoutes(rooms),
    attachWsRoute(rooms),
    ...notImplementedRoutes(),
    ...buildRoutes(rooms),
    ...pruneRoutes(rooms),
    ...imageArchiveRoutes(rooms),
    ...registryRoutes(rooms),
    ...gantryRoutes(rooms),
    ...historyRoutes(rooms),
    ...containerFileRoutes(rooms),
    ...containerResourceRoutes(rooms),
    ...containerStreamRoutes(rooms),
    ...execRoutes(rooms),
    ...containerRoutes(rooms),
    ...imageRoutes(rooms),
    ...networkRoutes(rooms),
    ...volumeRoutes(rooms),
  ];
}

/** Serves the Docker Engine API and `/gantry/…` on `facts.socket`, for its owner alone. Resolves when it listens. */
export function serveApi(rooms: ApiRooms, { socketGid, tls, log }: ApiListeners): Promise<ApiServer> {
  const router = createRouter(apiRoutes(rooms));
  return serve({
    socket: rooms.facts.socket,
    socketMode: 0o600,
    ...{ socketGid, tls },
    router,
    headers: {
      "Api-Version": apiVersion,
      "Docker-Experimental": "false",
      Ostype: "linux",
      Server: `Gantry/${rooms.facts.version} (linux)`,
    },
    log,
    onRequest: () => rooms.activity.enter(),
  });
}
