/** Projects and observed states for tests: what a file would say, and what an engine holds after its `up`. */
import type { NetworkSpec, Project, Service, VolumeSpec } from "../compose/project.js";
import type { ContainerInspect } from "../wire/container.js";
import type { ImageInspect } from "../wire/image.js";
import { composeLabels } from "../wire/labels.js";
import { nothingObserved, type ObservedContainer, type ObservedState } from "./observed.js";
import type { Operation } from "./operation.js";
import { planUp } from "./plan-up.js";
import { printOperation } from "./print-plan.js";
import { emptyService } from "./service/rebuilt-project.js";
import { defaultUpOptions, type UpOptions } from "./up-options.js";

export type ServiceInput = Partial<Omit<Service, "networks" | "depends_on">> & {
  networks?: readonly string[];
  depends_on?: Record<string, Partial<NonNullable<ReturnType<Service["depends_on"]["get"]>>>>;
};

/** A project `shop`; services use the network `default` unless they say otherwise. */
export function aProject(services: Record<string, ServiceInput>, more: Partial<Project> = {}): Project {
  const built = Object.entries(services).map(([name, input]): [string, Service] => [name, aService(name, input)]);
  const keys = new Set(built.flatMap(([, service]) => [...service.networks.keys()]));
  return {
    name: "shop",
    workingDir: "/src/shop",
    configFiles: ["/src/shop/compose.yaml"],
    envFiles: [],
    environment: {},
    services: new Map(built.sort(([a], [b]) => (a < b ? -1 : 1))),
    disabledServices: [],
    networks: new Map([...keys].sort().map((key) => [key, aNetwork(key)])),
    volumes: new Map(),
    configs: new Map(),
    secrets: new Map(),
    sources: new Map(),
    ...more,
  };
}

export function aService(name: string, input: ServiceInput): Service {
  const { networks = ["default"], depends_on = {}, ...rest } = input;
  const attached = input.network_mode === undefined ? networks : [];
  return {
    ...emptyService,
    image: "busybox",
    ...rest,
    name,
    networks: new Map(attached.map((key) => [key, { aliases: [], driver_opts: {} }])),
    depends_on: new Map(
      Object.entries(depends_on).map(([key, on]) => [
        key,
        { condition: "service_started", restart: false, required: true, ...on },
      ]),
    ),
  };
}

export function aNetwork(key: string, more: Partial<NetworkSpec> = {}): NetworkSpec {
  return {
    key,
    name: `shop_${key}`,
    external: false,
    driver_opts: {},
    internal: false,
    attachable: false,
    labels: {},
    ...more,
  };
}

export function aVolume(key: string, more: Partial<VolumeSpec> = {}): VolumeSpec {
  return { key, name: `shop_${key}`, external: false, driver_opts: {}, labels: {}, ...more };
}

export function anImage(id = "sha256:1111", more: Partial<ImageInspect["Config"]> = {}): ImageInspect {
  // The planner reads no more.
  return { Id: id, RepoTags: [], RepoDigests: [], Config: more } as unknown as ImageInspect;
}

/** `busybox` is here, and nothing of the project. */
export const onlyImages: ObservedState = { ...nothingObserved, images: new Map([["busybox", anImage()]]) };

/** What an engine holds after `up` of `project`, every container running unless `change` says otherwise. */
export function observedAfterUp(
  project: Project,
  change: Record<string, Partial<ObservedContainer>> = {},
  images: ObservedState["images"] = onlyImages.images,
): ObservedState {
  const { operations } = planUp(project, { ...onlyImages, images }, defaultUpOptions);
  const networkIds = new Map([...project.networks.values()].map((spec) => [spec.name, `id-${spec.name}`]));
  return {
    ...onlyImages,
    images,
    networks: operations.flatMap((op) =>
      op.kind === "create-network"
        ? [{ id: `id-${op.body.Name}`, name: op.body.Name, labels: op.body.Labels ?? {} }]
        : [],
    ),
    volumes: operations.flatMap((op) =>
      op.kind === "create-volume" ? [{ name: op.body.Name, labels: op.body.Labels ?? {} }] : [],
    ),
    containers: operations.flatMap((op) =>
      op.kind === "create-container" ? [{ ...aContainer(op, networkIds), ...change[op.name] }] : [],
    ),
  };
}

