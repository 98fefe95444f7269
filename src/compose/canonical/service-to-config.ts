/** One service as `docker compose config` prints it. Pure. */
import { compact } from "../normalize/read.js";
import { plainUlimits } from "../normalize/service/canonical-forms.js";
import { formatDuration } from "../normalize/units.js";
import type { FileUse, MountSpec, PortSpec, ResourceSpec, Service, ServiceNetwork } from "../project.js";
import { fromMap, type Plain, unlessEmpty } from "./plain.js";

export interface ConfigOptions {
  readonly written: (path: string) => boolean;
  /** Nothing is added that the files do not say. */
  readonly isBare: boolean;
}

/**
 * `written` tells whether a file has something at a path: what only follows from another attribute is not said twice.
 * `command` and `entrypoint` are always there: null is the image's own, an empty list is none.
 */
export function serviceToConfig(service: Service, { written, isBare }: ConfigOptions): Plain {
  const { resources } = service;
  const untyped = withImpliedMembers(service.untyped ?? {}, service.image);
  const isWritten = (key: string) => written(`services.${service.name}.${key}`);
  const config = compact<Plain>({
    ...untyped,
    ...textFields(service, isWritten),
    ...listFields(service, isWritten),
    ...resourceFields(resources, isWritten),
    command: service.command ?? null,
    entrypoint: service.entrypoint ?? null,
    build: service.build && {
      ...service.build,
      dockerfile: service.build.dockerfile ?? (isBare ? undefined : implicitDockerfile(service)),
    },
    depends_on: fromMap(service.depends_on, ({ condition, restart, required }) =>
      compact<Plain>({ condition, restart: restart || undefined, required }),
    ),
    healthcheck: healthcheckToConfig(service.healthcheck),
    networks: fromMap(service.networks, networkToConfig),
    ports: unlessEmpty(service.ports.map(portToConfig)),
    volumes: unlessEmpty(
      service.volumes.map((mount, at) => mountToConfig(mount, (key) => isWritten(`volumes[${at}].${key}`))),
    ),
    // A config's own place is said only where a file does; a secret's always is.
    configs: unlessEmpty(
      service.configs.map((use, at) =>
        fileUseToConfig(isWritten(`configs[${at}].target`) ? use : { ...use, target: undefined }),
      ),
    ),
    secrets: unlessEmpty(service.secrets.map(fileUseToConfig)),
    logging: service.logging && compact<Plain>({ ...service.logging, options: unlessEmpty(service.logging.options) }),
    ulimits: unlessEmpty(plainUlimits(service.ulimits, (name) => isWritten(`ulimits.${name}.soft`))),
    ...service.extensions,
  });
  return inPrintOrder(config);
}

function textFields(service: Service, isWritten: (key: string) => boolean): Plain {
  const { restart, stop_grace_period, shm_size, scale, attach } = service;
  return {
    image: service.image,
    container_name: service.container_name,
    hostname: service.hostname,
    domainname: service.domainname,
    user: service.user,
    working_dir: service.working_dir,
    stop_signal: service.stop_signal,
    network_mode: service.network_mode,
    pid: service.pid,
    ipc: service.ipc,
    platform: service.platform,
    pull_policy: service.pull_policy,
    runtime: service.runtime,
    cgroup_parent: service.cgroup_parent,
    mac_address: service.mac_address,
    oom_score_adj: service.oom_score_adj,
    init: service.init,
    tty: service.tty || undefined,
    stdin_open: service.stdin_open || undefined,
    privileged: service.privileged || undefined,
    read_only: service.read_only || undefined,
    attach: attach ? undefined : false,
    scale: isWritten("scale") ? scale : undefined,
    restart: !isWritten("restart")
      ? undefined
      : restart && (restart.max_attempts === undefined ? restart.name : `${restart.name}:${restart.max_attempts}`),
    stop_grace_period: stop_grace_period === undefined ? undefined : formatDuration(stop_grace_period),
    shm_size: shm_size ? String(shm_size) : undefined,
  };
}

function listFields(service: Service, isWritten: (key: string) => boolean): Plain {
  return {
    environment: unlessEmpty(service.environment),
    labels: unlessEmpty(service.labels),
    annotations: unlessEmpty(service.annotations),
    cap_add: unlessEmpty(service.cap_add),
    cap_drop: unlessEmpty(service.cap_drop),
    security_opt: unlessEmpty(service.security_opt),
    group_add: unlessEmpty(service.group_add),
    devices: unlessEmpty(
      [...service.devices, ...cdiDevices(service)].map((device, at) => {
        const isImplied = device.permissions === "rwm" && !isWritten(`devices[${at}].permissions`);
        return isImplied && isWritten(`devices[${at}].source`)
          ? { source: device.source, target: device.target }
          : device;
      }),
    ),
    sysctls: unlessEmpty(service.sysctls),
    tmpfs: unlessEmpty(service.tmpfs),
    extra_hosts: unlessEmpty(service.extra_hosts),
    dns: unlessEmpty(service.dns),
    dns_search: unlessEmpty(service.dns_search),
    dns_opt: unlessEmpty(service.dns_opt),
    profiles: unlessEmpty(service.profiles),
  };
}

