/** Routes that Docker's API has and this engine does not: each answers 501 and names itself. */
import { GantryError } from "../../../base/errors.js";
import type { Route } from "../http/router.js";

const missing = ["GET /containers/{id}/attach/ws", "GET /images/search"];

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
