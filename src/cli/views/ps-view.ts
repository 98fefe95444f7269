/** Containers of a project as `ps` shows them: a table, or Docker Compose's JSON lines. Pure. */

import { shortId } from "../../oci/short-id.js";
import type { ContainerSummary, PortSummary } from "../../wire/container.js";
import { humanDuration } from "../../wire/human-duration.js";
import { composeLabels } from "../../wire/labels.js";
import { containerListing } from "./rows/container-row.js";
import { cut, labelOf, printLabels } from "./rows/cut.js";
import { goTime } from "./rows/go-time.js";
import { portsText } from "./rows/ports-text.js";

const commandChars = 20;

/** The titles of a container's fields and the columns of the table. */
export const psListing = {
  titles: {
    ...containerListing.titles,
    ...{ Name: "NAME", Names: "NAMES", Service: "SERVICE", Project: "PROJECT", Publishers: "PORTS", Health: "HEALTH" },
    ...{ ExitCode: "EXIT CODE", Engine: "ENGINE" },
  },
  columns: ["Name", "Image", "Command", "Service", "RunningFor", "Status", "Ports"],
} as const;

/** `now` in milliseconds since the epoch; without `trunc` commands and ids are in full. */
export function psRow(container: ContainerSummary, now: number, { trunc = true }: { trunc?: boolean } = {}) {
  const { Command, Id, Labels, Status } = container;
  return {
    Command: JSON.stringify(trunc ? cut(Command, commandChars) : Command),
    CreatedAt: goTime(new Date(container.Created * 1000)),
    Engine: "",
    ExitCode: Number(/^Exited \((\d+)\)/.exec(Status)?.[1] ?? 0),
    Health: healthOf(Status),
    ID: trunc ? shortId(Id) : Id,
    Image: container.Image,
    Labels: printLabels(Labels),
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
    Label: labelOf(Labels),
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
