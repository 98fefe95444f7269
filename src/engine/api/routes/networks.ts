/** Routes of networks. */
import { GantryError } from "../../../base/errors.js";
import { decodeFilters } from "../../../wire/filters.js";
import type { NetworkConnectBody, NetworkCreateBody, NetworkDisconnectBody } from "../../../wire/network.js";
import { createWarning } from "../../networks/create-request.js";
import { networkConnectShape, networkCreateShape, networkDisconnectShape } from "../body-shapes.js";
import { empty, json } from "../http/reply.js";
import { jsonBody, param, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ApiRooms } from "../rooms.js";

const listFilters = ["dangling", "driver", "id", "label", "name", "scope", "type"];

/** See Docker Engine API, "Networks". */
export function networkRoutes({ networks, containers }: ApiRooms): Route[] {
  return [
    {
      method: "GET",
      pattern: "/networks",
      handle: (request) => {
        const filters = decodeFilters(text(request, "filters"), listFilters);
        const strange = filters.type?.find((value) => !["builtin", "custom"].includes(value));
        if (strange !== undefined) throw new GantryError("bad-parameter", `invalid filter: 'type'='${strange}'`);
        return json(networks.list(filters));
      },
    },
    {
      method: "POST",
      pattern: "/networks/create",
      handle: async (request) => {
        const body = await jsonBody<NetworkCreateBody>(request, networkCreateShape);
        const { Id } = await networks.create(body);
        return json({ Id, Warning: createWarning(body) }, 201);
      },
    },
    {
      method: "POST",
      pattern: "/networks/{id}/connect",
      handle: async (request) => {
        const body = await jsonBody<NetworkConnectBody>(request, networkConnectShape);
        if (!body.Container) throw new GantryError("bad-parameter", "Container names no container");
        await containers.connectNetwork(body.Container, param(request, "id"), body.EndpointConfig ?? {});
        return empty(200);
      },
    },
    {
      method: "POST",
      pattern: "/networks/{id}/disconnect",
      handle: async (request) => {
        const body = await jsonBody<NetworkDisconnectBody>(request, networkDisconnectShape);
        if (!body.Container) throw new GantryError("bad-parameter", "Container names no container");
        await containers.disconnectNetwork(body.Container, param(request, "id"), { force: body.Force === true });
        return empty(200);
      },
    },
    { method: "GET", pattern: "/networks/{id}", handle: (request) => json(networks.get(param(request, "id"))) },
    {
      method: "DELETE",
      pattern: "/networks/{id}",
      handle: async (request) => {
        await networks.remove(param(request, "id"));
        return empty();
      },
    },
  ];
}
