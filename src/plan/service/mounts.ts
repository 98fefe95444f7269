/** Volumes, binds, configs and secrets of a service, as the API takes them. Pure. */
import { GantryError } from "../../base/errors.js";
import type { FileSpec, FileUse, MountSpec, Project, Service } from "../../compose/project.js";
import type { HostConfig, InjectedFile, MountRequest } from "../../wire/container.js";
import type { ObservedContainer, ObservedState } from "../observed.js";
import { imageNameOf } from "./names.js";
import { inlineContent } from "./service-hash.js";
import { when } from "./when.js";

/** An anonymous volume that moves on to the next container of a replica. */
export interface InheritedMount {
  readonly volume: string;
  readonly target: string;
  readonly readOnly: boolean;
}

const defaultFileMode = 0o444;

/** Anonymous volumes of `old` that the image or the service still declares, and that nothing else is mounted over. */
export function inheritedMounts(
  { project, observed }: { readonly project: Project; readonly observed: Pick<ObservedState, "images"> },
  service: Service,
  old: ObservedContainer,
): InheritedMount[] {
  const imageVolumes = observed.images.get(imageNameOf(project.name, service))?.Config.Volumes ?? {};
  const anonymous = service.volumes.filter((mount) => mount.type === "volume" && mount.source === undefined);
  const targets = new Set([...Object.keys(imageVolumes), ...anonymous.map((mount) => mount.target)]);
  for (const { target, source } of service.volumes) if (source !== undefined) targets.delete(target);
  const declared = new Set([...project.volumes.values()].map((volume) => volume.name));
  return old.mounts.flatMap((mount) =>
    mount.Type === "volume" && mount.Name && targets.has(mount.Destination) && !declared.has(mount.Name)
      ? [{ volume: mount.Name, target: mount.Destination, readOnly: !mount.RW }]
      : [],
  );
}

/** Binds that the `Binds` spelling can say use it (it creates missing host paths on every engine), others `Mounts`. */
export function mountsOf(project: Project, service: Service, inherited: readonly InheritedMount[]): HostConfig {
  const binds: string[] = [];
  const mounts: MountRequest[] = [];
  for (const mount of service.volumes) {
    const bind = bindText(mount);
    if (bind) binds.push(bind);
    else mounts.push(mountRequest(project, mount, inherited));
  }
  const taken = new Set([...service.volumes.map((mount) => mount.target), ...service.tmpfs.map(tmpfsTarget)]);
  for (const { volume, target, readOnly } of inherited) {
    if (!taken.has(target)) mounts.push({ Type: "volume", Source: volume, Target: target, ReadOnly: readOnly });
  }
  const files: InjectedFile[] = [];
  const deliver = (use: FileUse, spec: FileSpec | undefined, what: "config" | "secret") => {
    if (spec?.file !== undefined) mounts.push({ Type: "bind", Source: spec.file, Target: use.target, ReadOnly: true });
    else files.push(injectedFile(use, contentOf(use, spec, what, project)));
  };
  for (const use of service.configs) deliver(use, project.configs.get(use.source), "config");
  for (const use of service.secrets) deliver(use, project.secrets.get(use.source), "secret");
  return {
    ...(binds.length > 0 ? { Binds: binds } : {}),
    ...(mounts.length > 0 ? { Mounts: mounts } : {}),
    ...(files.length > 0 ? { GantryFiles: files } : {}),
  };
}

function bindText(mount: MountSpec): string | undefined {
  const source = mount.source;
  if (mount.type !== "bind" || source === undefined) return undefined;
  const canBeText = !source.includes(":") && !mount.target.includes(":") && mount.bind?.recursive === undefined;
  if (!canBeText || (mount.bind?.create_host_path === false && mount.bind.selinux === undefined)) return undefined;
  const options = [mount.read_only ? "ro" : "rw", mount.bind?.selinux, mount.bind?.propagation];
  return `${source}:${mount.target}:${options.filter((option) => option !== undefined).join(",")}`;
}

