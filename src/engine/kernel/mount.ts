/**
 * File system calls that `node` lacks: mounts, device nodes, times of links in nanoseconds, extended attributes.
 *
 * Touches the world. Paths are given as text or as raw bytes, because a file name need not be UTF-8. A failure throws
 * "syscall-failed" with errno's name in `cause.code`.
 */
import koffi from "koffi";
import { GantryError } from "../../base/errors.js";
import { checked, lastErrno, libcFunction } from "./libc.js";

/** A path or name: text is encoded as UTF-8, bytes are passed as they are. Neither may hold NUL. */
export type BytePath = string | Uint8Array;

/** `MS_…` flags of mount(2). */
export const mountFlags = {
  readOnly: 1,
  noSuid: 2,
  noDev: 4,
  noExec: 8,
  remount: 32,
  bind: 4096,
  recursive: 16384,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
} as const;

/** `MNT_DETACH` and `UMOUNT_NOFOLLOW` of umount2(2). */
export const umountFlags = { detach: 2, noFollow: 8 } as const;

const mountCall = libcFunction(
  "int mount(const void *source, const void *target, const void *type, unsigned long flags, const void *data)",
);
const umountCall = koffi.load("libc.so.6").func("int umount2(const void *target, int flags)");
const utimensatCall = libcFunction("int utimensat(int dirfd, const void *path, const void *times, int flags)");
const lsetxattrCall = libcFunction(
  "int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)",
);
const lgetxattrCall = libcFunction("int64_t lgetxattr(const void *path, const void *name, void *value, size_t size)");
const llistxattrCall = libcFunction("int64_t llistxattr(const void *path, void *list, size_t size)");
const syncfsCall = libcFunction("int syncfs(int fd)");

const atFdCwd = -100;
const atSymlinkNoFollow = 0x100;
/** The kernel takes a page of mount options and cuts the rest off without a word. */
export const maxMountDataBytes = 4095;

export interface MountRequest {
  readonly source: BytePath;
  readonly target: BytePath;
  /** Empty for bind mounts and changes of propagation. */
  readonly type?: string;
  readonly flags?: number;
  readonly data?: string;
}

/** mount(2). Options longer than a page are refused here with E2BIG, since the kernel would cut them off. */
export function mount({ source, target, type, flags = 0, data }: MountRequest): void {
  if (data !== undefined && Buffer.byteLength(data) > maxMountDataBytes) {
    throw new GantryError("syscall-failed", `mount ${shown(target)}: E2BIG`, {
      cause: Object.assign(new Error("Mount options do not fit into a page"), { code: "E2BIG" }),
    });
  }
  const args = [cString(source), cString(target), type ? cString(type) : null, flags, data ? cString(data) : null];
  checked(`mount ${shown(target)}`, mountCall(...args));
}

/**
 * umount2(2) on a thread of the pool: unmounting an overlay writes its upper file system back, which may take long.
 * Rejects with "syscall-failed"; EINVAL means that nothing was mounted there.
 */
export function umount(target: BytePath, flags: number = umountFlags.noFollow): Promise<void> {
  const path = cString(target);
  return new Promise((resolve, reject) => {
    umountCall.async(path, flags, (error: unknown, result: unknown) => {
      try {
        if (error) throw error;
        checked(`umount ${shown(target)}`, Number(result));
        resolve();
      } catch (failure) {
        reject(failure);
      }
    });
  });
}

/** Type bits of a mode, as `mknod` wants them. */
export const nodeTypes = { fifo: 0o010000, character: 0o020000, block: 0o060000 } as const;

/** mknod(2). `mode` holds the type bits too; the umask applies. */
export function makeNode(path: BytePath, mode: number, device: { major: number; minor: number }): void {
  const call = mknodCall();
  checked(`mknod ${shown(path)}`, call(cString(path), mode, deviceNumber(device)));
}

/** utimensat(2) on the entry itself, link or not. Times in nanoseconds since the epoch. */
export function setTimes(path: BytePath, accessNanos: bigint, modifyNanos: bigint): void {
  const times = new BigInt64Array(4);
  splitNanos(times, 0, accessNanos);
  splitNanos(times, 2, modifyNanos);
  checked(`utimensat ${shown(path)}`, utimensatCall(atFdCwd, cString(path), times, atSymlinkNoFollow));
}

/** lsetxattr(2): sets an attribute of the entry itself. */
export function setXattr(path: BytePath, name: BytePath, value: Uint8Array): void {
  checked(`lsetxattr ${shown(path)}`, lsetxattrCall(cString(path), cString(name), value, value.byteLength, 0));
}

/** lgetxattr(2), or undefined when there is no such attribute. */
export function getXattr(path: BytePath, name: BytePath): Buffer | undefined {
  const size = lgetxattrCall(cString(path), cString(name), null, 0);
  if (size < 0 && lastErrno() === "ENODATA") return undefined;
  const value = Buffer.alloc(checked(`lgetxattr ${shown(path)}`, size));
  const read = lgetxattrCall(cString(path), cString(name), value, value.length);
  return value.subarray(0, checked(`lgetxattr ${shown(path)}`, read));
}

/** llistxattr(2): names of the entry's attributes; none where the file system has no attributes. */
export function listXattrs(path: BytePath): Buffer[] {
  const size = llistxattrCall(cString(path), null, 0);
  if (size < 0 && ["ENOTSUP", "EOPNOTSUPP"].includes(lastErrno())) return [];
  const list = Buffer.alloc(checked(`llistxattr ${shown(path)}`, size));
  const used = checked(`llistxattr ${shown(path)}`, llistxattrCall(cString(path), list, list.length));
  const names: Buffer[] = [];
  for (let at = 0; at < used; ) {
    const end = list.indexOf(0, at);
    names.push(list.subarray(at, end));
    at = end + 1;
  }
  return names;
}

/** syncfs(2): writes the file system of `fd` back. Blocks for as long as the disk takes: for workers only. */
export function syncFileSystem(fd: number): void {
  checked("syncfs", syncfsCall(fd));
}

let mknod: ((...args: unknown[]) => number) | undefined;

/** C libraries before glibc 2.33 export mknod only under the name of its old, versioned form. */
function mknodCall(): (...args: unknown[]) => number {
  mknod ??= declareMknod();
  return mknod;
}

function declareMknod(): (...args: unknown[]) => number {
  try {
    return libcFunction("int mknod(const void *path, unsigned int mode, uint64_t dev)");
  } catch {
    const old = libcFunction("int __xmknod(int version, const void *path, unsigned int mode, const void *dev)");
    return (path, mode, dev) => old(0, path, mode, new BigUint64Array([BigInt(String(dev))]));
  }
}

/** glibc's `makedev`. */
function deviceNumber({ major, minor }: { major: number; minor: number }): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
}

function splitNanos(times: BigInt64Array, at: number, nanos: bigint): void {
  const second = 1_000_000_000n;
  const rest = ((nanos % second) + second) % second;
  times[at] = (nanos - rest) / second;
  times[at + 1] = rest;
}

function cString(text: BytePath): Buffer {
  return Buffer.concat([typeof text === "string" ? Buffer.from(text) : text, Buffer.alloc(1)]);
}

function shown(path: BytePath): string {
  return typeof path === "string" ? path : Buffer.from(path).toString();
}
