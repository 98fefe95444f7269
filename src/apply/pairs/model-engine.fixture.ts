/**
 * An engine in memory that can be observed as a real one: containers, networks, volumes and images with what their
 * inspections show. It keeps the promises of `engine-promises.suite.ts`, which the real engine keeps too.
 */
import { createHash } from "node:crypto";
import { GantryError } from "../../base/errors.js";
import { canonicalJson } from "../../base/json.js";
import type { EngineClient } from "../../client/engine-client.js";
import type {
  ContainerConfig,
  ContainerCreateBody,
  ContainerInspect,
  ContainerSummary,
  HostConfig,
  MountPoint,
  Resources,
  RestartPolicy,
} from "../../wire/container.js";
import type { Filters } from "../../wire/filters.js";
import type { ImageInspect } from "../../wire/image.js";
import type { EndpointSettings, NetworkCreateBody, NetworkInspect } from "../../wire/network.js";
import type { VolumeCreateBody, VolumeInspect } from "../../wire/volume.js";
import { imageVersionOf } from "./random-models.fixture.js";

interface ModelContainer {
  readonly id: string;
  name: string;
  readonly config: ContainerConfig;
  host: HostConfig;
  readonly imageId: string;
  /** By network name. */
  readonly places: Map<string, EndpointSettings>;
  readonly mounts: readonly MountPoint[];
  status: "created" | "running" | "exited";
  startedAt: string;
  finishedAt: string;
  readonly createdAt: number;
}

const never = "0001-01-01T00:00:00Z";
const minute = 60_000;

export class ModelEngine {
  readonly containers = new Map<string, ModelContainer>();
  readonly networks = new Map<string, NetworkInspect>();
  readonly volumes = new Map<string, VolumeInspect>();
  readonly images = new Map<string, ImageInspect>();
  /** By image id, the version of the files that it was built from last. */
  readonly builtFrom = new Map<string, number>();
  /** The version of the files that builds read. */
  source = 0;
  #made = 0;

  /** Adds an image under a name, or moves the name to it. */
  addImage(name: string, Config: ContainerConfig): void {
    const image = { Id: `sha256:${this.#newId()}`, RepoTags: [`${name}:latest`], RepoDigests: [], Config };
    this.images.set(name, image as unknown as ImageInspect); // plans read no more
  }

  /** Of everything that an engine holds: equal digests, equal states. */
  digest(): string {
    const all = [this.containers, this.networks, this.volumes, this.images].map((map) =>
      [...map.values()].map((one) => ("places" in one ? { ...one, places: [...one.places] } : one)),
    );
    return createHash("sha256").update(canonicalJson(all)).digest("hex");
  }

