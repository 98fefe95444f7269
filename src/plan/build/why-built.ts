/** Why a service's image has to be built: it is missing, asked for, or was built from something else. Pure. */
import { GantryError } from "../../base/errors.js";
import type { Project, Service } from "../../compose/project.js";
import type { ObservedState } from "../observed.js";
import type { PlanBuilder } from "../plan-builder.js";
import { placeOf } from "../service/field-changes.js";
import { imageNameOf } from "../service/names.js";
import type { UpOptions } from "../up-options.js";
import { changedSources, changesText } from "./build-sources.js";
import { servicesNeededByBuild } from "./image-build.js";

interface Situation {
  readonly project: Project;
  readonly observed: ObservedState;
  readonly options: UpOptions;
  readonly builder: PlanBuilder;
}

/** Undefined when the image that is here will do. Throws "image-not-found" when there is none and none may be built. */
export function whyBuilt(situation: Situation, service: Service, isThere: boolean): string | undefined {
  const { options, project } = situation;
  if (options.imagesAreFresh && isThere) return undefined;
  if (options.build === "always") return "--build";
  if (service.pull_policy === "build" && options.build !== "never") return "pull policy is build";
  if (isThere) return whyRebuilt(situation, service);
  if (options.build !== "never") return "image is not here";
  const source = placeOf(project, `services.${service.name}.build`);
  throw new GantryError(
    "image-not-found",
    `The image of service "${service.name}" is not here, and --no-build is given`,
    {
      hint: `Build it: gantry build ${service.name}`,
      ...(source ? { source } : {}),
    },
  );
}

/** Tells of an image that was built here from something else, and that nothing builds anew. */
export function warnOfStale({ project, observed, builder }: Situation, service: Service): void {
  const changes = changesOf(project, observed, service);
  if (changes.length === 0) return;
  const what = `The image ${imageNameOf(project.name, service)} of service "${service.name}"`;
  builder.warn(
    `${what} was built from something else: ${changesText(changes)}.`,
    `Build it: gantry build ${service.name}`,
  );
}

function whyRebuilt(situation: Situation, service: Service): string | undefined {
  const { project, observed, options } = situation;
  if (options.build === "never" || options.noRecreate) return void warnOfStale(situation, service);
  const changes = changesOf(project, observed, service);
  return changes.length > 0 ? changesText(changes) : undefined;
}

/** Nothing of an image of which is not known what it was built from. */
function changesOf(
  project: Project,
  observed: ObservedState,
  service: Service,
  asked: ReadonlySet<string> = new Set(),
): string[] {
  const { before, now } = observed.builds?.get(service.name) ?? {};
  if (!before || !now || asked.has(service.name)) return [];
  const own = changedSources(before, now);
  if (own.length > 0) return own;
  const onTheWay = new Set([...asked, service.name]);
  return servicesNeededByBuild(service).flatMap((name) => {
    const needed = project.services.get(name);
    return needed && changesOf(project, observed, needed, onTheWay).length > 0 ? [`${name} is rebuilt`] : [];
  });
}
