/**
 * The project: what the Compose files ask for, after interpolation, merge and normalisation. The loader's result, the
 * planner's input.
 *
 * Pure. Fields carry the specification's names (`working_dir`) and are in canonical form: short syntaxes are
 * expanded, lists and maps are never absent where the type says so, relative paths are absolute, durations are integer
 * nanoseconds and sizes integer bytes. What the files leave out is undefined, unless a comment names a default.
 *
 * @see Compose Specification
 */
import type { SourceLocation } from "../base/diagnostic.js";
import type { ProjectExtension, ServiceExtension, VolumeExtension } from "./extension.js";
import type { Instance } from "./instance/instance.js";
import type { Tree } from "./tree.js";
import type { UpdateSpec } from "./update-spec.js";

export interface Project {
  readonly name: string;
  /** Which copy of the project this is; absent: the plain one. */
  readonly instance?: Instance;
  /** Absolute; relative paths of the files were resolved against it. */
  readonly workingDir: string;
  /** Absolute paths, in the order given. */
  readonly configFiles: readonly string[];
  /** Absolute paths given with `--env-file`; empty when the default `.env` was used. */
  readonly envFiles: readonly string[];
  /** What interpolation and bare `environment` keys see: process environment over `.env`. */
  readonly environment: Readonly<Record<string, string>>;
  /** The user's own proxies, for every container that does not say otherwise; no part of the files. Absent: none. */
  readonly proxies?: Readonly<Record<string, string>>;
  /** By key, sorted. Only services that the active profiles select. */
  readonly services: ReadonlyMap<string, Service>;
  /** Keys of services that no active profile selects: not orphans. */
  readonly disabledServices: readonly string[];
  /** By key, sorted; holds `default` when a service uses it. Only networks that a selected service uses. */
  readonly networks: ReadonlyMap<string, NetworkSpec>;
  readonly volumes: ReadonlyMap<string, VolumeSpec>;
  readonly configs: ReadonlyMap<string, FileSpec>;
  readonly secrets: ReadonlyMap<string, FileSpec>;
  /** Those that a selected service uses; absent: none. */
  readonly models?: ReadonlyMap<string, ModelSpec>;
  /** Where each value was written, by its path (`services.web.ports[0].target`); the last entry won. */
  readonly sources: ReadonlyMap<string, readonly SourceLocation[]>;
  /** Which variables were read for the value that stands at a place, by `placeKey`. */
  readonly variableUses?: ReadonlyMap<string, readonly VariableUse[]>;
  /** What explains values beyond their places; a project that no file made has none. */
  readonly provenance?: Provenance;
  /** Extensions at the top level, as written. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly gantry?: ProjectExtension;
  /** Files that came from elsewhere; absent: none. What they name may not leave `root`, but for mounts of the host. */
  readonly remotes?: ReadonlyArray<{ readonly reference: string; readonly file: string; readonly root: string }>;
}

/** How the model came to be. */
export interface Provenance {
  /** The merged files, before normalisation. */
  readonly model: Tree;
  /** Where env files set variables of the project; those of the process have no place. */
  readonly variablePlaces: ReadonlyMap<string, SourceLocation>;
  /** Each scalar's text after interpolation by `placeKey`, when the load was asked to keep them. */
  readonly texts?: ReadonlyMap<string, string>;
}

/** `from` is the line of an env file, the process environment, or nowhere: then the text's default counts. */
export interface VariableUse {
  readonly name: string;
  readonly from: SourceLocation | "process" | "nowhere";
}

/** A place as a key: `file:line:column`. */
export function placeKey({ file, line, column }: SourceLocation): string {
  return `${file}:${line}:${column}`;
}

