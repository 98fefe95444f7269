/** What the runtime configuration needs to know of a container's root file system and of the host's devices. */
import { lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { GantryError } from "../../base/errors.js";
import type { DeviceMapping, Resources } from "../../wire/container.js";
import { readTextInRoot } from "../kernel/open-in-root.js";
import type { CdiNode } from "./cdi/cdi-file.js";
import { blockDevicePaths } from "./spec/block-limits.js";
import type { BlockDevice, SpecDevice } from "./spec/spec-input.js";
import { type ResolvedUser, resolveUser } from "./spec/users.js";

/** A user table longer than this is an attack, not a table. */
const tableBytes = 4 * 1024 ** 2;
/** Made by every runtime in every container, or of the container's own terminals. */
const ownDevices = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console"];

/** Who `Config.User` is in this root. Links in it lead nowhere else. Throws "bad-parameter" for unknown names. */
export function resolveUserIn(rootfs: string, user: string, groupAdd: readonly string[]): ResolvedUser {
  return resolveUser(user, groupAdd, {
    passwd: readTextInRoot(rootfs, "etc/passwd", tableBytes) ?? "",
    group: readTextInRoot(rootfs, "etc/group", tableBytes) ?? "",
  });
}

/** The devices of `HostConfig.Devices`; a directory stands for all in it. Throws "bad-parameter" for what is none. */
export function resolveDevices(devices: readonly DeviceMapping[]): SpecDevice[] {
  return devices.flatMap(({ PathOnHost = "", PathInContainer, CgroupPermissions }) => {
    const permissions = CgroupPermissions || "rwm";
    if (!/^[rwm]{1,3}$/.test(permissions)) {
      throw new GantryError(
        "bad-parameter",
        `invalid device mode of ${PathOnHost} in CgroupPermissions: ${permissions}`,
      );
    }
    const found = collectDevices(realDevicePath(PathOnHost), PathInContainer || PathOnHost, permissions);
    if (found.length === 0) throw notADevice(PathOnHost);
    return found;
  });
}

/** A device node of the Container Device Interface: what its description leaves out is the host's device's. */
export function resolveCdiNode(node: CdiNode): SpecDevice {
  const [host] = collectDevices(node.hostPath, node.path, node.permissions);
  const { type, major, minor } = node;
  if (!host && (type === undefined || major === undefined || minor === undefined)) throw notADevice(node.hostPath);
  const there = host ?? { type: "c" as const, major: 0, minor: 0, fileMode: 0o666, uid: 0, gid: 0 };
  const { hostPath: _hostPath, ...described } = node;
  return { ...there, ...described };
}

/** The block devices that limits name by their paths. Throws "bad-parameter" for what is none. */
export function resolveBlockDevices(limits: Resources): ReadonlyMap<string, BlockDevice> {
  return new Map(blockDevicePaths(limits).map((path) => [path, blockDevice(path)]));
}

function blockDevice(path: string): BlockDevice {
  const stat = statIfThere(path);
  if (stat?.isBlockDevice()) return deviceNumbers(stat.rdev);
  throw new GantryError(
    "bad-parameter",
    stat ? `${path} is not a block device` : `stat ${path}: no such file or directory`,
  );
}

/** Every device node below /dev, for a privileged container. */
export function allHostDevices(): SpecDevice[] {
  return readdirSync("/dev")
    .filter((name) => !ownDevices.includes(name))
    .flatMap((name) => collectDevices(join("/dev", name), join("/dev", name), "rwm"));
}

function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** As glibc's gnu_dev_major and gnu_dev_minor take a device number apart. */
function deviceNumbers(number: number): BlockDevice {
  const device = BigInt(number);
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
  };
}

/** A directory is a directory of devices: another one would have the engine walk through the host. */
function realDevicePath(path: string): string {
  let real: string;
  try {
    if (!path.startsWith("/")) throw new Error("not absolute");
    real = realpathSync(path);
  } catch {
    throw notADevice(path, "no such file or directory");
  }
  if (statIfThere(real)?.isDirectory() && real !== "/dev" && !real.startsWith("/dev/")) throw notADevice(path);
  return real;
}

function notADevice(path: string, why = "not a device node"): GantryError {
  return new GantryError(
    "bad-parameter",
    `error gathering device information while adding custom device "${path}": ${why}`,
  );
}

function collectDevices(path: string, inContainer: string, permissions: string): SpecDevice[] {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = lstatSync(path);
  } catch {
    return []; // gone meanwhile
  }
  if (stat.isDirectory()) {
    return readdirSync(path).flatMap((name) => collectDevices(join(path, name), join(inContainer, name), permissions));
  }
  const type = stat.isCharacterDevice() ? "c" : stat.isBlockDevice() ? "b" : undefined;
  if (!type) return [];
  return [
    {
      path: inContainer,
      type,
      ...deviceNumbers(stat.rdev),
      fileMode: stat.mode & 0o777,
      uid: stat.uid,
      gid: stat.gid,
      permissions,
    },
  ];
}
