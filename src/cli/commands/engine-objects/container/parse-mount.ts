/** Values of `--mount`, `--tmpfs`, `--ulimit` and `--device`, as the docker CLI writes them. Pure. */
import { resolve } from "node:path";
import { GantryError } from "../../../../base/errors.js";
import type { DeviceMapping, MountRequest, MountType, Ulimit } from "../../../../wire/container.js";
import { parseBytes } from "../../../options.js";

const mountTypes: readonly MountType[] = ["bind", "volume", "tmpfs", "image"];

/** `type=bind,source=/a,target=/b,readonly`. Throws "bad-parameter". */
export function parseMount(text: string, cwd: string): MountRequest {
  const mount: MountRequest = { Type: "volume", Target: "" };
  for (const field of text.split(",")) {
    const at = field.indexOf("=");
    const [name, value] = at < 0 ? [field, undefined] : [field.slice(0, at), field.slice(at + 1)];
    if (!applyField(mount, name.trim().toLowerCase(), value)) throw refused("--mount", text, `${name} is not known`);
  }
  if (!mount.Target) throw refused("--mount", text, "a target is missing");
  if (mount.Type === "bind" && mount.Source) mount.Source = resolve(cwd, mount.Source);
  return mount;
}

function applyField(mount: MountRequest, name: string, value: string | undefined): boolean {
  switch (name) {
    case "type": {
      const type = mountTypes.find((known) => known === value);
      if (type) mount.Type = type;
      return type !== undefined;
    }
    case "source":
    case "src":
      mount.Source = value ?? "";
      return true;
    case "target":
    case "destination":
    case "dst":
      mount.Target = value ?? "";
      return true;
    case "readonly":
    case "ro":
      mount.ReadOnly = isTrue(value);
      return true;
    case "bind-propagation":
      mount.BindOptions = { ...mount.BindOptions, Propagation: value ?? "" };
      return true;
    case "bind-create-src":
      mount.BindOptions = { ...mount.BindOptions, CreateMountpoint: isTrue(value) };
      return true;
    case "volume-nocopy":
      mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: isTrue(value) };
      return true;
    case "volume-subpath":
      mount.VolumeOptions = { ...mount.VolumeOptions, Subpath: value ?? "" };
      return true;
    case "tmpfs-size":
      mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: parseBytes(value ?? "", "tmpfs-size") };
      return true;
    case "tmpfs-mode":
      mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(value ?? "", 8) };
      return /^[0-7]{1,4}$/.test(value ?? "");
    default:
      return false;
  }
}

/** A switch of its own, or with `=true`, `=1`. */
function isTrue(value: string | undefined): boolean {
  return value === undefined || value === "true" || value === "1";
}

/** `/run:size=10m,mode=1777` as path and options. */
export function parseTmpfs(text: string): [string, string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** `nofile=1024:2048`; one number is both. Throws "bad-parameter". */
export function parseUlimit(text: string): Ulimit {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (!match) throw refused("--ulimit", text, "write it as nofile=1024:2048");
  return { Name: match[1] ?? "", Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}

/** `/dev/x[:/dev/y][:rwm]`. Throws "bad-parameter". */
export function parseDevice(text: string): DeviceMapping {
  const [host = "", second, third] = text.split(":");
  const permissions = third ?? (second !== undefined && /^[rwm]+$/.test(second) ? second : "rwm");
  const inside = second !== undefined && !/^[rwm]+$/.test(second) ? second : host;
  if (!host.startsWith("/") || !/^[rwm]+$/.test(permissions))
    throw refused("--device", text, "write it as /dev/x:/dev/y:rw");
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: permissions };
}

function refused(flag: string, text: string, why: string): GantryError {
  return new GantryError("bad-parameter", `${flag}: ${text}: ${why}`);
}