function aContainer(
  op: Extract<Operation, { kind: "create-container" }>,
  networkIds: ReadonlyMap<string, string>,
): ObservedContainer {
  const labels = op.body.Labels ?? {};
  const endpoints = Object.keys(op.body.NetworkingConfig?.EndpointsConfig ?? {});
  return {
    id: `id-${op.name}`,
    name: op.name,
    service: op.service,
    number: op.number,
    isOneOff: false,
    state: "running",
    image: op.body.Image ?? "",
    imageId: labels[composeLabels.image] ?? "",
    labels,
    networks: new Map(endpoints.map((name) => [name, networkIds.get(name) ?? ""])),
    mounts: (op.body.HostConfig?.Mounts ?? []).flatMap((mount) =>
      mount.Type === "volume"
        ? [
            {
              Type: "volume",
              Name: mount.Source ?? "",
              Source: "",
              Destination: mount.Target,
              Mode: "",
              RW: true,
              Propagation: "",
            },
          ]
        : [],
    ),
    createdAt: 0,
    details: echo(op),
  };
}

/** When every container of a fixture was started. */
export const startedAt = "2026-01-01T00:00:00Z";

/** What an engine shows of a container made by `op`: what was asked for, and what it fills in by itself. */
function echo({ name, body }: Extract<Operation, { kind: "create-container" }>): ContainerInspect {
  const { HostConfig: host = {}, NetworkingConfig: networking, ...config } = body;
  const id = `id-${name}`;
  const memory = host.Memory ? { MemorySwap: host.MemorySwap ?? host.Memory * 2 } : {};
  const endpoints = Object.entries(networking?.EndpointsConfig ?? {}).map(([network, place]) => [
    network,
    { ...place, Aliases: [...(place?.Aliases ?? []), name, id.slice(0, 12)], MacAddress: "02:42:0a:00:00:02" },
  ]);
  // The planner reads no more.
  return {
    Id: id,
    Name: `/${name}`,
    Image: config.Labels?.[composeLabels.image] ?? "",
    State: { Status: "running", StartedAt: startedAt, FinishedAt: "0001-01-01T00:00:00Z" },
    // A name without a value is taken out of the image's environment, and then it is not there.
    Config: {
      ...config,
      Env: config.Env?.filter((entry) => entry.includes("=")),
      Hostname: config.Hostname ?? id.slice(0, 12),
    },
    HostConfig: { ShmSize: 64 * 2 ** 20, IpcMode: "private", LogConfig: { Type: "json-file" }, ...host, ...memory },
    NetworkSettings: { Networks: Object.fromEntries(endpoints) },
  } as unknown as ContainerInspect;
}

/** The operations of `up` as lines, with the options given. */
export function upLines(project: Project, observed: ObservedState, options: Partial<UpOptions> = {}): string[] {
  return planUp(project, observed, { ...defaultUpOptions, ...options }).operations.map(printOperation);
}

/** Which operations each one waits for, by id. */
export function edgesOf(project: Project, observed: ObservedState, options: Partial<UpOptions> = {}) {
  const { operations } = planUp(project, observed, { ...defaultUpOptions, ...options });
  return new Map(operations.map((op) => [op.id, [...op.after, ...(op.settled ?? []).map((id) => `(${id})`)]]));
}

/** The container after it was taken off all its networks by hand. */
export function offNetworks(container: ObservedContainer): ObservedContainer {
  const { details } = container;
  const settings = details && { ...details.NetworkSettings, Networks: {} };
  return {
    ...container,
    networks: new Map(),
    ...(details && settings ? { details: { ...details, NetworkSettings: settings } } : {}),
  };
}
