/**
 * Writes an image as an OCI image layout directory, by the image-spec's own words rather than by Gantry's code: what a
 * pull is tested with must not come from the hand that reads it.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { MadeImage } from "./images.js";

const compress = promisify(gzip);

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes `image` with gzipped layers to the new directory `dir`, tagged `latest`. */
export async function writeOciLayout(image: MadeImage, dir: string): Promise<void> {
  await mkdir(`${dir}/blobs/sha256`, { recursive: true });
  const layers = await Promise.all(
    image.layers.map(async (path) => {
      const tar = await readFile(path);
      const packed = await compress(tar, { level: 1 });
      const blob = await writeBlob(dir, "application/vnd.oci.image.layer.v1.tar+gzip", packed);
      return { blob, diffId: digestOf(tar) };
    }),
  );
  const config = await writeJson(dir, "application/vnd.oci.image.config.v1+json", {
    created: "2023-11-14T22:13:20Z",
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: configOf(image.changes),
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created: "2023-11-14T22:13:20Z", created_by: `packages of ${image.name}` })),
  });
  const manifest = await writeJson(dir, "application/vnd.oci.image.manifest.v1+json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config,
    layers: layers.map(({ blob }) => blob),
  });
  const index = { ...manifest, annotations: { "org.opencontainers.image.ref.name": "latest" } };
  await writeFile(`${dir}/oci-layout`, JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(`${dir}/index.json`, JSON.stringify({ schemaVersion: 2, manifests: [index] }));
}

function configOf(changes: readonly string[]): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  const addTo = (field: string, key: string) => {
    config[field] = { ...(config[field] as object | undefined), [key]: {} };
  };
  for (const change of changes) {
    const [instruction = "", ...words] = change.split(" ");
    const rest = words.join(" ");
    if (instruction === "CMD") config.Cmd = JSON.parse(rest);
    else if (instruction === "ENTRYPOINT") config.Entrypoint = JSON.parse(rest);
    else if (instruction === "ENV") config.Env = [...((config.Env as string[] | undefined) ?? []), rest];
    else if (instruction === "WORKDIR") config.WorkingDir = rest;
    else if (instruction === "STOPSIGNAL") config.StopSignal = rest;
    else if (instruction === "EXPOSE") addTo("ExposedPorts", `${rest}/tcp`);
    else if (instruction === "VOLUME") addTo("Volumes", rest);
    else throw new Error(`The recipe uses ${instruction}, which this does not know`);
  }
  return config;
}

function writeJson(dir: string, mediaType: string, value: unknown): Promise<Blob> {
  return writeBlob(dir, mediaType, Buffer.from(JSON.stringify(value)));
}

async function writeBlob(dir: string, mediaType: string, data: Buffer): Promise<Blob> {
  const digest = digestOf(data);
  await writeFile(`${dir}/blobs/${digest.replace(":", "/")}`, data);
  return { mediaType, digest, size: data.length };
}

function digestOf(data: Buffer): string {
  return `sha256:${createHash("sha256").update(data).digest("hex")}`;
}
