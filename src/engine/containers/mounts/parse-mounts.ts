/**
 * The mounts that a create request asks for, in all their spellings, as one list sorted by depth.
 *
 * Pure: names of anonymous volumes come from `newName`. Texts of refusals are Docker's.
 */
import { posix } from "node:path";
import { GantryError } from "../../../base/errors.js";
import type { ContainerConfig, HostConfig, MountRequest } from "../../../wire/container.js";
import type { ResolvedMount } from "./resolved-mount.js";

/** `donors` are the mounts of the containers that `VolumesFrom` names, `image` the merged config's `Volumes`. */
export interface MountSources {
  readonly hostConfig: HostConfig;
  readonly config: ContainerConfig;
  readonly donors: ReadonlyArray<readonly ResolvedMount[]>;
  readonly newName: () => string;
}

/** Throws "bad-parameter" for a malformed mount and for two mounts on one place. */
export function parseMounts({ hostConfig, config, donors, newName }: MountSources): ResolvedMount[] {
  const asked = [
    ...(hostConfig.Binds ?? []).map((bind) => parseBind(bind, newName)),
    ...(hostConfig.Mounts ?? []).map((mount) => parseMount(mount, newName)),
    ...Object.entries(hostConfig.Tmpfs ?? {}).map(([target, options]) => parseTmpfs(target, options)),
  ];
  const byTarget = new Map<string, ResolvedMount>();
  for (const mount of donors.flat()) byTarget.set(mount.target, mount);
  const seen = new Set<string>();
  for (const mount of asked) {
    if (seen.has(mount.target)) refuse(`Duplicate mount point: ${mount.target}`);
    seen.add(mount.target);
    byTarget.set(mount.target, mount);
  }
  for (const path of Object.keys(config.Volumes ?? {})) {
    const target = checkTarget(path);
    if (!byTarget.has(target)) byTarget.set(target, anonymousVolume(target, newName()));
  }
  return [...byTarget.values()].sort((a, b) => depthOf(a.target) - depthOf(b.target) || (a.target < b.target ? -1 : 1));
}

const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const propagations = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];
const bindOptions = new Set([...propagations, "ro", "rw", "z", "Z", "nocopy", "consistent", "cached", "delegated"]);

