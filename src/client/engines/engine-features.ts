/**
 * What not every engine can do, in one table: an engine ignores a field it does not know, so it is refused by name.
 *
 * Pure. `docker` is the Engine API version that brought a feature (the API's version history), `podman` Podman's own,
 * undefined where its Docker-compatible API drops the field, as far as is known (4.3 was tried). Gantry's engine
 * answers for itself: it refuses by name what it cannot do. What any engine refuses at create is not listed.
 */
import type { ContainerCreateBody, MountRequest } from "../../wire/container.js";
import type { EndpointSettings, NetworkCreateBody } from "../../wire/network.js";
import { type EngineIdentity, isBefore } from "./engine-identity.js";

interface Feature<Body> {
  /** As it stands in a Compose file, then in words where that is not enough. */
  readonly name: string;
  readonly docker: string;
  readonly podman?: string;
  isUsed(body: Body): boolean;
}

/** Newer than every version there is. */
const never = "999";

const mounts = (body: ContainerCreateBody): readonly MountRequest[] => body.HostConfig?.Mounts ?? [];
const endpoints = (body: ContainerCreateBody): readonly EndpointSettings[] =>
  Object.values(body.NetworkingConfig?.EndpointsConfig ?? {}).flatMap((one) => (one ? [one] : []));

/** Of containers, in the order of their fields. */
export const containerFeatures: readonly Feature<ContainerCreateBody>[] = [
  { name: "healthcheck.start_interval", docker: "1.44", isUsed: (b) => Boolean(b.Healthcheck?.StartInterval) },
  { name: "annotations", docker: "1.43", podman: "5.1", isUsed: (b) => isFilled(b.HostConfig?.Annotations) },
  {
    name: "volumes: type image",
    docker: "1.48",
    podman: "4.3",
    isUsed: (b) => mounts(b).some(({ Type }) => Type === "image"),
  },
  {
    name: "volumes: volume.subpath",
    docker: "1.45",
    isUsed: (b) => mounts(b).some(({ VolumeOptions }) => Boolean(VolumeOptions?.Subpath)),
  },
  {
    name: "volumes: image.subpath",
    docker: "1.48",
    isUsed: (b) => mounts(b).some(({ ImageOptions }) => Boolean(ImageOptions?.Subpath)),
  },
  {
    name: "volumes: bind.recursive disabled",
    docker: "1.40",
    isUsed: (b) => mounts(b).some(({ BindOptions }) => BindOptions?.NonRecursive === true),
  },
  {
    name: "volumes: bind.recursive writable or readonly",
    docker: "1.44",
    isUsed: (b) =>
      mounts(b).some(({ BindOptions: o }) => o?.ReadOnlyNonRecursive === true || o?.ReadOnlyForceRecursive === true),
  },
  {
    name: "volumes: options of a tmpfs beyond size and mode",
    docker: "1.46",
    isUsed: (b) => mounts(b).some(({ TmpfsOptions }) => isFilled(TmpfsOptions?.Options)),
  },
  {
    name: "networks: gw_priority",
    docker: "1.48",
    isUsed: (b) => endpoints(b).some(({ GwPriority }) => Boolean(GwPriority)),
  },
  {
    name: "networks: mac_address on a second network",
    docker: "1.44",
    podman: "4.3",
    isUsed: (b) =>
      endpoints(b)
        .slice(1)
        .some(({ MacAddress }) => Boolean(MacAddress)),
  },
  { name: "networks: driver_opts", docker: "1.32", isUsed: (b) => endpoints(b).some((e) => isFilled(e.DriverOpts)) },
  { name: "links", docker: "1.22", isUsed: (b) => isFilled(b.HostConfig?.Links) || endpoints(b).some(hasLinks) },
  { name: "devices by capability (gpus)", docker: "1.40", isUsed: (b) => isFilled(b.HostConfig?.DeviceRequests) },
  { name: "cgroup", docker: "1.41", isUsed: (b) => Boolean(b.HostConfig?.CgroupnsMode) },
  { name: "x-gantry.probe", docker: never, isUsed: (b) => Boolean(b.HostConfig?.GantryProbe) },
  { name: "x-gantry.heal", docker: never, isUsed: (b) => Boolean(b.HostConfig?.GantryHeal) },
  {
    // Elsewhere their content is copied into the container's own layer, which must be writable for that.
    name: "read_only with configs or secrets that are not files",
    docker: never,
    isUsed: (b) => b.HostConfig?.ReadonlyRootfs === true && isFilled(b.HostConfig.GantryFiles),
  },
  { name: "a container on standby", docker: never, isUsed: (b) => b.HostConfig?.GantryStandby === true },
];

/** True for an engine on which a container can stand by and then take another one's published ports and names. */
export function canTakeOver({ features }: EngineIdentity): boolean {
  return features?.includes("take-over") ?? false;
}

/** Of networks. */
export const networkFeatures: readonly Feature<NetworkCreateBody>[] = [
  { name: "networks: enable_ipv4: false", docker: "1.47", isUsed: (b) => b.EnableIPv4 === false },
];

/** The names of the features that `body` asks for and `engine` lacks. */
export function missingFeatures<Body>(
  features: readonly Feature<Body>[],
  body: Body,
  engine: EngineIdentity,
): string[] {
  return features.filter((feature) => feature.isUsed(body) && !has(feature, engine)).map(({ name }) => name);
}

/** Podman speaks versions of Docker's API whose fields it does not read, so its own version decides. */
function has({ docker, podman = never }: Feature<never>, { kind, version, apiVersion }: EngineIdentity): boolean {
  if (kind === "gantry") return true; // the planner asks for standby only where `canTakeOver` says so
  return kind === "podman" ? !isBefore(version, podman) : !isBefore(apiVersion, docker);
}

/** True for an engine whose create call takes more than one network; on others they are connected one by one. */
export function takesManyNetworks({ kind, apiVersion, version }: EngineIdentity): boolean {
  if (kind === "podman") return !isBefore(version, "5.0");
  return kind === "gantry" || !isBefore(apiVersion, "1.44");
}

function hasLinks({ Links }: EndpointSettings): boolean {
  return isFilled(Links);
}

function isFilled(value: object | null | undefined): boolean {
  return value !== undefined && value !== null && Object.keys(value).length > 0;
}