export interface Service {
  readonly name: string;
  readonly image?: string;
  /** Canonical form is left to the builder's issue; a service with `build` and no `image` runs `PROJECT-SERVICE`. */
  readonly build?: BuildSpec;
  /** Undefined: the image's own. Empty: no arguments at all. */
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  /** `env_file` under `environment`; null means "unset the image's value". Sorted by key. */
  readonly environment: Readonly<Record<string, string | null>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly container_name?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly user?: string;
  readonly working_dir?: string;
  readonly tty: boolean;
  readonly stdin_open: boolean;
  readonly init?: boolean;
  readonly privileged: boolean;
  readonly read_only: boolean;
  readonly stop_signal?: string;
  readonly stop_grace_period?: number;
  readonly restart?: RestartSpec;
  readonly cap_add: readonly string[];
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly group_add: readonly string[];
  readonly devices: readonly DeviceSpec[];
  readonly ulimits: Readonly<Record<string, { readonly soft: number; readonly hard: number }>>;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly tmpfs: readonly string[];
  readonly shm_size?: number;
  /** Merged from the service's own keys and `deploy.resources`. */
  readonly resources: ResourceSpec;
  /** Each `host=address`, several per host allowed; sorted by host. */
  readonly extra_hosts: readonly string[];
  readonly dns: readonly string[];
  readonly dns_search: readonly string[];
  readonly dns_opt: readonly string[];
  /** `host`, `none`, `bridge`, `service:NAME`, `container:NAME`; then `networks` is empty. */
  readonly network_mode?: string;
  readonly pid?: string;
  readonly ipc?: string;
  readonly platform?: string;
  readonly pull_policy?: string;
  readonly runtime?: string;
  readonly cgroup_parent?: string;
  readonly mac_address?: string;
  readonly oom_score_adj?: number;
  readonly logging?: { readonly driver?: string; readonly options: Readonly<Record<string, string>> };
  readonly networks: ReadonlyMap<string, ServiceNetwork>;
  readonly ports: readonly PortSpec[];
  /** Container ports without publishing, `80/tcp`. */
  readonly expose: readonly string[];
  readonly volumes: readonly MountSpec[];
  readonly configs: readonly FileUse[];
  readonly secrets: readonly FileUse[];
  readonly depends_on: ReadonlyMap<string, Dependency>;
  readonly healthcheck?: HealthcheckSpec;
  /** `scale` or `deploy.replicas`; 1 when neither is given. */
  readonly scale: number;
  readonly profiles: readonly string[];
  /** False leaves the service out of `up`'s log stream. Default true. */
  readonly attach: boolean;
  /** What joins the names of its containers and image. Undefined: `-`. */
  readonly separator?: "_";
  /** `x-gantry` and other extensions, as written. */
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly gantry?: ServiceExtension;
  /** How its containers are replaced; undefined: one stop, one start, all at once. */
  readonly update_config?: UpdateSpec;
  /** How an update is taken back. */
  readonly rollback_config?: UpdateSpec;
  /** Attributes that have no member above, or say there less than the files do, in canonical form: for `config`. */
  readonly untyped?: Readonly<Record<string, unknown>>;
  readonly blkio_config?: BlkioSpec;
  readonly cgroup?: string;
  readonly userns_mode?: string;
  readonly uts?: string;
  readonly isolation?: string;
  readonly device_cgroup_rules?: readonly string[];
  /** Of `gpus`, CDI names under `devices`, and `deploy.resources.reservations.devices`, in this order. */
  readonly device_requests?: readonly DeviceRequestSpec[];
  readonly storage_opt?: Readonly<Record<string, string>>;
  /** Each `SERVICE` or `SERVICE:ALIAS`. */
  readonly links?: readonly string[];
  /** Each `CONTAINER` or `CONTAINER:ALIAS`. */
  readonly external_links?: readonly string[];
  /** Each `SERVICE[:MODE]` or `container:NAME[:MODE]`. */
  readonly volumes_from?: readonly string[];
  readonly use_api_socket?: boolean;
  readonly post_start?: readonly HookSpec[];
  readonly pre_stop?: readonly HookSpec[];
  readonly pre_start?: readonly HookSpec[];
  /** A service that a program outside of the engine provides; it has no container. */
  readonly provider?: ProviderSpec;
  /** By key of `project.models`, sorted: the variables that the service wants to be told by. */
  readonly models?: Readonly<Record<string, { readonly endpoint_var?: string; readonly model_var?: string }>>;
}

/** A command at a point of a container's life. `image` and `per_replica` only in `pre_start`. */
export interface HookSpec {
  readonly command: readonly string[];
  readonly image?: string;
  readonly user?: string;
  readonly working_dir?: string;
  readonly privileged?: boolean;
  readonly per_replica?: boolean;
  /** Null leaves the variable as the container has it. */
  readonly environment: Readonly<Record<string, string | null>>;
}

/** `type` names a program; each option is given to it once for each of its values. */
export interface ProviderSpec {
  readonly type: string;
  readonly options: Readonly<Record<string, readonly string[]>>;
}

/** An AI model that services are told the address of. */
export interface ModelSpec {
  readonly key: string;
  readonly name: string;
  readonly model: string;
  readonly context_size?: number;
  readonly runtime_flags: readonly string[];
}

/** Rates in bytes or operations a second. */
export interface BlkioSpec {
  readonly weight?: number;
  readonly weight_device: ReadonlyArray<{ readonly path: string; readonly weight: number }>;
  readonly device_read_bps: readonly DeviceRate[];
  readonly device_read_iops: readonly DeviceRate[];
  readonly device_write_bps: readonly DeviceRate[];
  readonly device_write_iops: readonly DeviceRate[];
}
export interface DeviceRate {
  readonly path: string;
  readonly rate: number;
}

/** Devices by what they can do, or by their ids. `count` -1 is all; undefined with ids. */
export interface DeviceRequestSpec {
  readonly driver?: string;
  readonly count?: number;
  readonly device_ids: readonly string[];
  readonly capabilities: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}

/** As written, with `context` absolute. */
export interface BuildSpec {
  readonly context: string;
  readonly dockerfile?: string;
  readonly [field: string]: unknown;
}

