/**
 * Makes a container's tree the root directory of the calling thread. Touches the world; for the tree worker.
 *
 * The thread leaves the process's mount namespace and root first (unshare makes both its own), so that nobody else sees
 * a change. From then on the kernel resolves every path inside the tree: links in it cannot lead out, whatever a
 * container does to it meanwhile. The thread never comes back; it ends with its job.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { GantryError } from "../../../base/errors.js";
import { checked, libcFunction } from "../../kernel/libc.js";
import { mount, mountFlags } from "../../kernel/mount.js";
import { openInRoot } from "../../kernel/open-in-root.js";
import { identifyProcess } from "../../kernel/process.js";
import type { TreeView, ViewMount } from "./tree-job.js";

const unshare = libcFunction("int unshare(int flags)");
const setns = libcFunction("int setns(int fd, int type)");
const chroot = libcFunction("int chroot(const char *path)");
const chdir = libcFunction("int chdir(const char *path)");
const fchdir = libcFunction("int fchdir(int fd)");

const CLONE_NEWNS = 0x00020000;
const oPath = 0o10000000;

/** Throws "container-not-running" when the process is gone, "syscall-failed". */
export function enterTree(view: TreeView): void {
  if (view.kind === "namespace") enterNamespace(view);
  else enterRootfs(view);
}

/** The same for a plain directory, nothing mounted over it. */
export function enterDirectory(root: string): void {
  checked("unshare(CLONE_NEWNS)", unshare(CLONE_NEWNS));
  changeRoot(root);
}

function enterNamespace({ pid, startTicks }: Extract<TreeView, { kind: "namespace" }>): void {
  const namespace = openSync(`/proc/${pid}/ns/mnt`, "r");
  try {
    // Checked after the open: the descriptor is of the process that has this start time.
    if (identifyProcess(pid)?.startTicks !== startTicks) {
      throw new GantryError("container-not-running", "The container ended meanwhile");
    }
    checked("unshare(CLONE_NEWNS)", unshare(CLONE_NEWNS)); // a thread that shares its root may not enter a namespace
    checked("setns(CLONE_NEWNS)", setns(namespace, CLONE_NEWNS)); // root and directory become the namespace's
  } finally {
    closeSync(namespace);
  }
}

function enterRootfs({ root, readOnly, mounts }: Extract<TreeView, { kind: "rootfs" }>): void {
  checked("unshare(CLONE_NEWNS)", unshare(CLONE_NEWNS));
  mount({ source: "none", target: "/", flags: mountFlags.recursive | mountFlags.private });
  mount({ source: root, target: root, flags: mountFlags.bind });
  for (const one of mounts) mountInside(root, one);
  if (readOnly) mount({ source: "none", target: root, flags: readOnlyRemount });
  changeRoot(root);
}

const readOnlyRemount = mountFlags.bind | mountFlags.remount | mountFlags.readOnly;

/** The target is looked up with the tree as root, then mounted on by its descriptor. A missing one is made. */
function mountInside(root: string, { source, subpath, target, readOnly }: ViewMount): void {
  const sourceFd = subpath === undefined ? openSync(source, oPath) : openInRoot(source, subpath, oPath);
  const home = openSync("/", constants.O_RDONLY | constants.O_DIRECTORY);
  const isDirectory = fstatSync(sourceFd).isDirectory();
  let place: number;
  try {
    changeRoot(root);
    try {
      place = openOrMake(target, isDirectory);
    } finally {
      checked("fchdir", fchdir(home));
      checked("chroot", chroot("."));
    }
  } finally {
    closeSync(home);
  }
  const path = `/proc/self/fd/${place}`;
  try {
    mount({ source: `/proc/self/fd/${sourceFd}`, target: path, flags: mountFlags.bind | mountFlags.recursive });
    // By its name from here on: the descriptor still is what lies below the mount.
    if (readOnly) remountReadOnly(root, target);
  } finally {
    closeSync(place);
    closeSync(sourceFd);
  }
}

function remountReadOnly(root: string, target: string): void {
  const home = openSync("/", constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    changeRoot(root);
    mount({ source: "none", target, flags: readOnlyRemount });
  } finally {
    checked("fchdir", fchdir(home));
    checked("chroot", chroot("."));
    closeSync(home);
  }
}

function openOrMake(target: string, isDirectory: boolean): number {
  try {
    return openSync(target, oPath);
  } catch {
    mkdirSync(isDirectory ? target : dirname(target), { recursive: true, mode: 0o755 });
    if (!isDirectory) writeFileSync(target, "", { flag: "a" });
    return openSync(target, oPath);
  }
}

function changeRoot(path: string): void {
  checked(`chroot ${path}`, chroot(path));
  checked("chdir /", chdir("/"));
}
