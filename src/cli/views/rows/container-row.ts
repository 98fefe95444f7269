/** Containers as docker's `ps` lists them. Pure. */
import { shortId } from "../../../oci/short-id.js";
import type { ContainerSummary } from "../../../wire/container.js";
import { humanDuration } from "../../../wire/human-duration.js";
import { printSize } from "../table.js";
import { cut, labelOf, printLabels } from "./cut.js";
import { goTime } from "./go-time.js";
import { portsText } from "./ports-text.js";

/** The titles of a container's fields and the columns of the table. */
export const containerListing = {
  titles: {
    ...{ ID: "CONTAINER ID", Names: "NAMES", Image: "IMAGE", Command: "COMMAND", CreatedAt: "CREATED AT" },
    ...{ RunningFor: "CREATED", Ports: "PORTS", State: "STATE", Status: "STATUS", Size: "SIZE", Labels: "LABELS" },
    ...{ Mounts: "MOUNTS", LocalVolumes: "LOCAL VOLUMES", Networks: "NETWORKS", Platform: "PLATFORM" },
  },
  columns: ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"],
} as const;

const shownCommand = 20;
const shownMount = 15;

/** `now` in milliseconds since the epoch. Without `trunc` nothing is shortened. */
export function containerRow(container: ContainerSummary, { trunc, now }: { trunc: boolean; now: number }) {
  const { Id, Command, Created, Labels, Mounts } = container;
  const mounts = Mounts.map(({ Name, Source }) => Name || Source);
  return {
    ID: trunc ? shortId(Id) : Id,
    // A name with a slash inside is a link of another container to this one.
    Names: container.Names.map((name) => name.replace(/^\//, ""))
      .filter((name) => !trunc || !name.includes("/"))
      .join(","),
    Image: trunc && container.Image.startsWith("sha256:") ? shortId(container.Image) : container.Image || "<no image>",
    Command: `"${trunc ? cut(Command, shownCommand) : Command}"`,
    CreatedAt: goTime(new Date(Created * 1000)),
    RunningFor: `${humanDuration(now - Created * 1000)} ago`,
    Ports: portsText(container.Ports),
    State: container.State,
    Status: container.Status,
    Size: sizeText(container),
    Labels: printLabels(Labels),
    Mounts: mounts.map((name) => (trunc ? cut(name, shownMount) : name)).join(","),
    LocalVolumes: String(Mounts.filter(({ Driver }) => Driver === "local").length),
    Networks: Object.keys(container.NetworkSettings.Networks).join(","),
    Label: labelOf(Labels),
  };
}

/** `12kB (virtual 4.4MB)`: what it wrote, and that with its image. */
function sizeText({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  return SizeRootFs > 0 ? `${printSize(SizeRw)} (virtual ${printSize(SizeRootFs)})` : printSize(SizeRw);
}
