/**
 * Processes by identity: pid, start time and boot id together name one process for ever, a pid alone does not.
 *
 * A signal goes through a pidfd that was opened before the identity was checked, so that the pid cannot change hands
 * between the check and the signal (pidfd_open(2), Linux 5.3; older kernels get a plain kill after the check).
 */
import { closeSync, readFileSync } from "node:fs";
import koffi from "koffi";
import { lastErrno, libcFunction } from "./libc.js";

/** `startTicks` is field 22 of /proc/PID/stat, in clock ticks since boot. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
  readonly bootId: string;
}

// The same numbers on every architecture: both calls are younger than the unified table.
const pidfdSendSignalNumber = 424;
const pidfdOpenNumber = 434;
const pidfdOpen = libcFunction("long syscall(long number, int pid, unsigned int flags)");
const pidfdSendSignal = libcFunction("long syscall(long number, int fd, int signal, void *info, unsigned int flags)");

/** The kernel's id of this boot; a process record with another one is from before a reboot. */
export function readBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** The identity of a live process (a zombie counts as gone), or undefined. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const startTicks = readStartTicks(pid);
  return startTicks === undefined ? undefined : { pid, startTicks, bootId: readBootId() };
}

/** The kernel counts in these for programs, whatever its own rate is. */
const ticksPerSecond = 100;

/** How long ago a process of this boot began, whatever has been done to the wall clock since. */
export function processAgeMs({ startTicks }: ProcessIdentity): number {
  const uptimeS = Number.parseFloat(readFileSync("/proc/uptime", "utf8"));
  return Math.max(0, uptimeS * 1000 - (startTicks / ticksPerSecond) * 1000);
}

/** True while this very process runs. */
export function isProcessAlive(process: ProcessIdentity): boolean {
  return readStartTicks(process.pid) === process.startTicks && process.bootId === readBootId();
}

/** Sends a signal to this very process. False when it is gone, or may not be signalled. */
export function signalProcess(identity: ProcessIdentity, signal: number): boolean {
  const fd = openPidfd(identity.pid);
  if (fd === undefined) {
    const hasPidfds = lastErrno() !== "ENOSYS"; // read at once: the next system call replaces it
    return !hasPidfds && isProcessAlive(identity) && plainKill(identity.pid, signal);
  }
  try {
    return isProcessAlive(identity) && pidfdSendSignal(pidfdSendSignalNumber, fd, signal, null, 0) === 0;
  } finally {
    closeSync(fd);
  }
}

/**
 * Calls back once, when the process has ended. Undefined when it has already, or when this kernel has no pidfds; the
 * returned function ends the watch.
 */
export function watchProcessEnd(identity: ProcessIdentity, onEnd: () => void): (() => void) | undefined {
  const fd = openPidfd(identity.pid);
  if (fd === undefined) return undefined;
  if (!isProcessAlive(identity)) {
    closeSync(fd);
    return undefined;
  }
  const handle = koffi.node.poll(fd, { readable: true }, () => {
    stop();
    onEnd();
  });
  handle.unref();
  let stopped = false;
  const stop = () => {
    if (stopped) return;
    stopped = true;
    handle.close();
    closeSync(fd);
  };
  return stop;
}

function openPidfd(pid: number): number | undefined {
  const fd = pidfdOpen(pidfdOpenNumber, pid, 0);
  return fd < 0 ? undefined : fd;
}

function plainKill(pid: number, signal: number): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Start time of a running process; undefined when it is gone or a zombie. */
function readStartTicks(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The command's name, in parentheses, may hold spaces and parentheses itself: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  return state === "Z" || state === "X" ? undefined : Number(fields[19]);
}
