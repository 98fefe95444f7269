/** Plans pulls: each missing image once, and those whose policy asks for a look at the registry. Pure. */
import { GantryError } from "../base/errors.js";
import { parseDuration } from "../compose/normalize/units.js";
import type { Project, Service } from "../compose/project.js";
import { matchPlatform, parsePlatform } from "../oci/platform.js";
import { parseReference } from "../oci/reference.js";
import type { ImageInspect } from "../wire/image.js";
import { servicesNeededByBuild } from "./build/image-build.js";
import { addBuild } from "./build/plan-builds.js";
import { warnOfStale, whyBuilt } from "./build/why-built.js";
import type { ObservedState } from "./observed.js";
import type { Cause, Plan } from "./operation.js";
import { PlanBuilder } from "./plan-builder.js";
import { placeOf } from "./service/field-changes.js";
import { imageNameOf, imagesOf } from "./service/names.js";
import type { UpDraft } from "./up-draft.js";
import { desiredScale, type UpOptions } from "./up-options.js";

type ImageDraft = Pick<UpDraft, "project" | "observed" | "options" | "builder" | "selected" | "pulls">;
const hourMs = 3_600_000;
const nanosPerMs = 1e6;

type Policy = "always" | "missing" | "never";

/** Fills `draft.pulls`. Services with no replica need no image. */
export function planImages(draft: ImageDraft): void {
  const wanted = new Map<string, Service[]>();
  for (const service of draft.selected) {
    if (desiredScale(service, draft.options) === 0) continue;
    for (const image of imagesOf(draft.project.name, service)) {
      wanted.set(image, [...(wanted.get(image) ?? []), service]);
    }
  }
  for (const [image, services] of [...wanted].sort(([a], [b]) => (a < b ? -1 : 1))) planImage(draft, image, services);
}

/**
 * The pulls of `gantry pull`: the images of the named services (all when none), by the policy that was asked for, else
 * by each service's own. There an image without a policy is pulled, and one with `missing` also when its tag is
 * `latest`.
 */
export function planPull(
  project: Project,
  observed: ObservedState,
  services: readonly Service[],
  policy: "always" | "missing" | undefined,
): Plan {
  const builder = new PlanBuilder();
  const byImage = new Map<string, Service[]>();
  const skipped = policy === undefined ? ["never", "build"] : [];
  for (const service of services.filter((s) => s.image !== undefined && !skipped.includes(s.pull_policy ?? ""))) {
    const image = imageNameOf(project.name, service);
    byImage.set(image, [...(byImage.get(image) ?? []), service]);
  }
  for (const [image, users] of [...byImage].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const isThere = observed.images.has(image);
    if (isThere && !users.some((service) => isPulledAgain(service, image, policy))) continue;
    addPull(builder, {
      image,
      services: users,
      cause: { reason: isThere ? "asked for" : "image is not here" },
      isThere,
    });
  }
  return builder.build(project.name);
}

function isPulledAgain({ pull_policy }: Service, image: string, policy: "always" | "missing" | undefined): boolean {
  if (policy !== undefined) return policy === "always";
  if (pull_policy !== "missing" && pull_policy !== "refresh") return true;
  const { tag, digest } = parseReference(image);
  return digest === undefined && (tag ?? "latest") === "latest";
}

function planImage(draft: ImageDraft, image: string, services: readonly Service[]): void {
  const found = draft.observed.images.get(image);
  const built = builtHere(draft, image, services);
  // One for another platform than was asked for is as good as none.
  const there = built || services.every((service) => isFor(found, service.platform)) ? found : undefined;
  if (built) {
    const isThere = there !== undefined;
    const reason = whyBuilt(draft, built, isThere);
    if (!reason) return;
    // What it takes files from has reasons of its own to be built, or none.
    for (const needed of servicesNeededByBuild(built).flatMap((name) => draft.project.services.get(name) ?? [])) {
      const name = imageNameOf(draft.project.name, needed);
      if (!draft.pulls.has(name)) planImage(draft, name, [needed]);
    }
    addBuild(draft, built, { reason, isThere, knowsNeeded: true, options: { version: draft.options.version } });
    return;
  }
  const builder = builderOf(draft, image, services);
  if (builder) warnOfStale(draft, builder);
  const policy = strictest(services.map((service) => policyOf(service, draft.options, there)));
  const isThere = there !== undefined;
  const [first] = services;
  if (isThere && (policy !== "always" || draft.options.imagesAreFresh)) return;
  const source = first && placeOf(draft.project, `services.${first.name}.image`);
  if (draft.options.isOffline) {
    if (isThere) return;
    throw new GantryError("offline", `The image ${image} is not here, and Gantry is offline`, {
      hint: "Unset GANTRY_OFFLINE, or bring it: gantry image load",
      ...(source ? { source } : {}),
    });
  }
  if (policy === "never") {
    throw new GantryError("image-not-found", `The image ${image} is not here, and the pull policy is "never"`, {
      hint: `Pull it yourself: gantry image pull ${image}`,
      ...(source ? { source } : {}),
    });
  }
  const reason = isThere ? whyAgain(services) : "image is not here";
  const cause = { reason, ...(source ? { source } : {}) };
  draft.pulls.set(image, addPull(draft.builder, { image, services, cause, isThere }));
}

