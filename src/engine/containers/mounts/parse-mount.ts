/** One entry of `HostConfig.Mounts`. Pure. Texts of refusals are Docker's. */
import { posix } from "node:path";
import type { MountRequest } from "../../../wire/container.js";
import { checkTarget, refuse } from "./mount-target.js";
import type { ResolvedMount } from "./resolved-mount.js";
import { mountedTmpfsOptions } from "./tmpfs-options.js";

/** What a volume's name looks like; a lone path is a directory of the host. */
export const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** How far mounts travel between the host and a bind. */
export const propagations: readonly string[] = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

/** Names for anonymous volumes, and the images that are here. */
export interface MountMeans {
  readonly newName: () => string;
  readonly resolveImage: (name: string) => { readonly id: string; readonly chainIds: readonly string[] };
}

const optionFields = ["BindOptions", "VolumeOptions", "TmpfsOptions", "ImageOptions", "ClusterOptions"] as const;

/** Throws "bad-parameter" for a malformed mount, "image-not-found". */
export function parseMount(mount: MountRequest, means: MountMeans): ResolvedMount {
  const target = checkTarget(mount.Target ?? "");
  const readOnly = mount.ReadOnly ?? false;
  switch (mount.Type) {
    case "bind":
      allowOptions(mount, "BindOptions");
      return { ...bindMount(mount), target, readOnly };
    case "volume":
      allowOptions(mount, "VolumeOptions");
      return { ...volumeMount(mount, means.newName), target, readOnly };
    case "tmpfs":
      allowOptions(mount, "TmpfsOptions");
      if (mount.Source) invalid("tmpfs", "field Source must not be specified");
      return { kind: "tmpfs", target, readOnly, options: mountedTmpfsOptions(mount.TmpfsOptions), listed: true };
    case "image":
      allowOptions(mount, "ImageOptions");
      return { ...imageMount(mount, means), target, readOnly: true };
    default:
      return invalid(String(mount.Type), "mount type unknown");
  }
}

/** The options of another type of mount have no place here. */
function allowOptions(mount: MountRequest, own: (typeof optionFields)[number]): void {
  for (const field of optionFields) {
    if (field !== own && mount[field]) invalid(mount.Type, `field ${field} must not be specified`);
  }
}

function bindMount({ Source = "", ReadOnly, BindOptions = {} }: MountRequest) {
  if (Source === "") invalid("bind", "field Source must not be empty");
  if (!Source.startsWith("/")) invalid("bind", `invalid mount path: '${Source}' mount path must be absolute`);
  const { NonRecursive, ReadOnlyNonRecursive, ReadOnlyForceRecursive, CreateMountpoint } = BindOptions ?? {};
  const propagation = BindOptions?.Propagation || "rprivate";
  if (!propagations.includes(propagation)) invalid("bind", `invalid propagation mode: ${propagation}`);
  for (const [field, asked] of Object.entries({ ReadOnlyNonRecursive, ReadOnlyForceRecursive })) {
    if (asked && !ReadOnly) invalid("bind", `BindOptions.${field} requires ReadOnly`);
  }
  if (ReadOnlyForceRecursive && ReadOnlyNonRecursive) {
    invalid("bind", "ReadOnlyForceRecursive and ReadOnlyNonRecursive contradict each other");
  }
  if (ReadOnlyForceRecursive && propagation !== "rprivate") {
    invalid("bind", "BindOptions.ReadOnlyForceRecursive requires the propagation rprivate");
  }
  const below = ReadOnlyForceRecursive ? "must" : ReadOnlyNonRecursive || NonRecursive ? "no" : "may";
  return {
    kind: "bind" as const,
    source: posix.normalize(Source),
    propagation,
    recursive: !NonRecursive,
    ...(ReadOnly ? { readOnlyBelow: below as "must" | "no" | "may" } : {}),
    createSource: CreateMountpoint ?? false,
    mode: "",
  };
}

function volumeMount({ Source, VolumeOptions }: MountRequest, newName: () => string) {
  if (Source && !volumeName.test(Source)) invalid("volume", `invalid volume name: ${Source}`);
  const subpath = checkSubpath("volume", VolumeOptions?.Subpath);
  if (subpath && !Source) invalid("volume", "must not set Subpath when using anonymous volumes");
  const driver = VolumeOptions?.DriverConfig;
  if (driver?.Name && driver.Name !== "local") {
    refuse(`DriverConfig: error looking up volume plugin ${driver.Name}: plugin "${driver.Name}" not found`);
  }
  return {
    kind: "volume" as const,
    name: Source || newName(),
    anonymous: !Source,
    noCopy: VolumeOptions?.NoCopy ?? false,
    ...(subpath ? { subpath } : {}),
    ...(driver?.Name ? { driver: driver.Name } : {}),
    ...(driver?.Options ? { driverOptions: driver.Options } : {}),
    ...(VolumeOptions?.Labels ? { labels: VolumeOptions.Labels } : {}),
    mode: "z",
  };
}

function imageMount({ Source = "", ImageOptions }: MountRequest, { newName, resolveImage }: MountMeans) {
  if (Source === "") invalid("image", "field Source must not be empty");
  const subpath = checkSubpath("image", ImageOptions?.Subpath);
  const { id, chainIds } = resolveImage(Source);
  return {
    kind: "image" as const,
    image: Source,
    imageId: id,
    chainIds,
    layerId: newName(),
    ...(subpath ? { subpath } : {}),
  };
}

function checkSubpath(type: string, subpath: string | undefined): string | undefined {
  if (subpath && (subpath.startsWith("/") || subpath.split("/").includes(".."))) {
    invalid(type, `subpath must be a relative path within the ${type}: ${subpath}`);
  }
  return subpath || undefined;
}

function invalid(type: string, message: string): never {
  return refuse(`invalid mount config for type "${type}": ${message}`);
}
