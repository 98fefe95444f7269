/**
 * What keeps a new container from running beside the old one, so that the old one has to stop first. Pure.
 */
import type { SourceLocation } from "../../base/diagnostic.js";
import type { Project, Service } from "../../compose/project.js";
import type { ObservedContainer } from "../observed.js";
import { placeOf } from "../service/field-changes.js";
import { inheritedMounts } from "../service/mounts.js";
import type { UpDraft } from "../up-draft.js";

/** `reason` reads after "the old one stops first: ". */
export interface Obstacle {
  readonly reason: string;
  readonly source?: SourceLocation;
}

/** Why the container cannot be replaced start-first; undefined when it can. The first reason of several. */
export function whyNoOverlap(
  { project, observed, options }: Pick<UpDraft, "project" | "observed" | "options">,
  service: Service,
  old: ObservedContainer,
): Obstacle | undefined {
  const path = `services.${service.name}`;
  const [found] = [
    ...ofNames(service),
    ...ofVolumes(project, service, old),
    ...(options.renewAnonymousVolumes ? [] : ofUnnamedVolumes({ project, observed }, service, old)),
    ...(observed.takesOver ? [] : ofPorts(service)),
  ];
  if (!found) return undefined;
  const source = placeOf(project, `${path}.${found.at}`);
  return { reason: found.reason, ...(source ? { source } : {}) };
}

interface Found {
  readonly reason: string;
  /** Path from the service. */
  readonly at: string;
}

/** What there can be only one of: names, addresses, namespaces of others, devices. */
function ofNames(service: Service): Found[] {
  const { network_mode: mode } = service;
  const addresses = [...service.networks].flatMap(([key, place]) =>
    (["ipv4_address", "ipv6_address", "mac_address"] as const).flatMap((field) =>
      place[field] === undefined
        ? []
        : [{ reason: `${field} gives it one address on network ${key}`, at: `networks.${key}.${field}` }],
    ),
  );
  return [
    ...(service.container_name === undefined ? [] : [{ reason: "container_name is one name", at: "container_name" }]),
    ...addresses,
    ...(service.mac_address === undefined ? [] : [{ reason: "mac_address is one address", at: "mac_address" }]),
    ...(mode === "host" ? [{ reason: "both would listen on the host's own network", at: "network_mode" }] : []),
    ...(mode !== undefined && /^(service|container):/.test(mode)
      ? [{ reason: `both would listen in the network of ${mode}`, at: "network_mode" }]
      : []),
    ...service.devices
      .slice(0, 1)
      .map(({ source }) => ({ reason: `both would use device ${source}`, at: "devices[0]" })),
    ...(service.device_requests?.length ? [{ reason: "both would use the requested devices", at: "gpus" }] : []),
  ];
}

function ofVolumes(project: Project, service: Service, old: ObservedContainer): Found[] {
  return service.volumes.flatMap(({ type, source, read_only, target }, at): Found[] => {
    if (type !== "volume" || source === undefined || read_only) return [];
    const spec = project.volumes.get(source);
    const name = spec?.name ?? source;
    const isUsed = old.mounts.some((mount) => mount.Type === "volume" && mount.Name === name && mount.RW);
    if (!isUsed || spec?.gantry?.shared) return [];
    return [{ reason: `both would write to volume ${source} at ${target}`, at: `volumes[${at}]` }];
  });
}

/** They move on to the new container; what it does not mount any more keeps nobody from starting. */
function ofUnnamedVolumes(
  draft: Pick<UpDraft, "project" | "observed">,
  service: Service,
  old: ObservedContainer,
): Found[] {
  return inheritedMounts(draft, service, old)
    .filter(({ readOnly }) => !readOnly)
    .map(({ target }) => ({ reason: `its volume at ${target} moves on to the new one`, at: "image" }));
}

/** On an engine that gives a host port to one container only. */
function ofPorts(service: Service): Found[] {
  return service.ports.flatMap(({ published, target }, at) =>
    published === undefined
      ? []
      : [
          {
            reason: `this engine cannot flip host port ${published} (of ${target}) to the new one`,
            at: `ports[${at}]`,
          },
        ],
  );
}
