/** Routes that Docker's API has and this engine does not: each answers 501 and names itself. */
import { GantryError } from "../../../base/errors.js";
import type { Route } from "../http/router.js";

const missing = [
  "GET /system/df",
  "POST /auth",
  "POST /containers/prune",
  "GET /containers/{id}/attach/ws",
  "POST /commit",
  "POST /build",
  "POST /build/prune",
  "POST /images/{name}/push",
  "GET /images/{name}/history",
  "GET /images/search",
  "POST /images/prune",
  "POST /images/load",
  "GET /images/get",
  "GET /images/{name}/get",
  "POST /networks/prune",
  "POST /volumes/prune",
  "GET /distribution/{name}/json",
];

/** Stand first: some of their paths would otherwise be taken for a name. */
export function notImplementedRoutes(): Route[] {
  return missing.map((text) => {
    const [method = "", pattern = ""] = text.split(" ");
    return {
      method,
      pattern,
      handle: ({ path }) => {
        throw new GantryError("not-supported", `${method} ${path} is not implemented by this engine`);
      },
    };
  });
}
