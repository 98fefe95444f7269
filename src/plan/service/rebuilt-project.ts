/**
 * A project made from the labels of what is there, for commands that are given a name and no files.
 *
 * Pure. It knows names, images, dependencies and numbers; what only the files say is missing.
 */
import type {
  Dependency,
  DependencyCondition,
  NetworkSpec,
  Project,
  Service,
  VolumeSpec,
} from "../../compose/project.js";
import { composeLabels } from "../../wire/labels.js";
import type { ObservedState } from "../observed.js";

const conditions: readonly DependencyCondition[] = [
  "service_started",
  "service_healthy",
  "service_completed_successfully",
];

/** One service per service label; networks and volumes are those with the project's label. */
export function rebuildProject(name: string, observed: ObservedState): Project {
  const names = [...new Set(observed.containers.flatMap((c) => (c.isOneOff || !c.service ? [] : [c.service])))].sort();
  const labelled = <Thing extends { labels: Readonly<Record<string, string>> }>(things: readonly Thing[]) =>
    things.filter(({ labels }) => labels[composeLabels.project] === name);
  return {
    name,
    workingDir: observed.containers[0]?.labels[composeLabels.workingDir] ?? "/",
    configFiles: [],
    envFiles: [],
    environment: {},
    services: new Map(names.map((service) => [service, rebuildService(service, observed)])),
    disabledServices: [],
    networks: byKey(labelled(observed.networks).map(networkSpec)),
    volumes: byKey(labelled(observed.volumes).map(volumeSpec)),
    configs: new Map(),
    secrets: new Map(),
    sources: new Map(),
  };
}

function rebuildService(name: string, observed: ObservedState): Service {
  const replicas = observed.containers.filter((container) => container.service === name && !container.isOneOff);
  const [first] = replicas;
  return {
    ...emptyService,
    name,
    scale: replicas.length,
    ...(first ? { image: first.image } : {}),
    depends_on: dependencies(first?.labels[composeLabels.dependsOn]),
  };
}

/** Entries `name:condition:restart`; missing parts take Docker Compose's defaults, and none is required. */
function dependencies(label: string | undefined): ReadonlyMap<string, Dependency> {
  const entries = (label ?? "").split(",").filter((entry) => entry !== "");
  return new Map(
    entries.map((entry): [string, Dependency] => {
      const [name = "", written, restart = "true"] = entry.split(":");
      const condition = conditions.find((known) => known === written) ?? "service_started";
      return [name, { condition, restart: restart === "true", required: false }];
    }),
  );
}

function networkSpec({ name, labels }: { name: string; labels: Readonly<Record<string, string>> }): NetworkSpec {
  const key = labels[composeLabels.network] ?? name;
  return { key, name, external: false, driver_opts: {}, internal: false, attachable: false, labels: {} };
}

function volumeSpec({ name, labels }: { name: string; labels: Readonly<Record<string, string>> }): VolumeSpec {
  return { key: labels[composeLabels.volume] ?? name, name, external: false, driver_opts: {}, labels: {} };
}

function byKey<Spec extends { readonly key: string }>(specs: readonly Spec[]): ReadonlyMap<string, Spec> {
  return new Map([...specs].sort((a, b) => (a.key < b.key ? -1 : 1)).map((spec) => [spec.key, spec]));
}

/** A service of which nothing is written. */
export const emptyService: Service = {
  name: "",
  environment: {},
  labels: {},
  annotations: {},
  tty: false,
  stdin_open: false,
  privileged: false,
  read_only: false,
  cap_add: [],
  cap_drop: [],
  security_opt: [],
  group_add: [],
  devices: [],
  ulimits: {},
  sysctls: {},
  tmpfs: [],
  resources: {},
  extra_hosts: [],
  dns: [],
  dns_search: [],
  dns_opt: [],
  networks: new Map(),
  ports: [],
  expose: [],
  volumes: [],
  configs: [],
  secrets: [],
  depends_on: new Map(),
  scale: 1,
  profiles: [],
  attach: true,
  extensions: {},
};
