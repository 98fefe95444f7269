/** Finds the copies of projects on an engine, and the loopback addresses of this host at which something listens. */
import { readFile } from "node:fs/promises";
import type { EngineClient } from "../../client/engine-client.js";
import { instancesOf, type LabelledThing, type ObservedInstance } from "../../plan/instances/observed-instances.js";
import { instanceLabels } from "../../wire/labels.js";

/** Three list calls. */
export async function observeInstances(client: EngineClient, signal: AbortSignal): Promise<ObservedInstance[]> {
  const filters = { label: [instanceLabels.name] };
  const [containers, networks, volumes] = await Promise.all([
    client.containers.list({ all: true, filters }, { signal }),
    client.networks.list(filters, { signal }),
    client.volumes.list(filters, { signal }),
  ]);
  const things: LabelledThing[] = [
    ...containers.map(
      ({ Id, Names, Labels, State }): LabelledThing => ({
        kind: "container",
        name: Names[0] ?? Id,
        labels: Labels ?? {},
        state: State,
      }),
    ),
    ...networks.map(({ Name, Labels }): LabelledThing => ({ kind: "network", name: Name, labels: Labels ?? {} })),
    ...volumes.map(({ Name, Labels }): LabelledThing => ({ kind: "volume", name: Name, labels: Labels ?? {} })),
  ];
  return instancesOf(things);
}

/** Addresses of 127.0.0.0/8 with a listening TCP or a bound UDP socket. Empty where the kernel does not tell. */
export async function listeningAddresses(): Promise<ReadonlySet<string>> {
  const tables = await Promise.all(
    ["tcp", "udp"].map((protocol) => readFile(`/proc/net/${protocol}`, "utf8").catch(() => "")),
  );
  return new Set(tables.flatMap(parseSocketTable));
}

/** TCP_LISTEN, and the state of a UDP socket that is not connected. */
const listeningStates = new Set(["0A", "07"]);

/** The listening loopback addresses of a table of the kernel's: `0: 0100007F:1538 00000000:0000 0A …`. */
export function parseSocketTable(table: string): string[] {
  return table.split("\n").flatMap((line) => {
    const [, , last, third, second, first, state] =
      /^\s*(\d+): (\w\w)(\w\w)(\w\w)(\w\w):\w{4} \w{8}:\w{4} (\w\w) /.exec(line) ?? [];
    if (first !== "7F" || !listeningStates.has(state ?? "")) return [];
    return [[first, second, third, last].map((byte) => Number.parseInt(byte ?? "", 16)).join(".")];
  });
}