/** Devices of the Container Device Interface stand in the same list of the file. */
function cdiDevices({ device_requests = [] }: Service): Service["devices"] {
  const names = device_requests.flatMap(({ driver, device_ids }) => (driver === "cdi" ? device_ids : []));
  return names.map((name) => ({ source: name, target: name, permissions: "rwm" }));
}

const sizes = new Set(["mem_limit", "mem_reservation", "memswap_limit", "mem_swappiness"]);

/** Sizes are texts. What `deploy` says stays there. */
function resourceFields(resources: ResourceSpec, isWritten: (key: string) => boolean): Plain {
  const entries = Object.entries(resources).filter(([key, value]) => value !== undefined && isWritten(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, sizes.has(key) ? String(value) : value]));
}

/** What Compose prints even when no file says it. */
function withImpliedMembers(untyped: Plain, image: string | undefined): Plain {
  const { deploy, develop, pre_start } = untyped;
  const watch = isRecord(develop) && Array.isArray(develop.watch) ? develop.watch.filter(isRecord) : undefined;
  return compact<Plain>({
    ...untyped,
    deploy: isRecord(deploy) ? { placement: {}, resources: {}, ...deploy } : deploy,
    develop: watch
      ? {
          ...(develop as Plain),
          watch: watch.map((rule) => ({ ...rule, exec: { command: null, ...(rule.exec ?? {}) } })),
        }
      : develop,
    pre_start: Array.isArray(pre_start)
      ? pre_start.filter(isRecord).map((hook) => compact<Plain>({ image, ...hook }))
      : pre_start,
  });
}

function isRecord(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function implicitDockerfile({ build }: Service): string | undefined {
  return build?.dockerfile_inline === undefined ? "Dockerfile" : undefined;
}

function healthcheckToConfig(check: Service["healthcheck"]): Plain | undefined {
  if (!check) return undefined;
  const duration = (value: number | undefined) => (value === undefined ? undefined : formatDuration(value));
  return compact<Plain>({
    disable: check.disable,
    test: check.test,
    timeout: duration(check.timeout),
    interval: duration(check.interval),
    retries: check.retries,
    start_period: duration(check.start_period),
    start_interval: duration(check.start_interval),
  });
}

function portToConfig({ name, mode, host_ip, target, published, protocol, app_protocol }: PortSpec): Plain {
  return compact<Plain>({ name, mode, host_ip, target, published, protocol, app_protocol });
}

function networkToConfig({ aliases, driver_opts, ...rest }: ServiceNetwork): Plain | null {
  const config = compact<Plain>({ aliases: unlessEmpty(aliases), driver_opts: unlessEmpty(driver_opts), ...rest });
  return Object.keys(config).length === 0 ? null : config;
}

/** A mount of the short form always says how it is mounted, if only by an empty mapping; a long one where it does. */
function mountToConfig(mount: MountSpec, isWritten: (key: string) => boolean): Plain {
  const { type, source, target, read_only, bind, volume, tmpfs, image, consistency } = mount;
  const orNothing = (key: string, options: Plain) =>
    isWritten(key) || (key !== "tmpfs" && !isWritten("type")) ? options : unlessEmpty(options);
  const bindFlags = bind && { create_host_path: bind.create_host_path ? undefined : false };
  return compact<Plain>({
    type,
    source,
    target,
    read_only: read_only || undefined,
    consistency,
    bind: bind && orNothing("bind", compact({ ...bind, ...bindFlags })),
    volume: volume && orNothing("volume", compact({ ...volume, nocopy: volume.nocopy || undefined })),
    tmpfs: tmpfs && orNothing("tmpfs", compact<Plain>({ size: tmpfs.size?.toString(), mode: tmpfs.mode })),
    image,
  });
}

function fileUseToConfig({ source, target, uid, gid, mode }: Partial<FileUse>): Plain {
  return compact<Plain>({ source, target, uid, gid, mode: mode && `0${mode.toString(8)}` });
}

/** `profiles` first, then by name, extensions last, as Compose prints a service. */
function inPrintOrder(config: Plain): Plain {
  const rank = (key: string) => (key === "profiles" ? 0 : key.startsWith("x-") ? 2 : 1);
  const entries = Object.entries(config).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}
