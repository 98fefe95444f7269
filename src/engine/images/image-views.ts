/** What `list` and `inspect` say about images, and which images a filter selects. Does not touch the world. */
import { matchesGlob } from "node:path/posix";
import { GantryError } from "../../base/errors.js";
import { canonicalName, familiarName, familiarReference, type ImageReference } from "../../oci/reference.js";
import { matchesLabels } from "../../wire/filters.js";
import type { ImageInspect, ImageSummary } from "../../wire/image.js";
import { imageDefaults } from "./image-defaults.js";
import type { Image, ImageWithNames } from "./image-index.js";

type Filters = Readonly<Record<string, readonly string[]>>;

/** Newest first, as Docker lists them. `find` resolves the image that `before` or `since` names. */
export function listImages(
  images: readonly ImageWithNames[],
  filters: Filters,
  find: (name: string) => Image,
): ImageSummary[] {
  const before = filters.before?.map((name) => createdSeconds(find(name)));
  const since = filters.since?.map((name) => createdSeconds(find(name)));
  return images
    .filter(({ image }) => matchesLabels(imageDefaults(image.config.config).Labels ?? {}, filters.label))
    .filter(({ image }) => !before || before.every((limit) => createdSeconds(image) < limit))
    .filter(({ image }) => !since || since.every((limit) => createdSeconds(image) > limit))
    .map(({ image, names }) => ({ image, names: filters.reference ? named(names, filters.reference) : names }))
    .filter(({ names }) => !filters.reference || names.length > 0)
    .map(({ image, names }) => summary(image, names))
    .filter((item) => isWantedDangling(item, filters.dangling))
    .sort((a, b) => b.Created - a.Created || (a.Id < b.Id ? -1 : 1));
}

export function inspectImage(
  { image, names }: ImageWithNames,
  driver: { name: string; data: Record<string, string> },
): ImageInspect {
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: tagsOf(names),
    RepoDigests: digestsOf(names),
    Parent: "",
    Comment: config.comment,
    Created: config.created || "0001-01-01T00:00:00Z",
    DockerVersion: config.dockerVersion,
    Author: config.author,
    Config: imageDefaults(config.config),
    Architecture: config.architecture,
    ...(config.variant ? { Variant: config.variant } : {}),
    Os: config.os,
    Size: image.sizeBytes,
    GraphDriver: { Name: driver.name, Data: Object.keys(driver.data).length > 0 ? driver.data : null },
    RootFS: { Type: "layers", Layers: [...config.diffIds] },
    Metadata: { LastTagTime: image.lastTaggedAt },
  };
}

function summary(image: Image, names: readonly ImageReference[]): ImageSummary {
  return {
    Id: image.id,
    ParentId: "",
    RepoTags: tagsOf(names),
    RepoDigests: digestsOf(names),
    Created: createdSeconds(image),
    Size: image.sizeBytes,
    SharedSize: -1,
    Labels: imageDefaults(image.config.config).Labels ?? null,
    Containers: -1,
  };
}

function tagsOf(names: readonly ImageReference[]): string[] {
  return names.filter(({ tag }) => tag).map(familiarReference);
}

function digestsOf(names: readonly ImageReference[]): string[] {
  return names.filter(({ digest }) => digest).map(familiarReference);
}

/** Seconds since the epoch; 0 when the image does not say. */
function createdSeconds(image: Image): number {
  const at = Date.parse(image.config.created);
  return Number.isNaN(at) ? 0 : Math.floor(at / 1000);
}

/** A pattern speaks of the name alone or of name and tag, in short or in full form. */
function named(names: readonly ImageReference[], patterns: readonly string[]): ImageReference[] {
  return names.filter((name) => {
    const forms = [
      familiarReference(name),
      familiarName(name),
      canonicalName(name),
      `${canonicalName(name)}:${name.tag}`,
    ];
    return patterns.some((pattern) => forms.some((form) => matchesGlob(form, pattern)));
  });
}

function isWantedDangling({ RepoTags }: ImageSummary, wanted: readonly string[] | undefined): boolean {
  if (!wanted || wanted.length === 0) return true;
  const values = wanted.map((value) => {
    if (/^(1|true)$/i.test(value)) return true;
    if (/^(0|false)$/i.test(value)) return false;
    throw new GantryError("bad-parameter", `invalid filter 'dangling=[${value}]'`);
  });
  return values.includes(RepoTags.length === 0);
}
