/** Options of tmpfs mounts, in both spellings of a create request. Pure. */
import type { MountRequest } from "../../../wire/container.js";
import { checkTarget, refuse } from "./mount-target.js";
import type { ResolvedMount } from "./resolved-mount.js";

const baseOptions = ["noexec", "nosuid", "nodev"];
const flags = new Set([
  ...["defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync"],
  ...["remount", "mand", "nomand", "atime", "noatime", "diratime", "nodiratime", "bind", "rbind"],
  ...["unbindable", "runbindable", "private", "rprivate", "shared", "rshared", "slave", "rslave"],
  ...["relatime", "norelatime", "strictatime", "nostrictatime"],
]);
const settings = new Set(["mode", "uid", "gid", "nr_inodes", "nr_blocks", "size", "mpol"]);

/** An entry of `HostConfig.Tmpfs`. Throws "bad-parameter" for an option that tmpfs does not have. */
export function parseTmpfs(target: string, text: string): ResolvedMount {
  const own = text === "" ? [] : text.split(",");
  for (const option of own) checkOption(option);
  return {
    kind: "tmpfs",
    target: checkTarget(target),
    readOnly: own.includes("ro"),
    options: merged(own),
    listed: false,
  };
}

/** Of an entry of `Mounts`. Throws "bad-parameter". */
export function mountedTmpfsOptions(options: MountRequest["TmpfsOptions"]): string[] {
  const mode = options?.Mode === undefined || options.Mode === 0 ? [] : [`mode=${options.Mode.toString(8)}`];
  if ((options?.SizeBytes ?? 0) < 0) refuse('invalid mount config for type "tmpfs": SizeBytes must not be negative');
  const size = options?.SizeBytes ? [`size=${options.SizeBytes}`] : [];
  const own = (options?.Options ?? []).map((option) => {
    if (option.length !== 1 && option.length !== 2) refuse("invalid option array length: must be 1 or 2");
    return option.join("=");
  });
  for (const option of own) checkOption(option);
  return [...merged(own), ...mode, ...size];
}

/** Docker's base options, of which a user's option takes the opposite away. */
function merged(own: readonly string[]): string[] {
  return [...new Set([...baseOptions.filter((option) => !own.includes(option.slice(2))), ...own])];
}

function checkOption(option: string): void {
  const [name = "", value] = option.split("=", 2);
  if (value === undefined ? flags.has(option) : settings.has(name) && value !== "") return;
  refuse(
    `invalid tmpfs option [${option
      .split("=")
      .map((part) => JSON.stringify(part))
      .join(" ")}]`,
  );
}