function mountRequest(project: Project, mount: MountSpec, inherited: readonly InheritedMount[]): MountRequest {
  const { target, read_only, consistency } = mount;
  const common = { Target: target, ReadOnly: read_only, ...when("Consistency", consistency) };
  switch (mount.type) {
    case "bind":
      return { Type: "bind", Source: mount.source ?? "", ...common, BindOptions: bindOptions(mount) };
    case "volume":
      return { Type: "volume", ...volumeSource(project, mount, inherited), ...common, ...volumeOptions(mount) };
    case "tmpfs":
      return { Type: "tmpfs", ...common, ...tmpfsOptions(mount) };
    case "image":
      return { Type: "image", Source: mount.source ?? "", ...common, ...imageOptions(mount) };
  }
}

function volumeSource(project: Project, mount: MountSpec, inherited: readonly InheritedMount[]): { Source?: string } {
  if (mount.source !== undefined) return { Source: project.volumes.get(mount.source)?.name ?? mount.source };
  const old = inherited.find((volume) => volume.target === mount.target);
  return old ? { Source: old.volume } : {};
}

function bindOptions(mount: MountSpec): NonNullable<MountRequest["BindOptions"]> {
  const recursive = mount.bind?.recursive;
  return {
    CreateMountpoint: mount.bind?.create_host_path !== false,
    ...(mount.bind?.propagation ? { Propagation: mount.bind.propagation } : {}),
    ...(recursive === "disabled" ? { NonRecursive: true } : {}),
    ...(recursive === "writable" ? { ReadOnlyNonRecursive: true } : {}),
    ...(recursive === "readonly" ? { ReadOnlyForceRecursive: true } : {}),
  };
}

function volumeOptions(mount: MountSpec): Pick<MountRequest, "VolumeOptions"> {
  const { nocopy, subpath, labels } = mount.volume ?? {};
  const options = {
    ...(nocopy ? { NoCopy: true } : {}),
    ...when("Subpath", subpath || undefined),
    ...when("Labels", labels && { ...labels }),
  };
  return Object.keys(options).length > 0 ? { VolumeOptions: options } : {};
}

function imageOptions({ image }: MountSpec): Pick<MountRequest, "ImageOptions"> {
  return image?.subpath ? { ImageOptions: { Subpath: image.subpath } } : {};
}

function tmpfsOptions(mount: MountSpec): Pick<MountRequest, "TmpfsOptions"> {
  const { size, mode } = mount.tmpfs ?? {};
  if (size === undefined && mode === undefined) return {};
  return {
    TmpfsOptions: { ...(size === undefined ? {} : { SizeBytes: size }), ...(mode === undefined ? {} : { Mode: mode }) },
  };
}

function contentOf(use: FileUse, spec: FileSpec | undefined, what: string, project: Project): string {
  if (!spec || spec.external) {
    throw new GantryError(
      "not-supported",
      `The ${what} "${use.source}" is external: no engine here keeps such ${what}s`,
      {
        hint: `Give it a "file", "environment" or "content".`,
      },
    );
  }
  const content = inlineContent(spec, project);
  if (content !== undefined) return content;
  throw new GantryError("bad-parameter", `The ${what} "${use.source}" needs ${spec.environment}, which is not set`, {
    hint: `Set the environment variable ${spec.environment}.`,
  });
}

function injectedFile(use: FileUse, content: string): InjectedFile {
  return {
    Target: use.target,
    Data: Buffer.from(content, "utf8").toString("base64"),
    Mode: use.mode ?? defaultFileMode,
    ...numericId("Uid", use.uid),
    ...numericId("Gid", use.gid),
  };
}

function numericId(key: "Uid" | "Gid", id: string | undefined): { Uid?: number; Gid?: number } {
  if (id === undefined) return {};
  if (/^\d+$/.test(id)) return { [key]: Number(id) };
  throw new GantryError("bad-parameter", `${key.toLowerCase()} "${id}" of a config or secret must be a number`);
}

function tmpfsTarget(entry: string): string {
  return entry.split(":")[0] ?? entry;
}
