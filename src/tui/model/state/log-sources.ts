/** Whose logs are shown, also once other containers have taken their place. Pure. */
import type { ContainerSummary } from "../../../wire/container.js";
import { logContainers, nameOf } from "./actions.js";
import type { ConsoleState } from "./console-state.js";
import type { LogSource } from "./logs-state.js";
import { numberOf, projectContainers, serviceOf, serviceRows } from "./service-rows.js";
import type { Update } from "./update.js";
import { openLogs, reopen } from "./update-logs.js";

/** More names than that are counted. */
const mostNames = 3;

/** Opens the logs of the selected or marked services, or of all. */
export function showLogs(state: ConsoleState, which: "selected" | "all"): Update {
  const containers = logContainers(state, serviceRows(state), which);
  if (containers.length === 0) {
    const text = "There is no container yet, so there are no logs.";
    return { state: { ...state, notice: { tone: "wait", text } }, effects: [] };
  }
  const services = [...new Set(containers.map(serviceOf))];
  const title = services.length > mostNames ? `${services.length} services` : services.join(", ");
  const { logs, effects } = openLogs(state.logs, { title, services, sources: sourcesOf(containers) });
  return { state: { ...state, screen: "logs", logs }, effects };
}

/**
 * The same services' logs where they have containers that are not shown: at once where the end is followed, else when
 * one goes to the end, because what is read now would go.
 */
export function refreshSources(state: ConsoleState): Update {
  const { logs, screen } = state;
  if (!logs || screen !== "logs") return { state, effects: [] };
  const sources = sourcesOf(projectContainers(state).filter((one) => logs.services.includes(serviceOf(one))));
  const known = new Set((logs.newer ?? logs.sources).map(({ containerId }) => containerId));
  if (sources.every(({ containerId }) => known.has(containerId))) return { state, effects: [] };
  const refreshed = { ...logs, newer: sources };
  if (!logs.follows) return { state: { ...state, logs: refreshed }, effects: [] };
  const next = reopen(refreshed, { filter: logs.filter });
  return { state: { ...state, logs: next.logs }, effects: next.effects };
}

function sourcesOf(containers: readonly ContainerSummary[]): LogSource[] {
  const hasReplicas = (service: string) => containers.filter((one) => serviceOf(one) === service).length > 1;
  return containers.map((one) => {
    const service = serviceOf(one);
    const label = hasReplicas(service) ? `${service}-${numberOf(one)}` : service || nameOf(one);
    return { containerId: one.Id, label };
  });
}
