/**
 * Finds images whose build context has changed since they were built, and of which is not known what they were built
 * from: somebody else built them. Nothing builds them anew, and a plan says so.
 *
 * Reads this host's directories, names and times only. An image that was built elsewhere is compared by the same times.
 */
import { isAbsolute, join } from "node:path";
import type { Project } from "../../compose/project.js";
import type { ObservedState } from "../../plan/observed.js";
import type { Plan, PlanWarning } from "../../plan/operation.js";
import { imageNameOf } from "../../plan/service/names.js";
import { contextEntries, versionControl } from "./context-entries.js";

/** What is bigger than this many entries is looked at no further. */
const maxEntries = 20_000;

/** A warning for each service that has a build, whose image is here and is not built by `plan`; in name order. */
export async function staleContextWarnings(
  project: Project,
  { images, builds }: Pick<ObservedState, "images" | "builds">,
  plan: Plan,
): Promise<PlanWarning[]> {
  const built = new Set(plan.operations.flatMap((op) => (op.kind === "build-image" ? [op.image] : [])));
  const found = await Promise.all(
    [...project.services.values()].map(async (service): Promise<PlanWarning[]> => {
      const name = imageNameOf(project.name, service);
      const image = images.get(name);
      const { context, dockerfile = "Dockerfile" } = service.build ?? {};
      if (
        !image ||
        built.has(name) ||
        builds?.get(service.name)?.before ||
        context === undefined ||
        !isAbsolute(context)
      )
        return [];
      const builtMs = Date.parse(image.Metadata?.LastTagTime ?? "") || Date.parse(image.Created);
      const newer = await newerFile(context, { dockerfile, sinceMs: builtMs }).catch(() => undefined); // unreadable
      if (newer === undefined) return [];
      const file = join(context, newer);
      const message = `The image ${name} of service "${service.name}" was built before ${file} changed.`;
      return [{ message, hint: `Build it: gantry build ${service.name}, or gantry up --build` }];
    }),
  );
  return found.flat();
}

/** The first file of the context, in name order, that was changed later; what is ignored does not count. */
async function newerFile(
  directory: string,
  { dockerfile, sinceMs }: { dockerfile: string; sinceMs: number },
): Promise<string | undefined> {
  if (Number.isNaN(sinceMs)) return undefined;
  let seen = 0;
  for await (const { path, stat } of contextEntries(directory, dockerfile, versionControl)) {
    if (++seen > maxEntries) return undefined;
    if (stat.isFile() && stat.ctimeMs > sinceMs) return path;
  }
  return undefined;
}
