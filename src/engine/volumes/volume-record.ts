/** What the engine remembers of a volume, and the options of Docker's `local` driver. Pure. */
import { GantryError } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";
import { mountFlags } from "../kernel/mount.js";

export interface VolumeRecord {
  readonly name: string;
  /** RFC 3339 to the second. */
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

/** The mount that a volume's options ask for. */
export interface DeviceMount {
  readonly type: string;
  readonly device: string;
  /** The options as they were given; `flags` and `data` are the same for mount(2). */
  readonly words: readonly string[];
  readonly flags: number;
  readonly data: string;
  /** An NFS server's name that has to be resolved to an address first. */
  readonly address: string | undefined;
}

const validName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const knownOptions = ["type", "o", "device", "size"];

/** Throws "bad-parameter" with Docker's text. */
export function checkVolumeName(name: string): void {
  if (name.length === 1) {
    throw new GantryError(
      "bad-parameter",
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  }
  if (validName.test(name) && name.length <= 255) return;
  throw new GantryError(
    "bad-parameter",
    `create ${name}: "${name}" includes invalid characters for a local volume name, only ` +
      '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
  );
}

/** Throws "bad-parameter" for options that the local driver does not have, or only in part. */
export function checkVolumeOptions(name: string, options: Readonly<Record<string, string>>): void {
  const refuse = (why: string) => {
    throw new GantryError("bad-parameter", `create ${name}: ${why}`);
  };
  for (const key of Object.keys(options)) if (!knownOptions.includes(key)) refuse(`invalid option: "${key}"`);
  if (options.size) refuse("quota size requested but no quota support");
  if ((options.type || options.o) && !options.device) refuse('missing required option: "device"');
  if (options.device && !options.type && !isBind(options)) refuse('missing required option: "type"');
}

/** The mount of the volume's device; undefined for a plain directory. */
export function deviceMountOf({ options }: VolumeRecord): DeviceMount | undefined {
  if (!options.device) return undefined;
  const words = (options.o ?? "").split(",").filter((word) => word !== "");
  const data = words.filter((word) => !(word in flagWords) && !/^addr=/.test(word));
  const flags = words.reduce((sum, word) => sum | (flagWords[word] ?? 0), 0);
  const type = options.type ?? "none";
  const device = options.device;
  const isNetwork = /^(nfs4?|cifs|smb3)$/.test(type);
  const address = words.find((word) => word.startsWith("addr="))?.slice("addr=".length);
  return { type, device, words, flags, data: data.join(","), address: isNetwork ? address : undefined };
}

/** True where mounting waits for nobody: neither a server nor a disk is asked. */
export function isImmediate({ type, flags }: DeviceMount): boolean {
  return (flags & mountFlags.bind) !== 0 || type === "tmpfs" || type === "ramfs";
}

/** True where what is copied into the volume cannot stay. */
export function isReadOnlyDevice({ flags }: DeviceMount): boolean {
  return (flags & mountFlags.readOnly) !== 0;
}

/** Looks at a record from the disk. Throws with the reason. */
export function parseVolumeRecord(value: unknown, key: string): VolumeRecord {
  if (!isRecord(value) || value.name !== key || typeof value.createdAt !== "string") throw new Error("it is no volume");
  return { name: key, createdAt: value.createdAt, labels: texts(value.labels), options: texts(value.options) };
}

const flagWords: Readonly<Record<string, number>> = {
  bind: mountFlags.bind,
  rbind: mountFlags.bind | mountFlags.recursive,
  ro: mountFlags.readOnly,
  rw: 0,
  nosuid: mountFlags.noSuid,
  nodev: mountFlags.noDev,
  noexec: mountFlags.noExec,
};

function isBind(options: Readonly<Record<string, string>>): boolean {
  return (options.o ?? "").split(",").some((word) => word === "bind" || word === "rbind");
}

function texts(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
}
