/** `HostConfig.SecurityOpt`, read. Pure. */
import { GantryError } from "../../../base/errors.js";

/** Absent members were not asked for. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly seccomp: string | undefined;
  readonly appArmor: string | undefined;
  readonly selinuxLabel: string | undefined;
  /** Nothing of /proc and /sys is hidden or read-only. */
  readonly unconfinedPaths: boolean;
  readonly writableCgroups: boolean;
}

/** Accepts `key=value` and the old `key:value`. Throws "bad-parameter" for an unknown key or value. */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  const values = new Map<string, string>();
  const labels: string[] = [];
  for (const option of options) {
    const { key, value } = parseOption(option);
    if (key === "label") labels.push(value);
    else values.set(key, value);
  }
  return {
    noNewPrivileges: values.get("no-new-privileges") === "true",
    seccomp: values.get("seccomp"),
    appArmor: values.get("apparmor"),
    selinuxLabel: selinuxLabel(labels),
    unconfinedPaths: values.has("systempaths"),
    writableCgroups: values.get("writable-cgroups") === "true",
  };
}

function parseOption(option: string): { key: string; value: string } {
  if (option === "no-new-privileges") return { key: option, value: "true" };
  if (option === "disable") return { key: "label", value: "disable" };
  const [, key = "", value = ""] = /^([^=:]+)[=:]([\s\S]*)$/.exec(option) ?? [];
  if (key === "") throw new GantryError("bad-parameter", `invalid --security-opt 1: "${option}"`);
  if (!isKnown(key, value)) throw new GantryError("bad-parameter", `invalid --security-opt 2: "${option}"`);
  return { key, value };
}

function isKnown(key: string, value: string): boolean {
  if (key === "seccomp" || key === "apparmor" || key === "label") return true;
  if (key === "no-new-privileges" || key === "writable-cgroups") return value === "true" || value === "false";
  return key === "systempaths" && value === "unconfined";
}

/** `user:U role:R type:T level:L` joined as SELinux writes labels; undefined when there is nothing to set. */
function selinuxLabel(labels: readonly string[]): string | undefined {
  if (labels.length === 0 || labels.includes("disable")) return undefined;
  const part = (name: string, otherwise: string) =>
    labels.find((label) => label.startsWith(`${name}:`))?.slice(name.length + 1) ?? otherwise;
  return [part("user", "system_u"), part("role", "system_r"), part("type", "container_t"), part("level", "s0")].join(
    ":",
  );
}