/** `max_attempts` only with `on-failure`. */
export interface RestartSpec {
  readonly name: "no" | "always" | "unless-stopped" | "on-failure";
  readonly max_attempts?: number;
}

/**
 * `cpus` in CPUs (fractions allowed), memory in bytes (`memswap_limit` -1 is unlimited), `pids_limit` -1 is unlimited.
 */
export interface ResourceSpec {
  readonly cpus?: number;
  readonly cpu_shares?: number;
  readonly cpu_period?: number;
  readonly cpu_quota?: number;
  readonly cpuset?: string;
  readonly mem_limit?: number;
  readonly mem_reservation?: number;
  readonly memswap_limit?: number;
  readonly mem_swappiness?: number;
  readonly pids_limit?: number;
  readonly oom_kill_disable?: boolean;
  /** Microseconds. */
  readonly cpu_rt_period?: number;
  readonly cpu_rt_runtime?: number;
}

export interface DeviceSpec {
  readonly source: string;
  readonly target: string;
  readonly permissions: string;
}

/** One network of a service. `priority` orders the interfaces, highest first. */
export interface ServiceNetwork {
  readonly aliases: readonly string[];
  readonly ipv4_address?: string;
  readonly ipv6_address?: string;
  readonly mac_address?: string;
  readonly priority?: number;
  readonly gw_priority?: number;
  readonly driver_opts: Readonly<Record<string, string>>;
  readonly interface_name?: string;
  readonly link_local_ips?: readonly string[];
}

/** `published` undefined: a free host port; `8000-8010`: the first free. One entry per container port. */
export interface PortSpec {
  readonly target: number;
  readonly published?: string;
  readonly host_ip?: string;
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly mode: "host" | "ingress";
  /** For people and other tools; nothing acts on the two. */
  readonly name?: string;
  readonly app_protocol?: string;
}

/** `source` is an absolute path (bind), a key of `project.volumes` (volume), or undefined (anonymous volume, tmpfs). */
export interface MountSpec {
  readonly type: "bind" | "volume" | "tmpfs" | "image";
  readonly source?: string;
  readonly target: string;
  readonly read_only: boolean;
  readonly bind?: {
    readonly create_host_path: boolean;
    readonly propagation?: string;
    readonly selinux?: "z" | "Z";
    readonly recursive?: string;
  };
  readonly volume?: {
    readonly nocopy: boolean;
    readonly subpath?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly tmpfs?: { readonly size?: number; readonly mode?: number };
  readonly image?: { readonly subpath: string };
  /** As written; it has no effect on Linux. */
  readonly consistency?: string;
}

/** A service's use of a config or secret. `source` is its key, `target` an absolute path in the container. */
export interface FileUse {
  readonly source: string;
  readonly target: string;
  readonly uid?: string;
  readonly gid?: string;
  /** Permission bits; undefined means 0444. */
  readonly mode?: number;
}

/** A top-level config or secret: exactly one of `file`, `environment`, `content`, `external`. */
export interface FileSpec {
  readonly key: string;
  readonly name: string;
  readonly file?: string;
  readonly environment?: string;
  readonly content?: string;
  readonly external: boolean;
  /** Nothing acts on the two. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly driver_opts?: Readonly<Record<string, string>>;
  /** A swarm would ask them for the content: what has one cannot be used. */
  readonly driver?: string;
  readonly template_driver?: string;
}

export type DependencyCondition = "service_started" | "service_healthy" | "service_completed_successfully";
export interface Dependency {
  readonly condition: DependencyCondition;
  readonly restart: boolean;
  readonly required: boolean;
}

/**
 * With `disable` there is no check, whatever else stands. `test` is `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", text]`;
 * undefined inherits the image's. Durations in nanoseconds.
 */
export interface HealthcheckSpec {
  readonly disable?: true;
  readonly test?: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly start_period?: number;
  readonly start_interval?: number;
  readonly retries?: number;
}

export interface NetworkSpec {
  readonly key: string;
  /** What the engine calls it: `PROJECT_KEY` unless `name` says otherwise. */
  readonly name: string;
  readonly external: boolean;
  readonly driver?: string;
  readonly driver_opts: Readonly<Record<string, string>>;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly enable_ipv4?: boolean;
  readonly enable_ipv6?: boolean;
  readonly ipam?: {
    readonly driver?: string;
    readonly config: ReadonlyArray<{
      readonly subnet?: string;
      readonly ip_range?: string;
      readonly gateway?: string;
      readonly aux_addresses?: Readonly<Record<string, string>>;
    }>;
    readonly options?: Readonly<Record<string, string>>;
  };
  readonly labels: Readonly<Record<string, string>>;
}

export interface VolumeSpec {
  readonly gantry?: VolumeExtension;
  readonly key: string;
  readonly name: string;
  readonly external: boolean;
  readonly driver?: string;
  readonly driver_opts: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}
