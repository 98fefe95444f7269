/**
 * The AppArmor profile that containers run under where nothing else was asked for, as Docker's `docker-default` does:
 * a second fence behind capabilities and seccomp. It is compiled by `apparmor_parser` and lives in the kernel until the
 * next boot.
 *
 * Sources: apparmor.d(5); what is denied is what proc(5) and sysfs offer to a root user for harm to the host.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { messageOf } from "../../base/errors.js";
import { findProgram } from "./runtime-probe.js";

export const defaultAppArmorProfile = "gantry-default";

/** Whether AppArmor confines on this host. */
export function hasAppArmor(): boolean {
  return readText("/sys/module/apparmor/parameters/enabled").trim() === "Y";
}

/**
 * Brings the default profile into the kernel unless it is there, and returns its name. Undefined where AppArmor is off,
 * and where the profile cannot be loaded, which `warn` is told: containers then run without this fence.
 * Costs a process (some 50 ms) once after each boot.
 */
export function loadDefaultProfile(warn: (reason: string) => void): string | undefined {
  if (!hasAppArmor()) return undefined;
  if (isLoaded()) return defaultAppArmorProfile;
  const parser = findProgram("apparmor_parser");
  if (parser === undefined) {
    warn(
      "AppArmor is on but apparmor_parser is missing: containers run without a profile. Install the package apparmor.",
    );
    return undefined;
  }
  try {
    execFileSync(parser, ["--replace", "--skip-cache"], { input: profileText, stdio: ["pipe", "ignore", "pipe"] });
    return defaultAppArmorProfile;
  } catch (error) {
    warn(`The AppArmor profile ${defaultAppArmorProfile} could not be loaded: ${messageOf(error)}`);
    return undefined;
  }
}

function isLoaded(): boolean {
  const loaded = readText("/sys/kernel/security/apparmor/profiles").split("\n");
  return loaded.some((line) => line.startsWith(`${defaultAppArmorProfile} (`));
}

/**
 * Everything that AppArmor mediates is allowed, then the few things that reach the host are taken away again. Below
 * /proc/sys the namespaced trees (kernel/shm*, kernel/msg*, kernel/sem, net) stay writable: their owner may set them.
 */
const profileText = `
profile ${defaultAppArmorProfile} flags=(attach_disconnected, mediate_deleted) {
  network,
  capability,
  file,
  umount,
  signal (receive) peer=unconfined,
  signal (receive) peer=runc,
  signal (receive) peer=crun,
  signal (send, receive) peer=${defaultAppArmorProfile},
  ptrace (trace, read, tracedby, readby) peer=${defaultAppArmorProfile},

  deny mount,
  deny /proc/* w,
  deny /proc/{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9]*}/** w,
  deny /proc/sys/[^kn]** w,
  deny /proc/sys/n[^e]** w,
  deny /proc/sys/ne[^t]** w,
  deny /proc/sys/kernel/[^sm]** w,
  deny /proc/sys/kernel/s[^he]** w,
  deny /proc/sys/kernel/sh[^m]** w,
  deny /proc/sys/kernel/se[^m]** w,
  deny /proc/sys/kernel/m[^s]** w,
  deny /proc/sys/kernel/ms[^g]** w,
  deny /proc/sysrq-trigger rwklx,
  deny /proc/kcore rwklx,

  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
`;

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
