/**
 * What removing an image by some name means: which names go, and whether the image goes with them.
 *
 * Does not touch the world. These are Docker's rules and texts.
 */
import { GantryError } from "../../base/errors.js";
import { canonicalName, canonicalReference, familiarReference, type ImageReference } from "../../oci/reference.js";
import { shortId } from "../../oci/short-id.js";

export interface RemoveRequest {
  readonly imageId: string;
  /** What the user wrote, if it is a name; undefined when it was an id or a piece of one. */
  readonly reference: ImageReference | undefined;
  /** Every name of the image. */
  readonly names: readonly ImageReference[];
  readonly force: boolean;
  /** Containers that use the image; `running` is a part of `all`. */
  readonly users: { readonly all: readonly string[]; readonly running: readonly string[] };
}

export interface RemovePlan {
  readonly untag: readonly ImageReference[];
  readonly deleteImage: boolean;
}

/** Throws "image-in-use" with Docker's text. */
export function planRemove(request: RemoveRequest): RemovePlan {
  return request.reference ? removeName(request, request.reference) : removeId(request);
}

function removeName(request: RemoveRequest, reference: ImageReference): RemovePlan {
  const { names, users, force, imageId } = request;
  const user = users.all[0];
  if (!force && names.length <= 1 && user !== undefined) {
    throw new GantryError(
      "image-in-use",
      `conflict: unable to remove repository reference "${familiarReference(reference)}" (must force) - ` +
        `container ${user} is using its referenced image ${shortId(imageId)}`,
    );
  }
  const untag = [reference, ...orphanedDigests(names, reference)];
  const left = names.filter((name) => !untag.some((gone) => canonicalReference(gone) === canonicalReference(name)));
  // With the last name gone the image goes too, unless a container still needs it: then it stays without a name.
  const needed = users.running.length > 0 || (!force && users.all.length > 0);
  return { untag, deleteImage: left.length === 0 && !needed };
}

/** A digest stays only as long as its repository has a tag for the image. */
function orphanedDigests(names: readonly ImageReference[], removed: ImageReference): ImageReference[] {
  if (!removed.tag) return [];
  const repository = canonicalName(removed);
  const same = names.filter((name) => canonicalName(name) === repository);
  const keepsTag = same.some((name) => name.tag && name.tag !== removed.tag);
  return keepsTag ? [] : same.filter((name) => name.digest);
}

function removeId({ imageId, names, force, users }: RemoveRequest): RemovePlan {
  const [running] = users.running;
  if (running !== undefined) {
    throw conflict(imageId, "cannot be forced", `image is being used by running container ${running}`);
  }
  const tags = names.filter(({ tag }) => tag).length;
  const repositories = new Set(names.map(canonicalName)).size;
  if (!force && (tags > 1 || repositories > 1)) {
    throw conflict(imageId, "must be forced", "image is referenced in multiple repositories");
  }
  const stopped = users.all[0];
  if (!force && stopped !== undefined) {
    throw conflict(imageId, "must be forced", `image is being used by stopped container ${stopped}`);
  }
  return { untag: names, deleteImage: true };
}

function conflict(imageId: string, force: string, reason: string): GantryError {
  return new GantryError("image-in-use", `conflict: unable to delete ${shortId(imageId)} (${force}) - ${reason}`);
}
