/**
 * Which images there are and which names point at them. Touches the world through durable records.
 *
 * `images/` has one record per image, by id; `references/` one per name, by its full form: `docker.io/library/x:tag`
 * for a tag, `docker.io/library/x@sha256:…` for the manifest that a pull of that repository brought. An image is
 * recorded before the first name points at it.
 */
import { join } from "node:path";
import { GantryError, messageOf } from "../../base/errors.js";
import { type ChainId, type Digest, isDigest } from "../../oci/digest.js";
import { type ImageConfig, parseImageConfig } from "../../oci/image-config.js";
import {
  canonicalName,
  canonicalReference,
  familiarReference,
  type ImageReference,
  parseReference,
  withDefaultTag,
} from "../../oci/reference.js";
import { type DamagedRecord, expectRecord, JsonRecords } from "../store/json-records.js";
import type { BlobStore } from "./blob-store.js";

/** `layers` are the digests of the blobs, `chainIds` of the unpacked trees; both lowest first. */
export interface ImageRecord {
  readonly id: Digest;
  readonly manifest: Digest;
  readonly layers: readonly Digest[];
  readonly chainIds: readonly ChainId[];
  /**
   * The blobs that are stored of the layers, where these are not those of `layers`: a pull does not fetch what is
   * unpacked already, and the image must be able to leave whatever becomes of the image that brought it.
   */
  readonly stored?: readonly Digest[];
  /** Content of all unpacked layers. */
  readonly sizeBytes: number;
  /** RFC 3339. */
  readonly lastTaggedAt: string;
}

/** A record with its configuration, as read from its blob. */
export interface Image extends ImageRecord {
  readonly config: ImageConfig;
}

interface ReferenceRecord {
  readonly imageId: Digest;
}

/** An image and every name that points at it. */
export interface ImageWithNames {
  readonly image: Image;
  readonly names: readonly ImageReference[];
}

/** A name that points at an image: it has a tag or a digest, never both. */
export interface NamedImage {
  readonly reference: ImageReference;
  readonly imageId: Digest;
}

export class ImageIndex {
  readonly #records: JsonRecords<ImageRecord>;
  readonly #references: JsonRecords<ReferenceRecord>;
  readonly #configs = new Map<string, ImageConfig>();

  private constructor(records: JsonRecords<ImageRecord>, references: JsonRecords<ReferenceRecord>) {
    this.#records = records;
    this.#references = references;
  }

  /** Reads the records and the configurations. An image whose configuration is damaged is reported and left out. */
  static async open(
    stateRoot: string,
    { blobs, onDamaged }: { blobs: BlobStore; onDamaged: (damaged: DamagedRecord) => void },
  ): Promise<ImageIndex> {
    const [records, references] = await Promise.all([
      JsonRecords.open({ directory: join(stateRoot, "images"), schema: 1, parse: parseImage, onDamaged }),
      JsonRecords.open({ directory: join(stateRoot, "references"), schema: 1, parse: parseReferenceRecord, onDamaged }),
    ]);
    const index = new ImageIndex(records, references);
    for (const { id } of records.values()) {
      try {
        index.#configs.set(id, parseImageConfig((await blobs.read(id)).toString()));
      } catch (error) {
        onDamaged({ path: blobs.path(id), reason: messageOf(error) });
      }
    }
    return index;
  }

  get(id: string): Image | undefined {
    const record = this.#records.get(id);
    const config = this.#configs.get(id);
    return record && config ? { ...record, config } : undefined;
  }

  all(): Image[] {
    return this.#records.values().flatMap(({ id }) => this.get(id) ?? []);
  }

  /** Names of an image, tags and digests, sorted. */
  namesOf(id: string): ImageReference[] {
    return this.names()
      .filter(({ imageId }) => imageId === id)
      .map(({ reference }) => reference);
  }

  names(): NamedImage[] {
    return this.#references.entries().map(([name, { imageId }]) => ({ reference: parseReference(name), imageId }));
  }

  /** What exactly this name points at. */
  named(reference: ImageReference): Image | undefined {
    const found = this.#references.get(keyOf(reference));
    return found ? this.get(found.imageId) : undefined;
  }

  /**
   * By id, name (`latest` implied), name@digest, or a prefix of one id only.
   *
   * @throws {GantryError} "image-not-found" with Docker's text
   */
  find(name: string): Image {
    const id = /^[0-9a-f]{64}$/.test(name) ? `sha256:${name}` : name;
    const found = this.get(id) ?? this.#findByName(name) ?? this.#findByPrefix(name);
    if (found) return found;
    throw new GantryError("image-not-found", `No such image: ${isDigest(id) ? id : completed(name)}`);
  }

  async add(record: ImageRecord, config: ImageConfig): Promise<void> {
    await this.#records.set(record.id, record);
    this.#configs.set(record.id, config);
  }

  async point(reference: ImageReference, imageId: Digest, at: Date): Promise<void> {
    await this.#references.set(keyOf(reference), { imageId });
    const record = this.#records.get(imageId);
    if (record && reference.tag) await this.#records.set(imageId, { ...record, lastTaggedAt: at.toISOString() });
  }

  async unpoint(reference: ImageReference): Promise<void> {
    await this.#references.remove(keyOf(reference));
  }

  /** Names go first, so that none ever points at nothing. */
  async remove(id: Digest): Promise<void> {
    for (const reference of this.namesOf(id)) await this.unpoint(reference);
    await this.#records.remove(id);
    this.#configs.delete(id);
  }

  #findByName(name: string): Image | undefined {
    try {
      return this.named(withDefaultTag(parseReference(name)));
    } catch {
      return undefined; // not a name; it may be a piece of an id
    }
  }

  #findByPrefix(text: string): Image | undefined {
    const prefix = text.replace(/^sha256:/, "");
    if (!/^[0-9a-f]{1,64}$/.test(prefix)) return undefined;
    const matches = this.all().filter(({ id }) => id.startsWith(`sha256:${prefix}`));
    return matches.length === 1 ? matches[0] : undefined;
  }
}

/** A name with both tag and digest means the digest. */
function keyOf(reference: ImageReference): string {
  return reference.digest
    ? `${canonicalName(reference)}@${reference.digest}`
    : canonicalReference(withDefaultTag(reference));
}

function completed(name: string): string {
  try {
    return familiarReference(withDefaultTag(parseReference(name)));
  } catch {
    return name;
  }
}

function parseImage(value: unknown, key: string): ImageRecord {
  const { id, manifest, layers, chainIds, stored, sizeBytes, lastTaggedAt } = expectRecord(value, "an image");
  if (!isDigest(id) || id !== key || !isDigest(manifest)) throw new Error("its digests are wrong");
  if (!isDigests(layers) || !isDigests(chainIds) || !(stored === undefined || isDigests(stored))) {
    throw new Error("its layers are wrong");
  }
  if (typeof sizeBytes !== "number" || typeof lastTaggedAt !== "string") throw new Error("its size or time is wrong");
  return { id, manifest, layers, chainIds, ...(stored ? { stored } : {}), sizeBytes, lastTaggedAt };
}

function parseReferenceRecord(value: unknown, key: string): ReferenceRecord {
  const { imageId } = expectRecord(value, "a reference");
  if (!isDigest(imageId)) throw new Error("its image is wrong");
  if (keyOf(parseReference(key)) !== key) throw new Error("its name is not in full form");
  return { imageId };
}

function isDigests(value: unknown): value is Digest[] {
  return Array.isArray(value) && value.every(isDigest);
}
