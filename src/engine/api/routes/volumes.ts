/** Routes of volumes. */
import { GantryError } from "../../../base/errors.js";
import { decodeFilters } from "../../../wire/filters.js";
import type { VolumeCreateBody, VolumeListReply } from "../../../wire/volume.js";
import { volumeCreateShape } from "../body-shapes.js";
import { empty, json } from "../http/reply.js";
import { flag, jsonBody, param, text } from "../http/request.js";
import type { Route } from "../http/router.js";
import type { ApiRooms } from "../rooms.js";

const listFilters = ["dangling", "driver", "label", "name"];

/** See Docker Engine API, "Volumes". */
export function volumeRoutes({ volumes, containers, events }: ApiRooms): Route[] {
  return [
    {
      method: "GET",
      pattern: "/volumes",
      handle: (request) => {
        const { dangling, ...filters } = decodeFilters(text(request, "filters"), listFilters);
        const all = volumes.list(filters);
        const wanted = danglingOf(dangling?.[0]);
        const Volumes = all.filter(
          ({ Name }) => wanted === undefined || wanted === (containers.usersOf({ volume: Name }).length === 0),
        );
        return json({ Volumes, Warnings: null } satisfies VolumeListReply);
      },
    },
    {
      method: "POST",
      pattern: "/volumes/create",
      handle: async (request) => {
        const volume = await volumes.create(await jsonBody<VolumeCreateBody>(request, volumeCreateShape));
        const Actor = { ID: volume.Name, Attributes: { driver: volume.Driver } };
        events.publish({ Type: "volume", Action: "create", Actor });
        return json(volume, 201);
      },
    },
    { method: "GET", pattern: "/volumes/{name}", handle: (request) => json(volumes.get(param(request, "name"))) },
    {
      method: "DELETE",
      pattern: "/volumes/{name}",
      handle: async (request) => {
        const name = param(request, "name");
        // By their ids, as Docker says it.
        const usedBy = () => containers.usersOf({ volume: name }).map((user) => containers.inspect(user).Id);
        await volumes.remove(name, { force: flag(request, "force"), usedBy });
        events.publish({ Type: "volume", Action: "destroy", Actor: { ID: name, Attributes: { driver: "local" } } });
        return empty();
      },
    },
  ];
}

function danglingOf(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (["true", "1", "t"].includes(text.toLowerCase())) return true;
  if (["false", "0", "f"].includes(text.toLowerCase())) return false;
  throw new GantryError("bad-parameter", `Invalid filter 'dangling=[${text}]'`);
}