  /** The calls of observing and applying; others are not there. */
  get client(): EngineClient {
    const client = {
      engine: { kind: "gantry", version: "1", apiVersion: "1.51" },
      containers: {
        list: async ({ filters }: { filters?: Filters }) => this.#found(filters).map((one) => this.#summary(one)),
        inspect: async (id: string) => this.#inspection(this.#container(id)),
        create: async (name: string, body: ContainerCreateBody) => ({ Id: this.#create(name, body), Warnings: [] }),
        start: async (id: string) => this.#start(this.#container(id)),
        stop: async (id: string) => this.#stop(this.#container(id)),
        rename: async (id: string, name: string) => this.#rename(this.#container(id), name),
        remove: async (id: string, options: { force?: boolean } = {}) => this.#remove(this.#container(id), options),
      },
      images: { inspect: async (name: string) => this.#image(name) },
      builds: { build: (call: { tags: readonly string[] }) => this.#build(call.tags[0] ?? "") },
      networks: {
        list: async () => [...this.networks.values()],
        create: async (body: NetworkCreateBody) => this.#createNetwork(body),
        remove: async (id: string) => this.#removeNetwork(this.#network(id)),
        connect: async (id: string, body: { Container: string; EndpointConfig?: EndpointSettings }) =>
          this.#connect(this.#network(id), this.#container(body.Container), body.EndpointConfig ?? {}),
        disconnect: async (id: string, body: { Container: string }) =>
          this.#disconnect(this.#network(id), this.#container(body.Container)),
      },
      volumes: {
        list: async () => [...this.volumes.values()],
        create: async (body: VolumeCreateBody) => this.#volume(body.Name ?? this.#newId(), body),
        remove: async (name: string) => void this.volumes.delete(name),
      },
      trash: { list: async () => [] },
      upkeep: {
        update: async (id: string, body: Resources & { RestartPolicy?: RestartPolicy }) =>
          this.#update(this.#container(id), body),
      },
      system: {
        inspections: async (filters: Filters) => this.#found(filters).map((one) => this.#inspection(one)),
        takenPorts: async () => [],
      },
    };
    return client as unknown as EngineClient; // a plan calls nothing else
  }

  /** The same files make the same image, and not every file ends up in it. The one before stays without a name. */
  async *#build(name: string): AsyncGenerator<{ aux: { ID: string } }> {
    const version = imageVersionOf(this.source);
    const Id = `sha256:${createHash("sha256").update(`${name} ${version}`).digest("hex")}`;
    const Config = { Cmd: ["run"], Env: [`VERSION=${version}`] };
    const before = this.images.get(name);
    if (before) this.images.set(before.Id, before);
    this.images.set(name, { Id, RepoTags: [`${name}:latest`], RepoDigests: [], Config } as unknown as ImageInspect);
    yield { aux: { ID: Id } };
  }

  #create(name: string, { HostConfig = {}, NetworkingConfig, ...config }: ContainerCreateBody): string {
    this.#nameIsFree(name);
    const image = this.#image(config.Image ?? "");
    const places = Object.entries(NetworkingConfig?.EndpointsConfig ?? {});
    for (const [network] of places) this.#network(network);
    const { GantryFiles: _files, ...host } = HostConfig;
    const id = this.#newId();
    this.containers.set(id, {
      ...{ id, name, imageId: image.Id, status: "created", startedAt: never, finishedAt: never },
      config: merged(config, image.Config, id),
      host: {
        ShmSize: 64 * 2 ** 20,
        IpcMode: "private",
        LogConfig: { Type: "json-file", Config: {} },
        ...host,
        ...swap(host),
      },
      places: new Map(places.map(([network, place]) => [this.#network(network).Name, place ?? {}])),
      mounts: (host.Mounts ?? []).flatMap(({ Type, Source = "", Target, ReadOnly }) =>
        Type === "volume"
          ? [
              {
                Type,
                Name: this.#volume(Source).Name,
                Source,
                Destination: Target,
                Mode: "",
                RW: !ReadOnly,
                Propagation: "",
              },
            ]
          : [],
      ),
      createdAt: this.#made,
    });
    return id;
  }

  #start(container: ModelContainer): boolean {
    if (container.status === "running") return false;
    for (const network of container.places.keys()) this.#network(network);
    container.status = "running";
    container.startedAt = new Date(++this.#made * minute).toISOString();
    return true;
  }

  #stop(container: ModelContainer): boolean {
    if (container.status !== "running") return false;
    container.status = "exited";
    container.finishedAt = new Date(++this.#made * minute).toISOString();
    return true;
  }

  #rename(container: ModelContainer, name: string): void {
    this.#nameIsFree(name);
    container.name = name;
  }

  #remove(container: ModelContainer, { force = false }: { force?: boolean }): void {
    if (container.status === "running" && !force) {
      throw new GantryError("container-conflict", `cannot remove container "/${container.name}": it is running`);
    }
    this.containers.delete(container.id);
  }

  #update(container: ModelContainer, body: Resources & { RestartPolicy?: RestartPolicy }): void {
    const given = Object.entries(body).filter(([, value]) => value !== 0 && value !== "" && value !== null);
    container.host = { ...container.host, ...Object.fromEntries(given) };
  }

  #createNetwork(body: NetworkCreateBody): { Id: string } {
    const Id = this.#newId();
    const { Name, Driver = "bridge", Internal = false, Attachable = false, Options, Labels, IPAM } = body;
    const shown = { Name, Id, Driver, Internal, Attachable, EnableIPv6: body.EnableIPv6 ?? false, IPAM };
    const network = { ...shown, Options: Options ?? {}, Labels: Labels ?? {} };
    this.networks.set(Id, network as unknown as NetworkInspect); // plans read no more
    return { Id };
  }

  #removeNetwork({ Id, Name }: NetworkInspect): void {
    if ([...this.containers.values()].some(({ places }) => places.has(Name))) {
      throw new GantryError("network-in-use", `network ${Name} has active endpoints`);
    }
    this.networks.delete(Id);
  }

