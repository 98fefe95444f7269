/** Containers of a project as `ps` shows them: a table, or Docker Compose's JSON lines. Pure. */
import type { ContainerSummary, PortSummary } from "../../wire/container.js";
import { humanDuration } from "../../wire/human-duration.js";
import { composeLabels } from "../../wire/labels.js";
import { portsText } from "./rows/ports-text.js";
import { printTable } from "./table.js";

const commandChars = 22;

/**
 * Columns NAME IMAGE COMMAND SERVICE CREATED STATUS PORTS. `now` in milliseconds since the epoch; commands are
 * shortened unless `trunc` is false.
 */
export function psTable(containers: readonly ContainerSummary[], now: number, { trunc = true } = {}): string {
  return printTable(
    ["NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"],
    containers.map((container) => [
      nameOf(container),
      container.Image,
      JSON.stringify(trunc ? shortened(container.Command) : container.Command),
      container.Labels[composeLabels.service] ?? "",
      `${humanDuration(now - container.Created * 1000)} ago`,
      container.Status,
      portsText(container.Ports),
    ]),
  );
}

/** One object of `ps --format json`. */
export function psJson(container: ContainerSummary, now: number): Record<string, unknown> {
  const { Labels, Status } = container;
  return {
    Command: JSON.stringify(container.Command),
    CreatedAt: new Date(container.Created * 1000).toISOString(),
    ExitCode: Number(/^Exited \((\d+)\)/.exec(Status)?.[1] ?? 0),
    Health: healthOf(Status),
    ID: container.Id,
    Image: container.Image,
    Labels: Object.entries(Labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
    LocalVolumes: String(container.Mounts.filter((mount) => mount.Driver === "local").length),
    Mounts: container.Mounts.map((mount) => mount.Name ?? mount.Source).join(","),
    Name: nameOf(container),
    Names: nameOf(container),
    Networks: Object.keys(container.NetworkSettings.Networks).join(","),
    Ports: portsText(container.Ports),
    Project: Labels[composeLabels.project] ?? "",
    Publishers: container.Ports.map(publisher),
    RunningFor: `${humanDuration(now - container.Created * 1000)} ago`,
    Service: Labels[composeLabels.service] ?? "",
    Size: "0B",
    State: container.State,
    Status,
  };
}

/** Without the slash. */
export function nameOf(container: ContainerSummary): string {
  return (container.Names[0] ?? container.Id).replace(/^\//, "");
}

function publisher({ IP, PublicPort, PrivatePort, Type }: PortSummary) {
  return { URL: IP ?? "", TargetPort: PrivatePort, PublishedPort: PublicPort ?? 0, Protocol: Type };
}

function healthOf(status: string): string {
  if (status.endsWith("(healthy)")) return "healthy";
  if (status.endsWith("(unhealthy)")) return "unhealthy";
  return status.endsWith("(health: starting)") ? "starting" : "";
}

function shortened(command: string): string {
  return command.length > commandChars ? `${command.slice(0, commandChars - 1)}…` : command;
}
