/**
 * Puts the images of a generation into a project, whatever their names stand for by now. Pure.
 *
 * A service whose name still stands for the image keeps the name, so that a later `up` finds nothing changed. Otherwise
 * the image's id takes its place, or what its registry called it, where it has to be pulled again.
 */
import { GantryError } from "../../base/errors.js";
import type { Project, Service } from "../../compose/project.js";
import { shortId } from "../../oci/short-id.js";
import type { GenerationImage } from "../../wire/history.js";
import { imageNameOf } from "../service/names.js";

export interface ImagesThere {
  /** Ids by the names that services have. */
  readonly byName: ReadonlyMap<string, string>;
  readonly ids: ReadonlySet<string>;
}

/** Only the named services are looked at. Throws "image-not-found", naming each image that nobody can bring back. */
export function withImagesOf(
  project: Project,
  { number, images }: { readonly number: number; readonly images: Readonly<Record<string, GenerationImage>> },
  { services, there }: { readonly services: readonly string[]; readonly there: ImagesThere },
): Project {
  const gone: string[] = [];
  const pinned = new Map(
    [...project.services].map(([name, service]): [string, Service] => {
      const image = images[name];
      if (!image || !services.includes(name)) return [name, service];
      const fit = fittingName(project.name, service, image, there);
      if (fit === undefined) gone.push(`${image.name} of service ${name} (${shortId(image.id)})`);
      return [name, fit === undefined || fit === service.image ? service : withImage(service, fit)];
    }),
  );
  if (gone.length === 0) return { ...project, services: pinned };
  throw new GantryError("image-not-found", `Images of generation ${number} are no longer here: ${gone.join(", ")}`, {
    hint: "They came from no registry. Build what is wanted from its sources again: gantry up -d --build",
  });
}

function fittingName(
  project: string,
  service: Service,
  { id, digest }: GenerationImage,
  { byName, ids }: ImagesThere,
): string | undefined {
  const name = imageNameOf(project, service);
  if (byName.get(name) === id) return service.image ?? name;
  return ids.has(id) ? id : digest;
}

/** Nothing is built: what the sources hold now is not what was there then. */
function withImage({ build: _build, pull_policy: _policy, ...service }: Service, image: string): Service {
  return { ...service, image };
}
