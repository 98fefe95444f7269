/** The events of a container's life, with the attributes that Docker's clients read. */
import type { Sandbox } from "../../networks/networks.js";
import type { ContainerRecord } from "../record/container-record.js";
import type { Rooms } from "../rooms.js";

type Voice = Pick<Rooms, "events" | "networks">;

/** Attributes are the container's labels, its image and its name, then the action's own. */
export function announce(
  { events }: Pick<Rooms, "events">,
  record: ContainerRecord,
  action: string,
  extras: Record<string, string> = {},
): void {
  const Attributes = { ...record.config.Labels, image: record.config.Image ?? "", name: record.name, ...extras };
  events.publish({ Type: "container", Action: action, Actor: { ID: record.id, Attributes } });
}

/** One `connect` or `disconnect` for each network of a sandbox; `none` and `host` count as networks too. */
export function announceNetworks(
  voice: Voice,
  { id, hostConfig }: ContainerRecord,
  { action, sandbox }: { action: "connect" | "disconnect"; sandbox: Sandbox | undefined },
): void {
  const mode = hostConfig.NetworkMode ?? "";
  const names = ["none", "host"].includes(mode) && sandbox ? [mode] : Object.keys(sandbox?.endpoints ?? {});
  for (const name of names) {
    const { Id = sandbox?.endpoints[name]?.NetworkID ?? "", Driver = "bridge" } = networkOf(voice, name) ?? {};
    announceNetwork(voice, id, { action, network: { Id, Name: name, Driver } });
  }
}

/** For a container that does not run as well. */
export function announceNetwork(
  { events }: Pick<Voice, "events">,
  container: string,
  { action, network }: { action: "connect" | "disconnect"; network: { Id: string; Name: string; Driver: string } },
): void {
  const Attributes = { container, name: network.Name, type: network.Driver };
  events.publish({ Type: "network", Action: action, Actor: { ID: network.Id, Attributes } });
}

/** One `mount` or `unmount` for each volume. */
export function announceVolumes({ events }: Voice, record: ContainerRecord, action: "mount" | "unmount"): void {
  for (const mount of record.mounts) {
    if (mount.kind !== "volume") continue;
    const more = { destination: mount.target, propagation: "", "read/write": String(!mount.readOnly) };
    const Attributes = { container: record.id, driver: "local", ...(action === "mount" ? more : {}) };
    events.publish({ Type: "volume", Action: action, Actor: { ID: mount.name, Attributes } });
  }
}

/** Undefined for one that is gone. */
function networkOf({ networks }: Voice, name: string): { Id: string; Driver: string } | undefined {
  try {
    return networks.get(name);
  } catch {
    return undefined;
  }
}
