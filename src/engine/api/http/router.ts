/**
 * Finds the route of a request.
 *
 * Pure. Placeholders are greedy, as names of images hold slashes: `/images/{name}/json` takes
 * `/images/localhost:5000/a/b/json`. Routes are tried in the order of the table, so literal ones stand first.
 */
import type { Reply } from "./reply.js";
import type { ApiRequest } from "./request.js";

export interface Route {
  readonly method: string;
  /** `{name}` takes one or more characters, slashes included. */
  readonly pattern: string;
  handle(request: ApiRequest): Reply | Promise<Reply>;
}

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}
export type Router = (method: string, path: string) => RouteMatch | undefined;

/** Compiles the table once. A path that is badly escaped matches nothing. */
export function createRouter(routes: readonly Route[]): Router {
  const compiled = routes.map((route) => ({ route, expression: compile(route.pattern) }));
  return (method, path) => {
    for (const { route, expression } of compiled) {
      if (route.method !== method) continue;
      const match = expression.exec(path);
      const params = match && unescapeAll(match.groups ?? {});
      if (params) return { route, params };
    }
    return undefined;
  };
}

function compile(pattern: string): RegExp {
  const source = pattern
    .split(/(\{\w+\})/)
    .map((part) => (/^\{\w+\}$/.test(part) ? `(?<${part.slice(1, -1)}>.+)` : part.replace(/[.*+?^$()|[\]\\]/g, "\\$&")))
    .join("");
  return new RegExp(`^${source}/?$`);
}

function unescapeAll(groups: Record<string, string>): Record<string, string> | undefined {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    return undefined;
  }
}
