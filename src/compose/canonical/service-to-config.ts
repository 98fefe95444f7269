/** One service as `docker compose config` prints it. Pure. */
import { compact } from "../normalize/read.js";
import { formatDuration } from "../normalize/units.js";
import type { FileUse, MountSpec, ResourceSpec, Service, ServiceNetwork } from "../project.js";
import { fromMap, type Plain, unlessEmpty } from "./plain.js";

/** `command` and `entrypoint` are always there: null is the image's own, an empty list is none. */
export function serviceToConfig(service: Service): Plain {
  const { unused = {}, resources } = service;
  const config = compact<Plain>({
    ...unused,
    ...textFields(service),
    ...listFields(service),
    ...resourceFields(resources, unused.deploy),
    command: service.command ?? null,
    entrypoint: service.entrypoint ?? null,
    build: service.build && { ...service.build, dockerfile: service.build.dockerfile ?? implicitDockerfile(service) },
    depends_on: fromMap(service.depends_on, ({ condition, restart, required }) =>
      compact<Plain>({ condition, restart: restart || undefined, required }),
    ),
    healthcheck: healthcheckToConfig(service.healthcheck),
    networks: fromMap(service.networks, networkToConfig),
    ports: unlessEmpty(
      service.ports.map(({ mode, host_ip, target, published, protocol }) =>
        compact<Plain>({ mode, host_ip, target, published, protocol }),
      ),
    ),
    volumes: unlessEmpty(service.volumes.map(mountToConfig)),
    configs: unlessEmpty(service.configs.map(fileUseToConfig)),
    secrets: unlessEmpty(service.secrets.map(fileUseToConfig)),
    logging: service.logging && compact<Plain>({ ...service.logging, options: unlessEmpty(service.logging.options) }),
    ulimits: unlessEmpty(ulimitsToConfig(service.ulimits)),
    ...service.extensions,
  });
  return inPrintOrder(config);
}

function textFields(service: Service): Plain {
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
    scale: scale === 1 || service.unused?.deploy !== undefined ? undefined : scale,
    restart: restart && (restart.max_attempts === undefined ? restart.name : `${restart.name}:${restart.max_attempts}`),
    stop_grace_period: stop_grace_period === undefined ? undefined : formatDuration(stop_grace_period),
    shm_size: shm_size === undefined ? undefined : String(shm_size),
  };
}

function listFields(service: Service): Plain {
  return {
    environment: unlessEmpty(service.environment),
    labels: unlessEmpty(service.labels),
    annotations: unlessEmpty(service.annotations),
    cap_add: unlessEmpty(service.cap_add),
    cap_drop: unlessEmpty(service.cap_drop),
    security_opt: unlessEmpty(service.security_opt),
    group_add: unlessEmpty(service.group_add),
    devices: unlessEmpty(service.devices),
    sysctls: unlessEmpty(service.sysctls),
    tmpfs: unlessEmpty(service.tmpfs),
    extra_hosts: unlessEmpty(service.extra_hosts),
    dns: unlessEmpty(service.dns),
    dns_search: unlessEmpty(service.dns_search),
    dns_opt: unlessEmpty(service.dns_opt),
    expose: unlessEmpty(service.expose.map((port) => port.replace(/\/tcp$/, ""))),
    profiles: unlessEmpty(service.profiles),
  };
}

/** Sizes are texts. What `deploy` says stays there and is not said twice. */
function resourceFields(resources: ResourceSpec, deploy: unknown): Plain {
  const written = JSON.stringify(deploy ?? null);
  const inDeploy = (key: string) => written.includes(`"${key}":`);
  const text = (value: number | undefined) => (value === undefined ? undefined : String(value));
  return {
    ...resources,
    cpus: inDeploy("cpus") ? undefined : resources.cpus,
    mem_limit: inDeploy("memory") ? undefined : text(resources.mem_limit),
    mem_reservation: inDeploy("memory") ? undefined : text(resources.mem_reservation),
    memswap_limit: text(resources.memswap_limit),
    pids_limit: inDeploy("pids") ? undefined : resources.pids_limit,
  };
}

function implicitDockerfile({ build }: Service): string | undefined {
  return build?.dockerfile_inline === undefined ? "Dockerfile" : undefined;
}

function healthcheckToConfig(check: Service["healthcheck"]): Plain | undefined {
  if (!check) return undefined;
  if (check.test?.[0] === "NONE") return { disable: true };
  const duration = (value: number | undefined) => (value === undefined ? undefined : formatDuration(value));
  return compact<Plain>({
    test: check.test,
    timeout: duration(check.timeout),
    interval: duration(check.interval),
    retries: check.retries,
    start_period: duration(check.start_period),
    start_interval: duration(check.start_interval),
  });
}

function networkToConfig({ aliases, driver_opts, ...rest }: ServiceNetwork): Plain | null {
  const config = compact<Plain>({ aliases: unlessEmpty(aliases), driver_opts: unlessEmpty(driver_opts), ...rest });
  return Object.keys(config).length === 0 ? null : config;
}

function mountToConfig({ type, source, target, read_only, bind, volume, tmpfs }: MountSpec): Plain {
  return compact<Plain>({
    type,
    source,
    target,
    read_only: read_only || undefined,
    bind,
    volume: volume && compact<Plain>({ nocopy: volume.nocopy || undefined, subpath: volume.subpath }),
    tmpfs: tmpfs && compact<Plain>({ size: tmpfs.size?.toString(), mode: tmpfs.mode }),
  });
}

function fileUseToConfig({ source, target, uid, gid, mode }: FileUse): Plain {
  return compact<Plain>({ source, target, uid, gid, mode: mode && `0${mode.toString(8)}` });
}

/** One number for both limits when they are the same. */
function ulimitsToConfig(ulimits: Service["ulimits"]): Plain {
  const entries = Object.entries(ulimits).map(([name, { soft, hard }]) => [
    name,
    soft === hard ? soft : { soft, hard },
  ]);
  return Object.fromEntries(entries);
}

/** `profiles` first, then by name, extensions last, as Compose prints a service. */
function inPrintOrder(config: Plain): Plain {
  const rank = (key: string) => (key === "profiles" ? 0 : key.startsWith("x-") ? 2 : 1);
  const entries = Object.entries(config).sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}
