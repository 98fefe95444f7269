/** Looks for volumes that a removal which ended halfway has left in the trash. Reads the engine. */
import type { EngineClient } from "../../client/engine-client.js";
import type { Project } from "../../compose/project.js";
import { halfRemoved } from "../../plan/history/unfinished-removal.js";
import type { TrashedVolume } from "../../wire/history.js";

/** By name. Asks nothing where every volume of the project is `there`, and another engine never. */
export async function observeHalfRemoved(
  client: EngineClient,
  { name, volumes }: Pick<Project, "name" | "volumes">,
  { there, signal }: { readonly there: ReadonlySet<string>; readonly signal?: AbortSignal | undefined },
): Promise<ReadonlyMap<string, TrashedVolume>> {
  const call = signal ? { signal } : {};
  const missing = [...volumes.values()].filter((spec) => !spec.external && !there.has(spec.name));
  if (client.engine.kind !== "gantry" || missing.length === 0) return new Map();
  const trashed = (await client.trash.list(call)).filter(({ project }) => project === name);
  if (trashed.length === 0) return new Map();
  const found = halfRemoved(await client.history.list(name, call), { trashed, there });
  return new Map(found.map((volume) => [volume.name, volume]));
}
