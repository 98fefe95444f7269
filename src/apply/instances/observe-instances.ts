/** Finds the copies of projects on an engine. */
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
