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
      const isAsked = image !== undefined && services.includes(name);
      if (!isAsked || there.byName.get(imageNameOf(project.name, service)) === image.id) return [name, service];
      const pin = there.ids.has(image.id) ? image.id : image.digest;
      if (pin === undefined) gone.push(`${image.name} of service ${name} (${shortId(image.id)})`);
      return [name, pin === undefined ? service : withImage(service, pin)];
    }),
  );
  if (gone.length === 0) return { ...project, services: pinned };
  throw new GantryError("image-not-found", `Images of generation ${number} are no longer here: ${gone.join(", ")}`, {
    hint: "They came from no registry. Build what is wanted from its sources again: gantry up -d --build",
  });
}

/** Nothing is built: what the sources hold now is not what was there then. */
function withImage({ build: _build, pull_policy: _policy, ...service }: Service, image: string): Service {
  return { ...service, image };
}