  #connect({ Name }: NetworkInspect, { places, name, host }: ModelContainer, settings: EndpointSettings): void {
    if (places.has(Name))
      throw new GantryError("network-in-use", `endpoint with name ${name} already exists in ${Name}`);
    if (/^(none|host|container:.*)$/.test(host.NetworkMode ?? "")) {
      throw new GantryError("bad-parameter", "container cannot be connected to multiple networks");
    }
    places.set(Name, settings);
  }

  #disconnect({ Name }: NetworkInspect, { places, name }: ModelContainer): void {
    if (!places.delete(Name)) throw new GantryError("internal", `container ${name} is not connected to ${Name}`);
  }

  #volume(name: string, { Driver = "local", DriverOpts, Labels }: VolumeCreateBody = {}): VolumeInspect {
    const there = this.volumes.get(name);
    if (there) return there;
    const volume = { Name: name, Driver, Options: DriverOpts ?? null, Labels: Labels ?? null };
    this.volumes.set(name, volume as unknown as VolumeInspect); // plans read no more
    return volume as unknown as VolumeInspect;
  }

  #container(idOrName: string): ModelContainer {
    const found = [...this.containers.values()].find(({ id, name }) => id === idOrName || name === idOrName);
    if (!found) throw new GantryError("container-not-found", `No such container: ${idOrName}`);
    return found;
  }

  #network(idOrName: string): NetworkInspect {
    const found = [...this.networks.values()].find(({ Id, Name }) => Id === idOrName || Name === idOrName);
    if (!found) throw new GantryError("network-not-found", `network ${idOrName} not found`);
    return found;
  }

  #image(nameOrId: string): ImageInspect {
    const found = this.images.get(nameOrId) ?? [...this.images.values()].find(({ Id }) => Id === nameOrId);
    if (!found) throw new GantryError("image-not-found", `No such image: ${nameOrId}`);
    return found;
  }

  #nameIsFree(wanted: string): void {
    if (![...this.containers.values()].some(({ name }) => name === wanted)) return;
    throw new GantryError("container-name-in-use", `The container name "/${wanted}" is already in use`);
  }

  #found({ label = [] }: Filters = {}): ModelContainer[] {
    const wanted = (Array.isArray(label) ? label : Object.keys(label)).map((text: string) => text.split("="));
    return [...this.containers.values()].filter(({ config }) =>
      wanted.every(([key = "", value]) => config.Labels?.[key] === value),
    );
  }

  #networksOf({ places, name, id }: ModelContainer): Record<string, EndpointSettings> {
    const entries = [...places].map(([network, place]) => {
      const added = [name, id.slice(0, 12)];
      return [
        network,
        { ...place, Aliases: [...(place.Aliases ?? []), ...added], NetworkID: this.#network(network).Id },
      ];
    });
    return Object.fromEntries(entries);
  }

  #summary(one: ModelContainer): ContainerSummary {
    return {
      Id: one.id,
      Names: [`/${one.name}`],
      Image: one.config.Image ?? "",
      ImageID: one.imageId,
      Command: "",
      Created: one.createdAt,
      Ports: [],
      Labels: { ...one.config.Labels },
      State: one.status,
      Status: one.status === "exited" ? "Exited (143) now" : "Up",
      HostConfig: { NetworkMode: one.host.NetworkMode ?? "" },
      NetworkSettings: { Networks: this.#networksOf(one) },
      Mounts: [...one.mounts],
    };
  }

  #inspection(one: ModelContainer): ContainerInspect {
    const State = {
      Status: one.status,
      Running: one.status === "running",
      StartedAt: one.startedAt,
      FinishedAt: one.finishedAt,
    };
    const inspection = {
      ...{ Id: one.id, Name: `/${one.name}`, Image: one.imageId, State, Config: one.config, HostConfig: one.host },
      ...{ Mounts: one.mounts, NetworkSettings: { Networks: this.#networksOf(one) } },
    };
    return inspection as unknown as ContainerInspect; // plans read no more
  }

  #newId(): string {
    return createHash("sha256")
      .update(String(++this.#made))
      .digest("hex");
  }
}

/** What the service leaves out is the image's. */
function merged(config: ContainerConfig, image: ContainerConfig, id: string): ContainerConfig {
  const own = config.Env ?? [];
  const keys = new Set(own.map((entry) => entry.split("=")[0]));
  const inherited = (image.Env ?? []).filter((entry) => !keys.has(entry.split("=")[0]));
  return {
    ...image,
    ...config,
    Hostname: config.Hostname ?? id.slice(0, 12),
    Env: [...inherited, ...own.filter((entry) => entry.includes("="))],
    Labels: { ...image.Labels, ...config.Labels },
    ...(config.Cmd === undefined && config.Entrypoint === undefined ? { Cmd: image.Cmd ?? null } : {}),
  };
}

/** Without a word of swap there is as much as memory. */
function swap({ Memory = 0, MemorySwap = 0 }: HostConfig): HostConfig {
  return Memory > 0 && MemorySwap === 0 ? { MemorySwap: Memory * 2 } : {};
}
