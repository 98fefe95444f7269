/**
 * Pins the images of a printed project to digests: services' images, those of `pre_start` hooks and of image mounts.
 *
 * Pure: works on the model of `projectToConfig`; who asks the registries passes the digests in.
 */
import { isRecord } from "../../base/json.js";
import type { Digest } from "../../oci/digest.js";
import { canonicalReference, parseReference, withDefaultTag } from "../../oci/reference.js";

type Model = Readonly<Record<string, unknown>>;

/**
 * References without a digest (`docker.io/library/nginx:latest`), once each, sorted. Throws for what is no image name.
 */
export function imagesToPin(model: Model): string[] {
  const found = new Set<string>();
  withImages(model, (image) => {
    const reference = withDefaultTag(parseReference(image));
    if (!reference.digest) found.add(canonicalReference(reference));
    return image;
  });
  return [...found].sort();
}

/** The model with every image as `NAME:TAG@DIGEST`. `digests` is by what `imagesToPin` gave. */
export function pinImages(model: Model, digests: ReadonlyMap<string, Digest>): Model {
  return withImages(model, (image) => {
    const reference = withDefaultTag(parseReference(image));
    const digest = reference.digest ?? digests.get(canonicalReference(reference));
    return canonicalReference(digest ? { ...reference, digest } : reference);
  });
}

/** An override file that holds nothing but the images of services and of image mounts. */
export function imagesOnly(model: Model): Model {
  return {
    services: mapValues(model.services, (service) => {
      const volumes = list(service.volumes).filter((volume) => isRecord(volume) && volume.type === "image");
      return {
        ...(service.image === undefined ? {} : { image: service.image }),
        ...(volumes.length > 0 ? { volumes } : {}),
      };
    }),
  };
}

/** Services whose hooks bring images of their own: an override file has no way to pin those. */
export function servicesWithHookImages(model: Model): string[] {
  const services = isRecord(model.services) ? Object.entries(model.services) : [];
  return services
    .filter(([, service]) => isRecord(service) && list(service.pre_start).some((hook) => isRecord(hook) && hook.image))
    .map(([name]) => name);
}

function withImages(model: Model, change: (image: string) => string): Model {
  const changed = (record: Record<string, unknown>, key: string) =>
    typeof record[key] === "string" ? { ...record, [key]: change(record[key]) } : record;
  const services = mapValues(model.services, (service) => {
    const own = changed(service, "image");
    const volumes = list(own.volumes).map((one) =>
      isRecord(one) && one.type === "image" ? changed(one, "source") : one,
    );
    const hooks = list(own.pre_start).map((one) => (isRecord(one) ? changed(one, "image") : one));
    return {
      ...own,
      ...(own.volumes === undefined ? {} : { volumes }),
      ...(own.pre_start === undefined ? {} : { pre_start: hooks }),
    };
  });
  return { ...model, services };
}

function mapValues(
  value: unknown,
  change: (member: Record<string, unknown>) => Record<string, unknown>,
): Record<string, unknown> {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.map(([key, member]) => [key, isRecord(member) ? change(member) : member]));
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
