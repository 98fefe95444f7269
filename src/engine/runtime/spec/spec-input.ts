/** What a runtime configuration is made from: everything the host had to be asked for is a value here. Pure types. */
import type { OciMount } from "../../../oci/runtime-spec.js";
import type { ContainerConfig, HostConfig } from "../../../wire/container.js";
import type { ResolvedUser } from "./users.js";

/** Facts of the host, read once at the engine's start. See `readHostFacts`. */
export interface SpecHost {
  readonly cgroupVersion: 1 | 2;
  /** `process.arch`. */
  readonly arch: string;
  /** Capabilities that the engine has and can give. */
  readonly capabilities: readonly string[];
  readonly seccomp: boolean;
  /** Name of the loaded default profile; undefined where AppArmor is off. */
  readonly appArmorProfile: string | undefined;
  /** Hard limits of the engine by name (`nofile`), and whether it may raise them (CAP_SYS_RESOURCE). */
  readonly hardLimits: Readonly<Record<string, number>>;
  readonly mayRaiseLimits: boolean;
  /** A tiny init of the host (tini, catatonit, docker-init), for `Init`. */
  readonly initPath: string | undefined;
  /** Memory+swap limits need swap accounting, which v1 hosts may lack. */
  readonly swapAccounting: boolean;
  /** Weights of block devices need a scheduler that knows them. */
  readonly blockWeights?: boolean;
  /** Real-time CPU time for groups: v1 only, and not in every kernel. */
  readonly realtimeCpu?: boolean;
  /** AppArmor confines here; then a profile may be asked for by name. */
  readonly appArmor?: boolean;
  readonly seLinux?: boolean;
  /** False where the host has no /dev/mqueue. */
  readonly messageQueues?: boolean;
  /** A read-only bind can make what is mounted below it read-only too (Linux 5.12). */
  readonly recursiveReadOnly?: boolean;
  /** Lists as in `/sys/devices/system/cpu/online`; undefined where they are not told. */
  readonly onlineCpus?: string | undefined;
  readonly onlineNodes?: string | undefined;
  /** `x.y` of the running kernel, as `[x, y]`. */
  readonly kernel?: readonly [number, number];
}

/** `host` shares the host's; a path joins another container's; `private` makes a new one. */
export type NamespaceChoice = { kind: "private" } | { kind: "host" } | { kind: "path"; path: string };

/** One user mount. Its source exists; `tmpfs` has none; `ready` is taken as it is. Order does not matter. */
export type SpecMount =
  | {
      readonly kind: "bind";
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** `rprivate` (also for ""), `rslave`, `rshared`, or without the r. */
      readonly propagation: string;
      readonly recursive: boolean;
      /** Read-only also what is mounted below the source. */
      readonly readOnlyBelow?: boolean;
    }
  | { readonly kind: "tmpfs"; readonly target: string; readonly options: readonly string[] }
  | { readonly kind: "ready"; readonly target: string; readonly mount: OciMount };

/** A device of the host as the container shall see it; `permissions` ⊂ rwm. */
export interface SpecDevice {
  readonly path: string;
  readonly type: "c" | "b";
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
  readonly permissions: string;
}

/** A block device that `BlkioWeightDevice` and its like name by its path. */
export interface BlockDevice {
  readonly major: number;
  readonly minor: number;
}

/** What devices of the Container Device Interface change in a container, beside device nodes. */
export interface DeviceEdits {
  readonly env: readonly string[];
  readonly mounts: readonly OciMount[];
  readonly hooks: Readonly<Record<string, ReadonlyArray<Readonly<Record<string, unknown>>>>>;
  readonly additionalGids: readonly number[];
}

export interface SpecInput {
  readonly containerId: string;
  /** Merged with the image's. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly user: ResolvedUser;
  /** Absolute path of the mounted root file system. */
  readonly rootfs: string;
  readonly mounts: readonly SpecMount[];
  /** Engine-made files: resolv.conf, hostname, hosts. Mounted last, read-only when the root file system is. */
  readonly etcMounts: readonly { readonly source: string; readonly target: string }[];
  readonly network: NamespaceChoice;
  readonly pid: NamespaceChoice;
  readonly ipc: NamespaceChoice;
  /** A directory of the host to use as /dev/shm (shareable or another's IPC); undefined makes a private tmpfs. */
  readonly shmPath: string | undefined;
  /** Of `HostConfig.Devices`, resolved; for a privileged container all of the host's. */
  readonly devices: readonly SpecDevice[];
  /** By path. */
  readonly blockDevices?: ReadonlyMap<string, BlockDevice>;
  readonly edits?: DeviceEdits | undefined;
  /** Absolute in the hierarchy, e.g. `/gantry/<id>`. */
  readonly cgroupsPath: string;
  readonly host: SpecHost;
}
