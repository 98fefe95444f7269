/** Plans builds: each service's image once, after the images that its build takes files from. Pure. */
import type { Project, Service } from "../../compose/project.js";
import type { Cause, Plan } from "../operation.js";
import { PlanBuilder } from "../plan-builder.js";
import { placeOf } from "../service/field-changes.js";
import { imageNameOf } from "../service/names.js";
import { type BuildOptions, ignoredOf, imageBuildOf, servicesNeededByBuild } from "./image-build.js";

interface Draft {
  readonly project: Project;
  readonly builder: PlanBuilder;
  /** By image name: the operation that brings it. */
  readonly pulls: Map<string, string>;
}

/** The builds of `gantry build`, of the services that have one. Throws as `imageBuildOf`. */
export function planBuilds(project: Project, services: readonly Service[], options: BuildOptions): Plan {
  const builder = new PlanBuilder();
  const draft = { project, builder, pulls: new Map<string, string>() };
  for (const service of services) if (service.build) addBuild(draft, service, { reason: "asked for", options });
  return builder.build(project.name);
}

/**
 * Returns the operation's id; a second call for the same image gives the same one. What the build takes files from is
 * built before it, too, unless the caller has seen to that (`knowsNeeded`).
 */
export function addBuild(
  draft: Draft,
  service: Service,
  {
    reason,
    options,
    isThere = false,
    knowsNeeded = false,
  }: { reason: string; options: BuildOptions; isThere?: boolean; knowsNeeded?: boolean },
): string {
  const { project, builder, pulls } = draft;
  const image = imageNameOf(project.name, service);
  const known = pulls.get(image);
  if (known !== undefined) return known;
  const needed = servicesNeededByBuild(service).flatMap((name) => project.services.get(name) ?? []);
  const build = imageBuildOf(project, service, options);
  const why = `${service.name} takes files from it`;
  const after = knowsNeeded
    ? needed.flatMap((one) => pulls.get(imageNameOf(project.name, one)) ?? [])
    : needed.map((one) => addBuild(draft, one, { reason: why, options }));
  const ignored = ignoredOf(service);
  if (ignored.length > 0) {
    builder.warn(`${ignored.join(", ")} of service "${service.name}" has no effect: the image is the same without`);
  }
  const source = placeOf(project, `services.${service.name}.build`);
  const cause: Cause = { reason, ...(source ? { source } : {}) };
  const again = isThere ? { again: true as const } : {};
  const id = builder.add({ kind: "build-image", image, services: [service.name], ...again, build }, cause, { after });
  pulls.set(image, id);
  return id;
}
