/** Routes of the engine itself: ping, version, info, events. */
import { GantryError } from "../../../base/errors.js";
import { decodeFilters } from "../../../wire/filters.js";
import { type EngineEvent, gantryFeatures } from "../../../wire/system.js";
import { json, type Reply } from "../http/reply.js";
import { type ApiRequest, seconds, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ApiRooms } from "../rooms.js";
import { infoReply, versionReply } from "../system/info.js";

const eventFilters = [
  "config",
  "container",
  "daemon",
  "event",
  "image",
  "label",
  "network",
  "node",
  "plugin",
  "scope",
  "secret",
  "service",
  "type",
  "volume",
];

/** See Docker Engine API, "System". */
export function systemRoutes(rooms: ApiRooms): Route[] {
  return [
    { method: "GET", pattern: "/_ping", handle: () => ping("OK") },
    { method: "HEAD", pattern: "/_ping", handle: () => ping("") },
    { method: "GET", pattern: "/version", handle: () => json(versionReply(rooms.facts)) },
    { method: "GET", pattern: "/info", handle: () => json(infoReply(rooms, new Date())) },
    { method: "GET", pattern: "/events", handle: (request) => events(rooms, request) },
    // Docker's own client asks for these while it looks for an object by name.
    { method: "GET", pattern: "/plugins", handle: () => json([]) },
    {
      method: "GET",
      pattern: "/plugins/{name}/json",
      handle: ({ params }) => {
        throw new GantryError("plugin-not-found", `plugin "${params.name}" not found`);
      },
    },
  ];
}

/** `Builder-Version` 1 sends docker's client to `POST /build` unless it is told to use BuildKit. */
function ping(body: string): Reply {
  const headers = {
    "Builder-Version": "1",
    "Gantry-Features": gantryFeatures.join(", "),
    Swarm: "inactive",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    Pragma: "no-cache",
  };
  return { kind: "text", status: 200, text: body, headers };
}

function events({ events: journal }: ApiRooms, request: ApiRequest): Reply {
  const filters = decodeFilters(text(request, "filters"), eventFilters);
  const query = { since: seconds(request, "since"), until: seconds(request, "until"), filters };
  const chunks = printEvents(journal.follow(query, request.signal), request.version);
  return { kind: "stream", contentType: eventType(request), chunks, lasting: true };
}

const legacyVersion = 51;

/** From 1.52 on a client says which form of lines it takes; before, they have the type of one JSON value. */
function eventType({ version, headers }: ApiRequest): string {
  if (version <= legacyVersion) return "application/json";
  const known = ["application/jsonl", "application/x-ndjson"];
  return known.find((type) => headers.accept?.includes(type)) ?? "application/jsonl";
}

async function* printEvents(events: AsyncIterable<EngineEvent>, version: number): AsyncGenerator<string, void> {
  const shape = version <= legacyVersion ? withLegacyFields : (event: EngineEvent) => event;
  for await (const event of events) yield `${JSON.stringify(shape(event))}\n`;
}

/** Clients up to 1.51 read the action and the object from the top level, where there is one. */
function withLegacyFields(event: EngineEvent): EngineEvent {
  if (event.Type !== "container" && event.Type !== "image") return event;
  const { ID, Attributes } = event.Actor;
  const from = event.Type === "container" && Attributes.image ? { from: Attributes.image } : {};
  return { status: event.Action, ...(ID === "" ? {} : { id: ID }), ...from, ...event };
}
