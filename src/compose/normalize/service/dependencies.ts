/** Normalises `depends_on`, with the dependencies that other keys imply. Pure. */
import type { Dependency, DependencyCondition } from "../../project.js";
import { child, itemsOf, membersOf, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import { readFlag, readText, readTexts } from "../read.js";

/** By service, sorted. Sharing another service's namespace, links or volumes implies that it starts first. */
export function normalizeDependencies(service: Tree, context: Context): Map<string, Dependency> {
  const node = child(service, "depends_on");
  const found = new Map<string, Dependency>();
  for (const { name, restart, place } of context.isBare ? [] : impliedDependencies(service, context)) {
    found.set(name, { condition: "service_started", restart, required: true });
    context.sources.set(`${service.path}.depends_on.${name}`, place.at);
  }
  for (const item of itemsOf(node)) {
    const name = readText(item) ?? "";
    found.set(name, { condition: "service_started", restart: false, required: true });
    context.sources.set(`${node?.path}.${name}`, item.at);
  }
  for (const [name, value] of membersOf(node)) {
    const condition = readText(child(value, "condition"));
    found.set(name, {
      condition: isCondition(condition) ? condition : "service_started", // the schema reported another one
      restart: readFlag(child(value, "restart"), context) ?? false,
      required: readFlag(child(value, "required"), context) ?? true,
    });
    context.sources.set(`${node?.path}.${name}`, value.at);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function impliedDependencies(service: Tree, context: Context): Array<{ name: string; restart: boolean; place: Tree }> {
  const shared = ["network_mode", "ipc", "pid", "uts", "cgroup"].flatMap((key) => {
    const place = child(service, key);
    const name = /^service:(.+)$/.exec(readText(place) ?? "")?.[1];
    if (readText(place) === "service:" && place) {
      const expected = "service: and the name of a service";
      context.report.error(place, "bad-value", `${place.path} names no service`, { expected });
    }
    return place && name ? [{ name, restart: true, place }] : [];
  });
  const listed = (key: string, restart: boolean) =>
    itemsOf(child(service, key)).flatMap((place) => {
      const name = readTexts(place)[0]?.split(":")[0];
      return name && name !== "container" ? [{ name, restart, place }] : [];
    });
  return [...shared, ...listed("links", true), ...listed("volumes_from", false)];
}

function isCondition(text: string | undefined): text is DependencyCondition {
  return text === "service_started" || text === "service_healthy" || text === "service_completed_successfully";
}
