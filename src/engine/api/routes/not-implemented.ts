/**
 * Routes that Docker's API has and this engine does not: each says what is missing, and what does the work instead.
 *
 * Swarm's answer as on a Docker host outside a swarm, whose clients expect that.
 */
import type { Duplex } from "node:stream";
import { GantryError } from "../../../base/errors.js";
import type { Reply } from "../http/reply.js";
import type { Route } from "../http/router.js";

/** The last word says what is missing. */
const missing: ReadonlyArray<readonly [routes: string, what: string]> = [
  ["GET /images/search", "the search of Docker Hub"],
  ["GET /containers/{id}/checkpoints", "checkpoints"],
  ["POST /containers/{id}/checkpoints", "checkpoints"],
  ["DELETE /containers/{id}/checkpoints/{name}", "checkpoints"],
  ["GET /plugins/privileges", "plugins"],
  ["POST /plugins/pull", "plugins"],
  ["POST /plugins/create", "plugins"],
  ["POST /plugins/{name}/{action}", "plugins"],
  ["DELETE /plugins/{name}", "plugins"],
  ["PUT /volumes/{name}", "cluster volumes"],
  ["POST /build/cancel", "cancelling a build by its id"],
];

const swarm = ["swarm", "nodes", "services", "tasks", "secrets", "configs"];
const notInSwarm =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm ' +
  "and try again.";
const swarmIsMissing = "This engine does not take part in a swarm";

const buildKitIsMissing =
  "This engine does not speak BuildKit's protocol. Build with `gantry build`, or set DOCKER_BUILDKIT=0";
/** See the gRPC protocol's "Responses": 12 is UNIMPLEMENTED. */
const grpcUnimplemented = 12;

/** Stand first: some of their paths would otherwise be taken for a name. */
export function notImplementedRoutes(): Route[] {
  return [
    ...missing.map(([text, what]): Route => {
      const [method = "", pattern = ""] = text.split(" ");
      return {
        method,
        pattern,
        handle: ({ path }) => {
          throw new GantryError("not-supported", `${method} ${path}: this engine does not have ${what}`);
        },
      };
    }),
    refusal("POST", "/swarm/leave", "This node is not part of a swarm"),
    ...["init", "join"].map((action) => refusal("POST", `/swarm/${action}`, swarmIsMissing)),
    ...swarm.flatMap((word) =>
      [`/${word}`, `/${word}/{rest}`].flatMap((pattern) =>
        ["GET", "POST", "DELETE"].map((method) => refusal(method, pattern, notInSwarm)),
      ),
    ),
    { method: "POST", pattern: "/grpc", handle: grpc },
    { method: "POST", pattern: "/session", handle: session },
  ];
}

function refusal(method: string, pattern: string, message: string): Route {
  return {
    method,
    pattern,
    handle: () => {
      throw new GantryError("no-swarm", message);
    },
  };
}

/** The status of a plain answer would be all that a client shows of it: each call is answered in its own protocol. */
function grpc(): Reply {
  return {
    kind: "switch",
    protocol: "h2c",
    async serve(socket) {
      const session = process.getBuiltinModule("node:http2").performServerHandshake(socket);
      const headers = {
        ":status": 200,
        "content-type": "application/grpc",
        "grpc-status": String(grpcUnimplemented),
        "grpc-message": encodeURIComponent(buildKitIsMissing),
      };
      session.on("stream", (call) => {
        call.on("error", () => {});
        call.respond(headers, { endStream: true });
      });
      session.on("error", () => {});
      await closed(socket);
    },
  };
}

/** The engine would be the one who calls, and does not: the build's own request tells that it is refused. */
function session(): Reply {
  return {
    kind: "switch",
    protocol: "h2c",
    async serve(socket) {
      socket.resume();
      await closed(socket);
    },
  };
}

function closed(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once("close", resolve).once("end", resolve);
  });
}