/**
 * The service that builds the image, unless its policy or `--no-build` leaves it to a registry: what can be built is
 * built, so that nobody else's image of that name is taken for it.
 */
function builtHere(draft: ImageDraft, image: string, services: readonly Service[]): Service | undefined {
  const { options } = draft;
  const builder = builderOf(draft, image, services);
  if (!builder) return undefined;
  const policy = options.pull ?? builder.pull_policy ?? "build";
  if (builder.image === undefined || options.build === "always" || policy === "build") {
    return options.build === "never" && builder.image !== undefined ? undefined : builder;
  }
  return undefined;
}

function builderOf({ project }: ImageDraft, image: string, services: readonly Service[]): Service | undefined {
  return services.find((service) => service.build && imageNameOf(project.name, service) === image);
}

function addPull(
  builder: PlanBuilder,
  pull: { image: string; services: readonly Service[]; cause: Cause; isThere: boolean },
): string {
  const { image, services, cause, isThere } = pull;
  const platform = services.find((service) => service.platform !== undefined)?.platform;
  return builder.add(
    {
      kind: "pull-image",
      image,
      services: services.map((service) => service.name).sort(),
      ...(platform === undefined ? {} : { platform }),
      ...(isThere ? { again: true } : {}),
    },
    cause,
  );
}

function isFor(image: ImageInspect | undefined, platform: string | undefined): boolean {
  if (!image || platform === undefined || !image.Architecture) return true;
  const { Os: os, Architecture: architecture, Variant: variant } = image;
  const offered = { os, architecture, ...(variant ? { variant } : {}) };
  return matchPlatform(parsePlatform(platform, { os, architecture }), offered) !== undefined;
}

/** `daily`, `weekly` and `every_DURATION` are "always" once the image is that old; `build` is the builder's matter. */
function policyOf(service: Service, { pull, nowMs }: UpOptions, image: ImageInspect | undefined): Policy {
  const policy = pull ?? service.pull_policy ?? "missing";
  if (policy === "always" || policy === "never") return policy;
  const windowMs = refreshWindowMs(policy);
  if (windowMs === undefined || !image || nowMs === undefined) return "missing";
  // An engine that does not know when the tag was set says the year 1.
  const taggedMs = Date.parse(image.Metadata?.LastTagTime ?? "");
  return Number.isNaN(taggedMs) || nowMs - taggedMs >= windowMs ? "always" : "missing";
}

/** How long an image may stay as it is, or undefined when the policy sets no limit. */
function refreshWindowMs(policy: string): number | undefined {
  if (policy === "daily") return 24 * hourMs;
  if (policy === "weekly") return 7 * 24 * hourMs;
  if (!policy.startsWith("every_")) return undefined;
  const nanos = parseDuration(policy.slice("every_".length));
  return nanos === undefined ? undefined : nanos / nanosPerMs;
}

function whyAgain(services: readonly Service[]): string {
  const policy = services
    .map((service) => service.pull_policy)
    .find((one) => one && refreshWindowMs(one) !== undefined);
  return policy ? `pull policy is ${policy}, and the image is older` : "pull policy is always";
}

/** Of services that share an image: one that wants a pull gets it. */
function strictest(policies: readonly Policy[]): Policy {
  return policies.includes("always") ? "always" : policies.includes("missing") ? "missing" : "never";
}
