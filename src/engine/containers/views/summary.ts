/** A container's record in the shape of an element of `GET /containers/json`. Pure. */
import type { ContainerSummary, PortMap, PortSummary } from "../../../wire/container.js";
import { commandLine } from "../create/merge-config.js";
import type { ContainerRecord } from "../record/container-record.js";
import { bothFamilies, type InspectFacts, mountPoints, networksOf } from "./inspect.js";
import { statusText } from "./status-text.js";

/** `imageName` is the name in the request while it still means the container's image, else the image's id. */
export type SummaryFacts = Pick<InspectFacts, "networkId" | "volumePath" | "imagePath"> & {
  readonly now: Date;
  readonly imageName: string;
};

export function summarizeContainer(record: ContainerRecord, facts: SummaryFacts): ContainerSummary {
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: facts.imageName,
    ImageID: record.imageId,
    Command: commandLine(record.config).map(quoted).join(" "),
    Created: Math.floor(Date.parse(record.createdAt) / 1000),
    Ports: portSummaries(record.state.sandbox?.ports ?? {}),
    Labels: record.config.Labels ?? {},
    State: record.state.status,
    Status: statusText(record.state, facts.now),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode ?? "bridge" },
    NetworkSettings: { Networks: networksOf(record, facts.networkId) },
    Mounts: mountPoints(record.mounts, facts),
    ...(record.state.standby ? { GantryStandby: true } : {}),
    ...(record.state.status === "exited" ? { GantryStopped: record.state.stoppedByUser } : {}),
  };
}

function portSummaries(ports: PortMap): PortSummary[] {
  return Object.entries(bothFamilies(ports)).flatMap(([port, bindings]): PortSummary[] => {
    const [number = "", Type = "tcp"] = port.split("/");
    const PrivatePort = Number(number);
    if (!bindings) return [{ PrivatePort, Type }];
    return bindings.map(({ HostIp, HostPort }) => ({
      ...(HostIp ? { IP: HostIp } : {}),
      PrivatePort,
      PublicPort: Number(HostPort),
      Type,
    }));
  });
}

/** For people, as Docker shows it: no shell would read every word back. */
function quoted(word: string, at: number): string {
  return at > 0 && word.includes(" ") ? `'${word}'` : word;
}
