/**
 * The mounts that a create request asks for, in all their spellings, as one list sorted by depth.
 *
 * Pure: names of anonymous volumes come from `newName`. Texts of refusals are Docker's.
 */
import { posix } from "node:path";
import type { ContainerConfig, HostConfig } from "../../../wire/container.js";
import { checkTarget, refuse } from "./mount-target.js";
import { parseMount, propagations, volumeName } from "./parse-mount.js";
import type { ResolvedMount } from "./resolved-mount.js";
import { parseTmpfs } from "./tmpfs-options.js";

/** `donors` are the mounts of the containers that `VolumesFrom` names, `image` the merged config's `Volumes`. */
export interface MountSources {
  readonly hostConfig: HostConfig;
  readonly config: ContainerConfig;
  readonly donors: ReadonlyArray<readonly ResolvedMount[]>;
  readonly newName: () => string;
  /** Throws "image-not-found". */
  readonly resolveImage: (name: string) => { readonly id: string; readonly chainIds: readonly string[] };
}

/** Throws "bad-parameter" for a malformed mount and for two mounts on one place. */
export function parseMounts({ hostConfig, config, donors, ...means }: MountSources): ResolvedMount[] {
  const { newName } = means;
  const asked = [
    ...(hostConfig.Binds ?? []).map((bind) => parseBind(bind, newName)),
    ...(hostConfig.Mounts ?? []).map((mount) => parseMount(mount, means)),
    ...Object.entries(hostConfig.Tmpfs ?? {}).map(([target, options]) => parseTmpfs(target, options)),
  ];
  const byTarget = new Map<string, ResolvedMount>();
  for (const mount of donors.flat()) {
    byTarget.set(mount.target, mount.kind === "image" ? { ...mount, layerId: newName() } : mount);
  }
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
  if (options.some((option) => propagations.includes(option))) {
    refuse(`invalid volume specification: '${bind}': a volume has no propagation`);
  }
  return { ...common, kind: "volume", name: first, anonymous: false, noCopy: options.includes("nocopy") };
}

function anonymousVolume(target: string, name: string): ResolvedMount {
  return { kind: "volume", name, target, readOnly: false, anonymous: true, noCopy: false, mode: "" };
}

function depthOf(path: string): number {
  return path.split("/").length;
}
