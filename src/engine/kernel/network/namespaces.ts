/**
 * Network namespaces: made, named by a file, entered for the length of one synchronous function, and removed.
 *
 * Touches the world. A named namespace lives as long as its bind mount, with or without processes in it.
 */
import { closeSync, mkdirSync, openSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { systemCodeOf } from "../../../base/errors.js";
import { checked, lastErrno, libcFunction } from "../libc.js";

const setns = libcFunction("int setns(int fd, int type)");
const unshare = libcFunction("int unshare(int flags)");
const mount = libcFunction(
  "int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)",
);
const umount2 = libcFunction("int umount2(const char *target, int flags)");

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 0x1000;
const MNT_DETACH = 2;
const currentNetns = "/proc/thread-self/ns/net";

/** Makes an empty network namespace and binds it at `path`, which must not exist. A failure leaves nothing. */
export function createNetns(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  closeSync(openSync(path, "wx", 0o444));
  try {
    awayFromHome(
      () => checked("unshare(CLONE_NEWNET)", unshare(CLONE_NEWNET)),
      () => checked(`mount ${path}`, mount(currentNetns, path, "none", MS_BIND, null)),
    );
  } catch (error) {
    removeNetns(path);
    throw error;
  }
}

/** Unbinds and unlinks; the namespace goes when its last process and socket go. Does nothing if the file is missing. */
export function removeNetns(path: string): void {
  if (umount2(path, MNT_DETACH) < 0 && !["EINVAL", "ENOENT"].includes(lastErrno())) checked(`umount ${path}`, -1);
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") throw error;
  }
}

/** Names of the files in a directory of namespaces; none when it is missing. */
export function netnsNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** True when `path` is a bound namespace, rather than the plain file that a reboot leaves. */
export function isNetns(path: string): boolean {
  try {
    return statSync(path).dev === statSync(currentNetns).dev;
  } catch {
    return false;
  }
}

/**
 * Runs `work` in the network namespace at `path` and comes back on every way out. `work` must be synchronous: between
 * two turns of the event loop the thread would stand in the wrong network. Should coming back fail, the process aborts,
 * because everything that it did later would happen in a container's network.
 */
export function inNetns<T>(path: string, work: () => T extends Promise<unknown> ? never : T): T {
  const target = openSync(path, "r");
  try {
    return awayFromHome(() => checked(`setns ${path}`, setns(target, CLONE_NEWNET)), work);
  } finally {
    closeSync(target);
  }
}

function awayFromHome<T>(leave: () => unknown, work: () => T): T {
  const home = openSync(currentNetns, "r");
  const { ino } = statSync(currentNetns);
  try {
    leave();
    return work();
  } finally {
    if (setns(home, CLONE_NEWNET) < 0 || statSync(currentNetns).ino !== ino) process.abort();
    closeSync(home);
  }
}