/** `source:target[:options]`, or a lone target for an anonymous volume. */
function parseBind(bind: string, newName: () => string): ResolvedMount {
  const parts = bind.split(":");
  const [first = "", second, mode = ""] = parts;
  if (parts.length > 3) refuse(`invalid volume specification: '${bind}'`);
  if (second === undefined) return anonymousVolume(checkTarget(first), newName());
  const options = mode === "" ? [] : mode.split(",");
  for (const option of options) if (!bindOptions.has(option)) refuse(`invalid mode: ${mode}`);
  const common = { target: checkTarget(second), readOnly: options.includes("ro"), mode };
  if (first.startsWith("/")) {
    const propagation = options.find((option) => propagations.includes(option)) ?? "rprivate";
    return {
      ...common,
      kind: "bind",
      source: posix.normalize(first),
      propagation,
      recursive: true,
      createSource: true,
    };
  }
  if (!volumeName.test(first)) {
    refuse(
      `create ${first}: "${first}" includes invalid characters for a local volume name, only ` +
        '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    );
  }
  return { ...common, kind: "volume", name: first, anonymous: false, noCopy: options.includes("nocopy") };
}

function parseMount(mount: MountRequest, newName: () => string): ResolvedMount {
  const target = checkTarget(mount.Target);
  const readOnly = mount.ReadOnly ?? false;
  switch (mount.Type) {
    case "bind":
      return { ...bindMount(mount), target, readOnly };
    case "volume":
      return { ...volumeMount(mount, newName), target, readOnly };
    case "tmpfs":
      if (mount.Source) invalid("tmpfs", "field Source must not be specified");
      return { kind: "tmpfs", target, readOnly, options: tmpfsOptions(mount.TmpfsOptions), listed: true };
    case "image":
      throw new GantryError("not-supported", "Mounts of type image are not supported yet");
    default:
      return refuse(`invalid mount config: unknown mount type "${String(mount.Type)}"`);
  }
}

function bindMount({ Source = "", BindOptions, VolumeOptions, TmpfsOptions }: MountRequest) {
  if (!Source.startsWith("/")) invalid("bind", `invalid mount path: '${Source}' mount path must be absolute`);
  if (VolumeOptions) invalid("bind", "field VolumeOptions must not be specified");
  if (TmpfsOptions) invalid("bind", "field TmpfsOptions must not be specified");
  const propagation = BindOptions?.Propagation || "rprivate";
  if (!propagations.includes(propagation)) invalid("bind", `invalid propagation mode: ${propagation}`);
  return {
    kind: "bind" as const,
    source: posix.normalize(Source),
    propagation,
    recursive: !BindOptions?.NonRecursive,
    createSource: BindOptions?.CreateMountpoint ?? false,
    mode: "",
  };
}

function volumeMount({ Source, BindOptions, VolumeOptions, TmpfsOptions }: MountRequest, newName: () => string) {
  if (BindOptions) invalid("volume", "field BindOptions must not be specified");
  if (TmpfsOptions) invalid("volume", "field TmpfsOptions must not be specified");
  if (Source && !volumeName.test(Source)) invalid("volume", `invalid volume name: ${Source}`);
  const subpath = VolumeOptions?.Subpath;
  if (subpath && (subpath.startsWith("/") || subpath.split("/").includes(".."))) {
    invalid("volume", `subpath must be a relative path within the volume: ${subpath}`);
  }
  return {
    kind: "volume" as const,
    name: Source || newName(),
    anonymous: !Source,
    noCopy: VolumeOptions?.NoCopy ?? false,
    ...(subpath ? { subpath } : {}),
    ...(VolumeOptions?.DriverConfig?.Name ? { driver: VolumeOptions.DriverConfig.Name } : {}),
    ...(VolumeOptions?.DriverConfig?.Options ? { driverOptions: VolumeOptions.DriverConfig.Options } : {}),
    ...(VolumeOptions?.Labels ? { labels: VolumeOptions.Labels } : {}),
    mode: "z",
  };
}

function tmpfsOptions(options: MountRequest["TmpfsOptions"]): string[] {
  const mode = options?.Mode === undefined ? [] : [`mode=${options.Mode.toString(8)}`];
  const size = options?.SizeBytes ? [`size=${options.SizeBytes}`] : [];
  return [...baseTmpfsOptions, ...mode, ...size, ...(options?.Options ?? []).map((option) => option.join("="))];
}

const baseTmpfsOptions = ["noexec", "nosuid", "nodev"];

function parseTmpfs(target: string, options: string): ResolvedMount {
  const own = options === "" ? [] : options.split(",");
  return {
    kind: "tmpfs",
    target: checkTarget(target),
    readOnly: own.includes("ro"),
    options: [...baseTmpfsOptions.filter((option) => !own.includes(option.slice(2))), ...own],
    listed: false,
  };
}

function anonymousVolume(target: string, name: string): ResolvedMount {
  return { kind: "volume", name, target, readOnly: false, anonymous: true, noCopy: false, mode: "" };
}

function checkTarget(target: string): string {
  if (!target.startsWith("/")) {
    refuse(`invalid mount path: '${target}' mount path must be absolute`);
  }
  const normal = posix.normalize(target).replace(/(.)\/$/, "$1");
  if (normal === "/") refuse("invalid specification: destination can't be '/'");
  return normal;
}

function depthOf(path: string): number {
  return path.split("/").length;
}

function invalid(type: string, message: string): never {
  return refuse(`invalid mount config for type "${type}": ${message}`);
}

function refuse(message: string): never {
  throw new GantryError("bad-parameter", message);
}
