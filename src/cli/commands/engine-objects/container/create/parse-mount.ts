/** Values of `--mount` and `--tmpfs`, as the docker CLI writes them. Pure. */
import { resolve } from "node:path";
import { GantryError } from "../../../../../base/errors.js";
import type { MountRequest, MountType } from "../../../../../wire/container.js";
import { parseBytes } from "../../../../options.js";
import { splitCsv, splitField } from "./csv.js";

const mountTypes: readonly MountType[] = ["bind", "volume", "tmpfs", "image"];

/** `type=bind,source=/a,target=/b,readonly`. Throws "bad-parameter". */
export function parseMount(text: string, cwd: string): MountRequest {
  const mount: MountRequest = { Type: "volume", Target: "" };
  const used = new Set<string>();
  for (const [name, value] of splitCsv(text).map(splitField)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field) throw refused("--mount", text, `${name} is not known`);
    used.add(name);
    if (field(mount, value) === false) throw refused("--mount", text, `${value ?? ""} is no value of ${name}`);
  }
  if (!mount.Target) throw refused("--mount", text, "a target is missing");
  for (const name of used) {
    const [kind = ""] = /^(bind|volume|tmpfs|image)(?=-)/.exec(name) ?? [];
    if (kind !== "" && kind !== mount.Type)
      throw refused("--mount", text, `${name} is not for mounts of type ${mount.Type}`);
  }
  if (mount.Type === "bind" && !mount.Source) throw refused("--mount", text, "a source is missing");
  if (mount.Type === "bind" && mount.Source) mount.Source = resolve(cwd, mount.Source);
  return mount;
}

/** Puts a value into the mount; false when it is none that the field may have. */
type Field = (mount: MountRequest, value: string | undefined) => boolean | undefined;

const source: Field = (mount, value = "") => {
  mount.Source = value;
  return true;
};
const target: Field = (mount, value = "") => {
  mount.Target = value;
  return true;
};
const readOnly: Field = (mount, value) => {
  mount.ReadOnly = isTrue(value);
  return isBoolean(value);
};

const fields: Readonly<Record<string, Field>> = {
  type: (mount, value) => {
    const type = mountTypes.find((known) => known === value?.toLowerCase());
    if (type) mount.Type = type;
    return type !== undefined;
  },
  ...{ source, src: source, target, destination: target, dst: target, readonly: readOnly, ro: readOnly },
  consistency: (mount, value = "") => {
    mount.Consistency = value;
    return true;
  },
  "bind-propagation": (mount, value = "") => {
    mount.BindOptions = { ...mount.BindOptions, Propagation: value };
    return /^r?(private|shared|slave)$/.test(value);
  },
  "bind-nonrecursive": (mount, value) => {
    mount.BindOptions = { ...mount.BindOptions, NonRecursive: isTrue(value) };
    return isBoolean(value);
  },
  "bind-recursive": (mount, value = "") => {
    const recursion = recursions.get(value);
    mount.BindOptions = { ...mount.BindOptions, ...recursion };
    return recursion !== undefined;
  },
  "bind-create-src": (mount, value) => {
    mount.BindOptions = { ...mount.BindOptions, CreateMountpoint: isTrue(value) };
    return isBoolean(value);
  },
  "volume-nocopy": (mount, value) => {
    mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: isTrue(value) };
    return isBoolean(value);
  },
  "volume-subpath": (mount, value = "") => {
    mount.VolumeOptions = { ...mount.VolumeOptions, Subpath: value };
    return true;
  },
  "volume-label": (mount, value = "") => {
    mount.VolumeOptions = { ...mount.VolumeOptions, Labels: { ...mount.VolumeOptions?.Labels, ...pair(value) } };
    return true;
  },
  "volume-driver": (mount, value = "") => {
    const { VolumeOptions } = mount;
    mount.VolumeOptions = { ...VolumeOptions, DriverConfig: { ...VolumeOptions?.DriverConfig, Name: value } };
    return true;
  },
  "volume-opt": (mount, value = "") => {
    const { VolumeOptions } = mount;
    const Options = { ...VolumeOptions?.DriverConfig?.Options, ...pair(value) };
    mount.VolumeOptions = { ...VolumeOptions, DriverConfig: { ...VolumeOptions?.DriverConfig, Options } };
    return true;
  },
  "image-subpath": (mount, value = "") => {
    mount.ImageOptions = { Subpath: value };
    return true;
  },
  "tmpfs-size": (mount, value = "") => {
    mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: parseBytes(value, "tmpfs-size") };
    return true;
  },
  "tmpfs-mode": (mount, value = "") => {
    mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(value, 8) };
    return /^[0-7]{1,4}$/.test(value);
  },
};

const recursions = new Map<string, MountRequest["BindOptions"]>([
  ["enabled", {}],
  ["disabled", { NonRecursive: true }],
  ["writable", { ReadOnlyNonRecursive: true }],
  ["readonly", { ReadOnlyForceRecursive: true }],
]);

/** A switch of its own, or with `=true`, `=1`. */
function isTrue(value: string | undefined): boolean {
  return value === undefined || /^(true|1|t)$/i.test(value);
}

function isBoolean(value: string | undefined): boolean {
  return value === undefined || /^(true|false|1|0|t|f)$/i.test(value);
}

function pair(text: string): Record<string, string> {
  const at = text.indexOf("=");
  return at < 0 ? { [text]: "" } : { [text.slice(0, at)]: text.slice(at + 1) };
}

/** `/run:size=10m,mode=1777` as path and options. */
export function parseTmpfs(text: string): [string, string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function refused(flag: string, text: string, why: string): GantryError {
  return new GantryError("bad-parameter", `${flag}: ${text}: ${why}`);
}
