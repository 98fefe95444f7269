/** Capability names: Docker's default set, and what adding and dropping makes of it. Pure. */
import { GantryError } from "../../../base/errors.js";

/** What a container has without asking, as Docker gives it. */
const defaultCapabilities: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

/** Every capability in the order of its number (capabilities(7)). */
export const allCapabilities: readonly string[] = `
  CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
  NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
  SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
  MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
`
  .split(/\s+/)
  .filter(Boolean)
  .map((name) => `CAP_${name}`);

/**
 * The capabilities of a container. Names come with or without `CAP_`, in any case, and `ALL` stands for all of them.
 * `available` are those the engine itself has: more cannot be given. Throws "bad-parameter" for an unknown name.
 */
export function containerCapabilities(
  asked: { add: readonly string[]; drop: readonly string[]; privileged: boolean },
  available: readonly string[],
): string[] {
  const add = asked.add.map((name) => capabilityName(name, "CapAdd"));
  const drop = asked.drop.map((name) => capabilityName(name, "CapDrop"));
  const base =
    add.includes("ALL") || asked.privileged ? allCapabilities : drop.includes("ALL") ? [] : defaultCapabilities;
  const wanted = new Set([...base, ...add]);
  if (!asked.privileged) for (const name of drop) if (!add.includes(name)) wanted.delete(name);
  return allCapabilities.filter((name) => wanted.has(name) && available.includes(name));
}

/** The names that are set in a mask as /proc/PID/status shows it (hexadecimal). */
export function capabilitiesOfMask(mask: string): string[] {
  const bits = BigInt(`0x${mask.trim()}`);
  return allCapabilities.filter((_name, bit) => (bits >> BigInt(bit)) & 1n);
}

function capabilityName(asked: string, field: string): string {
  const upper = asked.toUpperCase();
  if (upper === "ALL" || upper === "CAP_ALL") return "ALL";
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (allCapabilities.includes(name)) return name;
  throw new GantryError("bad-parameter", `invalid ${field}: unknown capability: "${name}"`);
}
