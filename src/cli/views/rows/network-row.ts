/** Networks and volumes as docker lists them. Pure. */
import { shortId } from "../../../oci/short-id.js";
import type { NetworkInspect } from "../../../wire/network.js";
import type { VolumeInspect } from "../../../wire/volume.js";
import { printSize } from "../table.js";
import { labelOf, printLabels } from "./cut.js";

/** The titles of a network's fields and the columns of the table. */
export const networkListing = {
  titles: {
    ...{ ID: "NETWORK ID", Name: "NAME", Driver: "DRIVER", Scope: "SCOPE", IPv4: "IPV4", IPv6: "IPV6" },
    ...{ Internal: "INTERNAL", Labels: "LABELS", CreatedAt: "CREATED AT" },
  },
  columns: ["ID", "Name", "Driver", "Scope"],
} as const;

export function networkRow(network: NetworkInspect, { trunc }: { trunc: boolean }) {
  const { Id, Name, Driver, Scope, Labels } = network;
  return {
    ...{ ID: trunc ? shortId(Id) : Id, Name, Driver, Scope },
    // Engines before 28 do not say it, and give every network IPv4.
    IPv4: String(network.EnableIPv4 ?? true),
    IPv6: String(network.EnableIPv6),
    Internal: String(network.Internal),
    Labels: printLabels(Labels),
    CreatedAt: network.Created.replace("T", " ").replace(/Z$/, " +0000 UTC"),
    Label: labelOf(Labels),
  };
}

/** The titles of a volume's fields and the columns of the table. */
export const volumeListing = {
  titles: {
    ...{ Name: "VOLUME NAME", Driver: "DRIVER", Scope: "SCOPE", Mountpoint: "MOUNTPOINT", Labels: "LABELS" },
    ...{ Links: "LINKS", Size: "SIZE", Availability: "AVAILABILITY", Group: "GROUP", Status: "STATUS" },
  },
  columns: ["Driver", "Name"],
} as const;

/** `UsageData` is there in answers to `system df` only. */
export function volumeRow(volume: VolumeInspect & { UsageData?: { Size: number; RefCount: number } }) {
  const { Name, Driver, Scope, Mountpoint, Labels, UsageData } = volume;
  return {
    ...{ Name, Driver, Scope, Mountpoint, Labels: printLabels(Labels) },
    Links: UsageData ? String(UsageData.RefCount) : "N/A",
    Size: UsageData && UsageData.Size >= 0 ? printSize(UsageData.Size, 4) : "N/A",
    ...{ Availability: "N/A", Group: "N/A", Status: "N/A" },
    Label: labelOf(Labels),
  };
}
