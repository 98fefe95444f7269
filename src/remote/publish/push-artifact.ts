/** Sends a Compose project to a registry as an artifact of OCI 1.1 or, where a registry takes no such, of 1.0. */
import { Readable } from "node:stream";
import { isGantryError } from "../../base/errors.js";
import { type Digest, digestOf } from "../../oci/digest.js";
import { mediaTypes } from "../../oci/manifest.js";
import type { ImageReference } from "../../oci/reference.js";
import type { PushedBlob, RegistryPusher } from "../../registry/push/registry-pusher.js";
import type { RegistryCall } from "../../registry/registry-client.js";
import { artifactTypes } from "../compose-artifact.js";
import type { PublishedFile } from "./published-files.js";

export type OciVersion = "1.0" | "1.1";

export interface PushRequest {
  readonly reference: ImageReference;
  readonly files: readonly PublishedFile[];
  /** Undefined tries the newer one first. */
  readonly ociVersion?: OciVersion | undefined;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly call: RegistryCall;
}

const emptyConfig = "{}";

/** The digest of the manifest. Throws "registry-…". */
export async function pushArtifact(pusher: RegistryPusher, request: PushRequest): Promise<Digest> {
  const { reference, files, ociVersion, call } = request;
  for (const text of [emptyConfig, ...files.map((file) => file.text)]) {
    const blob = { digest: digestOf(text), sizeBytes: Buffer.byteLength(text), open: sliceOf(text) };
    await pusher.pushBlob(reference, blob, { ...call, from: [], onBytes: () => {} });
  }
  const push = async (version: OciVersion) => {
    const text = manifestText(request, version);
    await pusher.pushManifest(reference, { mediaType: mediaTypes.ociManifest, text }, call);
    return digestOf(text);
  };
  if (ociVersion) return push(ociVersion);
  return push("1.1").catch((error: unknown) => {
    if (isGantryError(error, "registry-failed")) return push("1.0");
    throw error;
  });
}

function sliceOf(text: string): PushedBlob["open"] {
  return ({ from, to }) => Readable.from([Buffer.from(text).subarray(from, to)]);
}

/** Version 1.0 has no type of artifact: there the configuration's type says what it is. */
function manifestText({ files, createdAt }: PushRequest, version: OciVersion): string {
  const mediaType = version === "1.0" ? artifactTypes.emptyConfig : artifactTypes.emptyJson;
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(version === "1.0" ? {} : { artifactType: artifactTypes.project }),
    config: { mediaType, digest: digestOf(emptyConfig), size: emptyConfig.length },
    layers: files.map((file) => ({
      mediaType: file.mediaType,
      digest: digestOf(file.text),
      size: Buffer.byteLength(file.text),
      annotations: file.annotations,
    })),
    annotations: { "org.opencontainers.image.created": createdAt },
  });
}
