/** What a command knows of the generation that it is about to make. Pure. */
import type { Project } from "../../../../compose/project.js";
import type { KeptState } from "../../../../plan/history/kept-model.js";
import type { ObservedState } from "../../../../plan/observed.js";
import { selectServices, type UpOptions } from "../../../../plan/up-options.js";
import type { GenerationCommand } from "../../../../wire/history.js";

export interface GenerationSeed {
  readonly command: GenerationCommand;
  readonly project: Project;
  /** As the plan was drawn from it. */
  readonly observed: ObservedState;
  /** Services that it is about; empty: all. */
  readonly services: readonly string[];
  /** What the project becomes; undefined for one that is taken away. */
  readonly becomes?: { readonly scale: ReadonlyMap<string, number> } | { readonly state: KeptState };
  /** The generation that it goes back to, or undoes. */
  readonly of?: number;
}

/** Of what carries out a plan of `up`. */
export function seedOfUp(
  command: GenerationCommand,
  project: Project,
  { options, observed }: { readonly options: UpOptions; readonly observed: ObservedState },
): GenerationSeed {
  const { services: named, noDeps, scale } = options;
  const services = named.length === 0 ? [] : selectServices(project, named, noDeps).map(({ name }) => name);
  return { command, project, observed, services, becomes: { scale } };
}
