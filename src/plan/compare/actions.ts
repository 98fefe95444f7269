/**
 * What a change of each field costs, and how it is seen: the one table that plans are judged by.
 *
 * Pure data, told to people in `docs/plans.md`, which a test holds against it. The type makes sure that no attribute of
 * a service is forgotten.
 */
import type { ServiceExtension } from "../../compose/extension.js";
import type { ResourceSpec, Service } from "../../compose/project.js";

/**
 * The least that brings a change about, from little to much: nothing at all; a call on the container while it runs; a
 * stop and a start of it; another container in its place; another image first.
 */
export const actions = ["nothing", "live", "restart", "recreate", "rebuild"] as const;
export type Action = (typeof actions)[number];

/**
 * `live`: read from the engine's inspection. `digest`: engines do not show it, or show it in words of their own; a
 * digest in a label of the container tells what it was made from. `both`: shown, but not all of it.
 */
export interface FieldRule {
  readonly action: Action;
  readonly seen: "live" | "digest" | "both";
}

/** Attributes by the names of the Compose file; limits stand beside the others. */
type Field = Exclude<keyof Service, "resources" | "gantry"> | keyof ResourceSpec | `x-gantry.${keyof ServiceExtension}`;

const nothing: FieldRule = { action: "nothing", seen: "live" };
const live: FieldRule = { action: "live", seen: "live" };
const recreate: FieldRule = { action: "recreate", seen: "live" };
const unseen: FieldRule = { action: "recreate", seen: "digest" };

/** By field. What a container does not depend on is `nothing`. */
export const fieldRules: Readonly<Record<Field, FieldRule>> = {
  ...{ name: nothing, scale: nothing, depends_on: nothing, profiles: nothing, attach: nothing, pull_policy: nothing },
  ...{ extensions: nothing, "x-gantry.drain": nothing, separator: nothing, untyped: nothing, provider: nothing },
  ...{ update_config: nothing, rollback_config: nothing },
  // It runs when the container ends, as the file has it then.
  pre_stop: nothing,
  build: { action: "rebuild", seen: "digest" },
  ...{ container_name: live, restart: live, networks: { action: "live", seen: "both" } },
  ...{ cpus: live, cpu_shares: live, cpu_period: live, cpu_quota: live, cpuset: live, pids_limit: live },
  ...{ mem_limit: live, mem_reservation: live, memswap_limit: live },
  ...{ image: recreate, command: recreate, entrypoint: recreate, environment: recreate, labels: recreate },
  ...{ hostname: recreate, domainname: recreate, user: recreate, working_dir: recreate, expose: recreate },
  ...{ tty: recreate, stdin_open: recreate, stop_signal: recreate, stop_grace_period: recreate },
  ...{ healthcheck: recreate, ports: recreate, privileged: recreate, read_only: recreate, cap_add: recreate },
  ...{ cap_drop: recreate, group_add: recreate, devices: recreate, sysctls: recreate, extra_hosts: recreate },
  ...{ dns: recreate, dns_search: recreate, dns_opt: recreate, oom_score_adj: recreate },
  ...{ volumes: { action: "recreate", seen: "both" }, tmpfs: recreate },
  ...{
    network_mode: { action: "recreate", seen: "both" },
    configs: unseen,
    secrets: unseen,
    pid: unseen,
    ipc: unseen,
    uts: unseen,
  },
  ...{ volumes_from: unseen, links: unseen, external_links: unseen, mac_address: unseen },
  ...{ init: unseen, ulimits: unseen, shm_size: unseen, security_opt: unseen, logging: unseen },
  ...{ cgroup: unseen, cgroup_parent: unseen, userns_mode: unseen, isolation: unseen, runtime: unseen },
  ...{ platform: unseen, annotations: unseen, storage_opt: unseen, device_cgroup_rules: unseen },
  ...{ device_requests: unseen, blkio_config: unseen, mem_swappiness: unseen, oom_kill_disable: unseen },
  ...{ cpu_rt_period: unseen, cpu_rt_runtime: unseen, use_api_socket: unseen, models: unseen },
  ...{ pre_start: unseen, post_start: unseen, "x-gantry.probe": unseen, "x-gantry.heal": unseen },
};

/** Of the content of a file that is bound into a container by itself: each start of the container binds it anew. */
export const contentAction: Action = "restart";

/** Limits that engines can lift from a container that has them; all others, once set, are only ever changed. */
const removable: ReadonlySet<string> = new Set(["restart", "networks", "pids_limit", "container_name"]);

/** The action for one difference. `field` may go into it (`environment.A`). */
export function actionFor(field: string, change: { readonly isRemoved: boolean }): Action {
  const head = headOf(field);
  if (!isField(head)) return "recreate";
  const { action } = fieldRules[head];
  return action === "live" && change.isRemoved && !removable.has(head) ? "recreate" : action;
}

/** How the field is seen. */
export function seenBy(field: string): FieldRule["seen"] {
  const head = headOf(field);
  return isField(head) ? fieldRules[head].seen : "live";
}

/** The greatest of several; `nothing` of none. */
export function greatest(several: readonly Action[]): Action {
  return actions[Math.max(0, ...several.map((action) => actions.indexOf(action)))] ?? "nothing";
}

function headOf(field: string): string {
  if (isField(field)) return field;
  return readingNames[field] ?? field.split(".")[0] ?? field;
}

/** Where a reading bears another name than the model. */
const readingNames: Readonly<Record<string, Field>> = { gpus: "device_requests" };

function isField(name: string): name is Field {
  return Object.hasOwn(fieldRules, name);
}
