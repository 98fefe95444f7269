/** `gantry inspect`: finds out of which kind each name is. */
import { GantryError, isGantryError } from "../../../base/errors.js";
import type { EngineClient } from "../../../client/engine-client.js";
import type { CliContext } from "../../context.js";
import { inspectAll } from "../../each-name.js";
import { printInspected } from "../../listing.js";
import type { InspectedKind } from "../../template/inspect-shape.js";

const kinds: readonly InspectedKind[] = ["container", "image", "network", "volume"];

/** The first kind that has the name, in docker's order. Exit code 1 when one is missing. */
export async function inspect(
  context: CliContext,
  { format, size = false, type }: { format?: string; size?: boolean; type?: string },
  names: readonly string[],
): Promise<void> {
  const wanted = kinds.filter((kind) => type === undefined || kind === type);
  if (wanted.length === 0) {
    throw new GantryError("bad-usage", `--type: ${type} is not known; use ${kinds.join(", ")}`);
  }
  const client = await context.connect();
  const found = await inspectAll(context, names, async (name) => {
    for (const kind of wanted) {
      const value = await inspectKind(client, { kind, name, size }).catch((error: unknown) => {
        if (isGantryError(error, `${kind}-not-found`)) return undefined;
        throw error;
      });
      if (value !== undefined) return { kind, value };
    }
    throw new GantryError("bad-parameter", `No such object: ${name}`);
  });
  await printInspected(context, found, format);
}

function inspectKind(
  client: EngineClient,
  { kind, name, size }: { kind: InspectedKind; name: string; size: boolean },
): Promise<unknown> {
  switch (kind) {
    case "container":
      return client.containers.inspect(name, { size });
    case "image":
      return client.images.inspect(name);
    case "network":
      return client.networks.inspect(name);
    case "volume":
      return client.volumes.inspect(name);
  }
}
