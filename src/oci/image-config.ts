/**
 * An image's configuration: what its containers run by default, and which layers it is made of. Pure.
 *
 * @see OCI image specification, "Image Configuration"; Docker adds Healthcheck, OnBuild, Shell and others
 */
import { GantryError } from "../base/errors.js";
import { isRecord } from "../base/json.js";
import { type DiffId, isDigest } from "./digest.js";

/** `config` is as written: its reader narrows what it uses. `created` is RFC 3339 or "". */
export interface ImageConfig {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
  readonly created: string;
  readonly author: string;
  readonly comment: string;
  readonly dockerVersion: string;
  readonly diffIds: readonly DiffId[];
  readonly config: Readonly<Record<string, unknown>>;
}

/** Throws "registry-failed" for what is not an image's configuration. */
export function parseImageConfig(text: string): ImageConfig {
  const parsed = parseObject(text);
  const rootfs = isRecord(parsed.rootfs) ? parsed.rootfs : {};
  const diffIds: unknown = rootfs.diff_ids ?? [];
  if (!Array.isArray(diffIds) || !diffIds.every(isDigest)) {
    throw new GantryError("registry-failed", "The image's configuration does not name its layers");
  }
  return {
    os: textOf(parsed.os) || "linux",
    architecture: textOf(parsed.architecture),
    variant: textOf(parsed.variant),
    created: textOf(parsed.created),
    author: textOf(parsed.author),
    comment: textOf(parsed.comment) || lastComment(parsed.history),
    dockerVersion: textOf(parsed.docker_version),
    diffIds,
    config: isRecord(parsed.config) ? parsed.config : {},
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) return parsed;
  } catch {}
  throw new GantryError("registry-failed", "The image's configuration is not JSON");
}

function lastComment(history: unknown): string {
  const last: unknown = Array.isArray(history) ? history.at(-1) : undefined;
  return isRecord(last) ? textOf(last.comment) : "";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
