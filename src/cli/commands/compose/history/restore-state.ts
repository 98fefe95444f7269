/** Draws the plan that makes a project what a generation kept, with the very images that it stood on. */
import { isGantryError } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { Project } from "../../../../compose/project.js";
import type { KeptState } from "../../../../plan/history/kept-model.js";
import { withImagesOf } from "../../../../plan/history/pinned-images.js";
import { withVolumes } from "../../../../plan/history/plan-restore.js";
import type { ObservedState } from "../../../../plan/observed.js";
import type { Plan } from "../../../../plan/operation.js";
import type { UpOptions } from "../../../../plan/up-options.js";
import type { GenerationImage, TrashedVolume } from "../../../../wire/history.js";
import type { CliContext } from "../../../context.js";
import { loadKept } from "./kept-project.js";

export interface RestoreRequest {
  readonly name: string;
  /** Where the images come from, and what is named when something is wrong. */
  readonly generation: { readonly number: number; readonly images: Readonly<Record<string, GenerationImage>> };
  readonly kept: KeptState;
  /** Of the planner; services empty: all of the kept project. */
  readonly options: UpOptions;
  /** Volumes that will have come back by then. */
  readonly coming: readonly TrashedVolume[];
}

export interface RestoredPlan {
  readonly project: Project;
  readonly observed: ObservedState;
  readonly plan: Plan;
}

/** Undefined when a provider failed that had to come first: the exit code is set. Throws as `loadKept`, `planUp`. */
export async function planRestored(
  context: CliContext,
  client: EngineClient,
  { name, generation, kept, options, coming }: RestoreRequest,
): Promise<RestoredPlan | undefined> {
  const { project: asKept, warnings } = await loadKept(context, { name, number: generation.number }, kept);
  const services = options.services.length > 0 ? options.services : [...asKept.services.keys()];
  const { observeImages } = await import("../../../../apply/observe.js");
  const found = await observeImages(client, asKept, { signal: context.signal });
  const byName = new Map([...found].map(([image, { Id }]) => [image, Id]));
  const ids = await idsThere(client, generation.images, new Set(byName.values()));
  const project = withImagesOf(asKept, generation, { services, there: { byName, ids } });
  const { lookBeforePlan } = await import("../up.js");
  const { signal } = context;
  // What a tag stands for by now, and what the sources hold, is not what was there then.
  const wishes: UpOptions = { ...options, pull: "missing", build: "never", imagesAreFresh: true };
  const looked = await lookBeforePlan(context, client, { project, options: wishes, signal });
  if (!looked) return undefined;
  const { planUp } = await import("../../../../plan/plan-up.js");
  const plan = planUp(project, withVolumes(looked.observed, coming), looked.options);
  const told = [...warnings.map((message) => ({ message })), ...plan.warnings];
  return { project, observed: looked.observed, plan: { ...plan, warnings: told } };
}

async function idsThere(
  client: EngineClient,
  images: Readonly<Record<string, GenerationImage>>,
  known: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const ids = [...new Set(Object.values(images).map(({ id }) => id))];
  const there = await Promise.all(
    ids.map(async (id) => {
      if (known.has(id)) return true;
      try {
        return (await client.images.inspect(id)).Id === id;
      } catch (error) {
        if (isGantryError(error, "image-not-found")) return false;
        throw error;
      }
    }),
  );
  return new Set(ids.filter((_id, at) => there[at]));
}
