/** Plans pulls: each missing image once, and those whose policy asks for a look at the registry. Pure. */
import { GantryError } from "../base/errors.js";
import type { Project, Service } from "../compose/project.js";
import type { ObservedState } from "./observed.js";
import type { Plan } from "./operation.js";
import { PlanBuilder } from "./plan-builder.js";
import { placeOf } from "./service/field-changes.js";
import { imageNameOf } from "./service/names.js";
import type { UpDraft } from "./up-draft.js";
import { desiredScale, type UpOptions } from "./up-options.js";

type ImageDraft = Pick<UpDraft, "project" | "observed" | "options" | "builder" | "selected" | "pulls">;
type Policy = "always" | "missing" | "never";

/** Fills `draft.pulls`. Services with no replica need no image. */
export function planImages(draft: ImageDraft): void {
  const wanted = new Map<string, Service[]>();
  for (const service of draft.selected) {
    if (desiredScale(service, draft.options) === 0) continue;
    const image = imageNameOf(draft.project.name, service);
    wanted.set(image, [...(wanted.get(image) ?? []), service]);
  }
  for (const [image, services] of [...wanted].sort(([a], [b]) => (a < b ? -1 : 1))) planImage(draft, image, services);
}

/** The pulls of `gantry pull`: every image of the named services (all when none), or only missing ones. */
export function planPull(
  project: Project,
  observed: ObservedState,
  services: readonly Service[],
  policy: "always" | "missing",
): Plan {
  const builder = new PlanBuilder();
  const byImage = new Map<string, Service[]>();
  for (const service of services.filter((s) => s.image !== undefined && s.pull_policy !== "never")) {
    const image = imageNameOf(project.name, service);
    byImage.set(image, [...(byImage.get(image) ?? []), service]);
  }
  for (const [image, users] of [...byImage].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const isThere = observed.images.has(image);
    if (isThere && policy === "missing") continue;
    addPull(builder, image, users, isThere ? "asked for" : "image is not here");
  }
  return builder.build(project.name);
}

function planImage(draft: ImageDraft, image: string, services: readonly Service[]): void {
  const policy = strictest(services.map((service) => policyOf(service, draft.options)));
  const isThere = draft.observed.images.has(image);
  const [first] = services;
  if (isThere && (policy !== "always" || draft.options.imagesAreFresh)) return;
  const source = first && placeOf(draft.project, `services.${first.name}.image`);
  if (policy === "never") {
    throw new GantryError("image-not-found", `The image ${image} is not here, and the pull policy is "never"`, {
      hint: `Pull it yourself: gantry image pull ${image}`,
      ...(source ? { source } : {}),
    });
  }
  const onlyBuilt = services.find((service) => service.build && service.image === undefined);
  if (onlyBuilt && !isThere) {
    throw new GantryError("not-supported", `Service "${onlyBuilt.name}" needs to be built, which is not possible yet`, {
      hint: `Import or tag an image as ${image}, or give the service an "image".`,
    });
  }
  const id = addPull(draft.builder, image, services, isThere ? "pull policy is always" : "image is not here", source);
  draft.pulls.set(image, id);
}

function addPull(
  builder: PlanBuilder,
  image: string,
  services: readonly Service[],
  reason: string,
  source?: ReturnType<typeof placeOf>,
): string {
  const platform = services.find((service) => service.platform !== undefined)?.platform;
  return builder.add(
    {
      kind: "pull-image",
      image,
      services: services.map((service) => service.name).sort(),
      ...(platform === undefined ? {} : { platform }),
    },
    { reason, ...(source ? { source } : {}) },
  );
}

/** Windows (`daily`, `every_…`) and `build` count as "missing" until tags keep the time of their last pull. */
function policyOf(service: Service, options: UpOptions): Policy {
  const policy = options.pull ?? service.pull_policy;
  return policy === "always" || policy === "never" ? policy : "missing";
}

/** Of services that share an image: one that wants a pull gets it. */
function strictest(policies: readonly Policy[]): Policy {
  return policies.includes("always") ? "always" : policies.includes("missing") ? "missing" : "never";
}
