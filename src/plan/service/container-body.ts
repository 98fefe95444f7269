/**
 * A service, as the body of the engine's container create call.
 *
 * Pure. Follows the Compose Specification, section "Services top-level element", and the Docker Engine API 1.51,
 * ContainerCreate. All networks go into the one call.
 */
import type { HealthcheckSpec, Project, Service } from "../../compose/project.js";
import type { ContainerCreateBody, HealthConfig } from "../../wire/container.js";
import { containerEnv } from "./container-env.js";
import { endpointsOf } from "./endpoints.js";
import { hostConfig } from "./host-config.js";
import type { InheritedMount } from "./mounts.js";
import { imageNameOf } from "./names.js";
import { when } from "./when.js";

const nanosPerSecond = 1e9;

export interface ContainerFacts {
  readonly labels: Readonly<Record<string, string>>;
  /** Anonymous volumes of the container that this one replaces. */
  readonly inherited: readonly InheritedMount[];
}

/** Throws "bad-parameter" or "not-supported" for a config or secret that cannot be delivered. */
export function containerBody(project: Project, service: Service, facts: ContainerFacts): ContainerCreateBody {
  const endpoints = endpointsOf(project, service);
  return {
    Image: imageNameOf(project.name, service),
    ...when("Hostname", service.hostname),
    ...when("Domainname", service.domainname),
    ...when("User", service.user),
    ...when("WorkingDir", service.working_dir),
    ...when("StopSignal", service.stop_signal),
    ...when("Cmd", service.command && [...service.command]),
    ...when("Entrypoint", service.entrypoint && [...service.entrypoint]),
    // Sub-second graces round up: zero would kill at once.
    ...when("StopTimeout", service.stop_grace_period && Math.ceil(service.stop_grace_period / nanosPerSecond)),
    ...when("Healthcheck", service.healthcheck && healthConfig(service.healthcheck)),
    Tty: service.tty,
    OpenStdin: service.stdin_open,
    AttachStdout: true,
    AttachStderr: true,
    Env: containerEnv(project, service),
    Labels: { ...facts.labels },
    ExposedPorts: exposedPorts(service),
    HostConfig: hostConfig(project, service, facts.inherited),
    ...(endpoints.size > 0 ? { NetworkingConfig: { EndpointsConfig: Object.fromEntries(endpoints) } } : {}),
  };
}

function exposedPorts(service: Service): Record<string, object> {
  const ports = [...service.expose, ...service.ports.map((port) => `${port.target}/${port.protocol}`)];
  return Object.fromEntries([...new Set(ports)].sort().map((port) => [port, {}]));
}

function healthConfig(check: HealthcheckSpec): HealthConfig {
  return {
    ...when("Test", check.disable ? ["NONE"] : check.test && [...check.test]),
    ...when("Interval", check.interval),
    ...when("Timeout", check.timeout),
    ...when("StartPeriod", check.start_period),
    ...when("StartInterval", check.start_interval),
    ...when("Retries", check.retries),
  };
}
