/** What can be done to the selected service, each with the command that does the same. Pure. */
import type { ContainerSummary, PortSummary } from "../../../wire/container.js";
import type { Action, ConsoleState, MenuEntry } from "./console-state.js";
import { containerOf, type ServiceRow, selectedRow, serviceOf } from "./service-rows.js";

/** Keys of the actions, as the menu and the screens take them. */
export const actionKeys = ["u", "s", "x", "r", "c", "e", "o", "y", "Y"] as const;

/** The menu of the selected row, or of the marked services; entries that cannot be done have a reason. */
export function actionMenu(state: ConsoleState): MenuEntry[] {
  const row = selectedRow(state);
  const services = actedOn(state, row);
  const { command } = state.loaded;
  const names = services.join(" ");
  const container = containerOf(row);
  const isRunning = container?.State === "running";
  const hasFiles = state.loaded.project !== undefined;
  const wish = (kind: "start" | "stop" | "restart"): Action => ({
    kind: "wish",
    command: `${command} ${kind} ${names}`,
    wish: { kind, services },
  });
  const none = services.length === 0 ? "there is no service" : undefined;
  const noContainer = none ?? (container ? undefined : "it has no container yet: u brings it up");
  return [
    entry("u", "bring up", none ?? (hasFiles ? undefined : "no Compose file is known"), () => ({
      kind: "wish",
      command: `${command} up -d ${names}`,
      wish: { kind: "up", services },
    })),
    entry("s", "start", noContainer, () => wish("start")),
    entry("x", "stop", noContainer, () => wish("stop")),
    entry("r", "restart", noContainer, () => wish("restart")),
    { key: "c", label: "scale …", ...(hasFiles ? {} : { reason: "no Compose file is known" }) },
    entry("e", "shell in the container", isRunning ? undefined : "it does not run", () => ({
      kind: "shell",
      command: `${command} exec${row?.replica ? ` --index ${row.replica}` : ""} ${row?.service ?? ""} sh`,
      containerId: container?.Id ?? "",
    })),
    entry("o", "open in the browser", urlOf(container) ? undefined : "it publishes no port", () => ({
      kind: "browse",
      url: urlOf(container) ?? "",
      command: `${command} url --open ${row?.service ?? ""}`,
    })),
    entry("y", "copy the container's name", noContainer, () => ({
      kind: "copy",
      text: nameOf(container),
      command: `${command} ps --format '{{.Name}}' ${row?.service ?? ""}`,
    })),
    entry("Y", "copy its address", urlOf(container) ? undefined : "it publishes no port", () => ({
      kind: "copy",
      text: urlOf(container) ?? "",
      command: `${command} url ${row?.service ?? ""}`,
    })),
  ];
}

/** Scaling of the selected service; the command tells what it comes to. */
export function scaleAction(state: ConsoleState, count: number): Action {
  const service = selectedRow(state)?.service ?? "";
  return {
    kind: "wish",
    command: `${state.loaded.command} scale ${service}=${count}`,
    wish: { kind: "scale", service, count },
  };
}

/** `http://localhost:8080` of the first TCP port it publishes. */
export function urlOf(container: ContainerSummary | undefined): string | undefined {
  const port = publishedPort(container);
  if (!port) return undefined;
  const scheme = port.PrivatePort === 443 || port.PrivatePort === 8443 ? "https" : "http";
  const everywhere = port.IP === undefined || port.IP === "0.0.0.0" || port.IP === "::" || port.IP === "";
  const host = everywhere ? "localhost" : port.IP?.includes(":") ? `[${port.IP}]` : port.IP;
  return `${scheme}://${host}:${port.PublicPort}`;
}

function publishedPort(container: ContainerSummary | undefined): PortSummary | undefined {
  return container?.Ports.filter(isPublished).sort((a, b) => a.PrivatePort - b.PrivatePort)[0];
}

/** Without the slash. */
export function nameOf(container: ContainerSummary | undefined): string {
  return (container?.Names[0] ?? "").replace(/^\//, "");
}

/** Marked services, else the one of the selected row. */
export function actedOn({ marked }: Pick<ConsoleState, "marked">, row: ServiceRow | undefined): string[] {
  if (marked.size > 0) return [...marked].sort();
  return row ? [row.service] : [];
}

/** Containers of the marked services, else of the selected row, else of all. */
export function logContainers(
  state: ConsoleState,
  rows: readonly ServiceRow[],
  which: "selected" | "all",
): ContainerSummary[] {
  const services = rows.filter((row) => row.replica === undefined);
  if (which === "all") return services.flatMap(({ containers }) => containers);
  if (state.marked.size > 0) {
    return services.flatMap(({ containers }) => containers).filter((one) => state.marked.has(serviceOf(one)));
  }
  return [...(selectedRow(state)?.containers ?? [])];
}

function entry(key: string, label: string, reason: string | undefined, action: () => Action): MenuEntry {
  return reason === undefined ? { key, label, action: action() } : { key, label, reason };
}

function isPublished({ PublicPort, Type }: PortSummary): boolean {
  return PublicPort !== undefined && PublicPort > 0 && Type === "tcp";
}
