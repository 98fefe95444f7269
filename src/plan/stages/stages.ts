/**
 * An `up` in two stages: where containers are there whose images have to be pulled or built, images come first, and
 * what becomes of the containers is decided when it is known what came.
 *
 * Pure. Beforehand both is drawn: what has to be done if every image comes out as another one, and if none does.
 * Nothing else may be done then by whoever was shown the plan (`unannounced`).
 */
import type { Project } from "../../compose/project.js";
import type { ImageInspect } from "../../wire/image.js";
import { composeLabels } from "../../wire/labels.js";
import type { ObservedState } from "../observed.js";
import type { Operation, Plan } from "../operation.js";
import { inOrder, PlanBuilder } from "../plan-builder.js";
import { planImages } from "../plan-images.js";
import { planUp } from "../plan-up.js";
import { imageNameOf } from "../service/names.js";
import { optionalServices, selectContainers, type UpOptions } from "../up-options.js";

/** In place of the id of an image that nobody knows yet. */
const anotherImage = "another";

/** What may be done once the images are there: none is another than before, or every one is. */
export interface Stages {
  readonly images: Plan;
  readonly same: Plan;
  readonly another: Plan;
}

/** All that an `up` may do, for people to read: what depends on images is marked. Throws as `planUp`. */
export function planWhole(project: Project, observed: ObservedState, options: UpOptions): Plan {
  const stages = planStages(project, observed, options);
  return stages ? merged(stages) : planUp(project, observed, options);
}

/** Undefined where one plan says it all. Throws as `planUp`. */
export function planStages(project: Project, observed: ObservedState, options: UpOptions): Stages | undefined {
  if (!mustPullFirst(project, observed, options)) return undefined;
  const given = (isAnother: () => boolean) => planGiven(project, observed, { options, isAnother });
  const images = planUpPulls(project, observed, options);
  return { images, same: given(() => false), another: given(() => true) };
}

/** The plan after the images of the first stage have come, if those are others of which `isAnother` says so. */
function planGiven(
  project: Project,
  observed: ObservedState,
  { options, isAnother }: { options: UpOptions; isAnother: (image: string) => boolean },
): Plan {
  const names = planUpPulls(project, observed, options).operations.flatMap((op) => ("image" in op ? [op.image] : []));
  return planUp(project, withImages(project, observed, { names, isAnother }), { ...options, imagesAreFresh: true });
}

/**
 * True when what is planned may depend on what a pull or a build brings: existing containers whose image has to be
 * brought. Then bring it, observe again, and plan with `imagesAreFresh`.
 */
export function mustPullFirst(project: Project, observed: ObservedState, options: UpOptions): boolean {
  if (options.imagesAreFresh) return false;
  const pulled = new Set(
    planUpPulls(project, observed, options).operations.flatMap((op) => ("services" in op ? op.services : [])),
  );
  return observed.containers.some((container) => pulled.has(container.service) && !container.isOneOff);
}

/** Only the pulls and builds of an `up`. */
export function planUpPulls(project: Project, observed: ObservedState, options: UpOptions): Plan {
  const builder = new PlanBuilder();
  const selected = selectContainers(project, options);
  planImages({ project, observed, options, builder, selected, pulls: new Map() });
  return builder.build(project.name, optionalServices(project, options.services));
}

/**
 * What `plan`, drawn from `now`, would do that nobody was told of before: what was not in the stages at all, or not for
 * the images that came. Waits change nothing, and are let pass.
 */
export function unannounced(
  plan: Plan,
  told: { stages: Stages; project: Project; options: UpOptions; before: ObservedState; now: ObservedState },
): Operation[] {
  const { stages, project, options, before, now } = told;
  const isAnother = (image: string) => now.images.get(image)?.Id !== idOf(project, before, image);
  const foreseen = new Set(planGiven(project, before, { options, isAnother }).operations.map(textOf));
  const shown = new Set([...stages.same.operations, ...stages.another.operations].map(nameOf));
  return plan.operations.filter((op) => op.kind !== "wait-for" && !(foreseen.has(textOf(op)) && shown.has(nameOf(op))));
}

function nameOf({ id }: Operation): string {
  return id.replace(/#\d+$/, "");
}

function textOf(op: Operation): string {
  return `${nameOf(op)}: ${op.cause.reason}`;
}

/** As if the images were here: as they are, or others. What a container was made from stays known. */
function withImages(
  project: Project,
  observed: ObservedState,
  { names, isAnother }: { names: readonly string[]; isAnother: (image: string) => boolean },
): ObservedState {
  const images = new Map(observed.images);
  for (const name of names) {
    const id = isAnother(name) ? undefined : idOf(project, observed, name);
    images.set(name, imageOf(id ?? anotherImage, observed.images.get(name)));
  }
  const containers = observed.containers.map((container) => {
    const service = project.services.get(container.service);
    const name = service && imageNameOf(project.name, service);
    const image = name !== undefined && names.includes(name) ? observed.images.get(name) : undefined;
    return image && !container.madeFrom ? { ...container, madeFrom: image } : container;
  });
  return { ...observed, images, containers };
}

/** Of an image that is not here any more, the id that its containers tell. */
function idOf(project: Project, observed: ObservedState, name: string): string | undefined {
  const user = observed.containers.find(({ service, isOneOff }) => {
    const known = project.services.get(service);
    return !isOneOff && known !== undefined && imageNameOf(project.name, known) === name;
  });
  return observed.images.get(name)?.Id ?? user?.labels[composeLabels.image] ?? user?.imageId;
}

/** Its platform will be the one that is asked for. */
function imageOf(Id: string, found: ImageInspect | undefined): ImageInspect {
  const { Architecture: _architecture, ...known } = found ?? { RepoTags: [], RepoDigests: [], Config: {} };
  return { ...known, Id } as ImageInspect; // plans read no more
}

function merged({ images, same, another }: Stages): Plan {
  const first = images.operations.map(({ id }) => id);
  const [kept, replaced] = [byId(same), byId(another)];
  const ids = [...new Set([...replaced.keys(), ...kept.keys()])];
  const later = ids.flatMap((id): Operation[] => {
    const [ifSame, ifAnother] = [kept.get(id), replaced.get(id)];
    const op = ifSame ?? ifAnother;
    if (!op) return [];
    const after = [...new Set([...(ifSame?.after ?? []), ...(ifAnother?.after ?? [])])].sort();
    const onlyIf = ifSame && ifAnother ? {} : { onlyIf: ifSame ? ("same-images" as const) : ("other-images" as const) };
    return [{ ...op, after: after.length > 0 ? after : first, ...onlyIf }];
  });
  const warnings = [...images.warnings, ...same.warnings, ...another.warnings];
  return {
    project: images.project,
    operations: inOrder([...images.operations, ...later]),
    warnings: [...new Map(warnings.map((warning) => [warning.message, warning])).values()],
  };
}

function byId({ operations }: Plan): ReadonlyMap<string, Operation> {
  return new Map(operations.map((op) => [op.id, op]));
}
