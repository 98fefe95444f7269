/**
 * Image names as people write them, and their full form. Pure.
 *
 * `nginx` means `docker.io/library/nginx:latest`: a first component without dot, colon or capital is not a host. Output
 * uses the short ("familiar") form again.
 *
 * @see distribution/reference grammar, "reference := name [ ":" tag ] [ "@" digest ]"
 */
import { GantryError } from "../base/errors.js";
import { type Digest, isDigest } from "./digest.js";

/** A parsed name. `path` has its `library/`; a name without tag and digest is not completed by the parser. */
export interface ImageReference {
  readonly domain: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const defaultDomain = "docker.io";
const defaultTag = "latest";
const officialPrefix = "library/";
const maxNameLength = 255;

const label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const domainForm = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::\\d+)?$`);
const pathForm = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const tagForm = /^\w[\w.-]{0,127}$/;

/** Throws "bad-parameter" with Docker's texts (`invalid reference format`, …). */
export function parseReference(text: string): ImageReference {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) throw invalid("invalid reference format");
  const { domain, rest } = splitDomain(at < 0 ? text : text.slice(0, at));
  const colon = rest.indexOf(":");
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  if (path !== path.toLowerCase()) {
    throw invalid(`invalid reference format: repository name (${path}) must be lowercase`);
  }
  if (!domainForm.test(domain) || !pathForm.test(path) || (tag !== undefined && !isTag(tag))) {
    throw invalid("invalid reference format");
  }
  if (domain.length + 1 + path.length > maxNameLength) {
    throw invalid(`invalid reference format: repository name must not be more than ${maxNameLength} characters`);
  }
  return { domain, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** Whether it can stand behind the colon of a name. */
export function isTag(text: string): boolean {
  return tagForm.test(text);
}

/** The reference with `latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: ImageReference): ImageReference {
  return reference.tag || reference.digest ? reference : { ...reference, tag: defaultTag };
}

/** `docker.io/library/nginx`. */
export function canonicalName({ domain, path }: ImageReference): string {
  return `${domain}/${path}`;
}

/** `nginx`, `me/app`, `quay.io/me/app`. */
export function familiarName({ domain, path }: ImageReference): string {
  if (domain !== defaultDomain) return `${domain}/${path}`;
  const short = path.slice(officialPrefix.length);
  return path.startsWith(officialPrefix) && !short.includes("/") ? short : path;
}

/** `docker.io/library/nginx:latest`, with tag and digest as far as there are any. */
export function canonicalReference(reference: ImageReference): string {
  return `${canonicalName(reference)}${suffix(reference)}`;
}

/** `nginx:latest`, with tag and digest as far as there are any. */
export function familiarReference(reference: ImageReference): string {
  return `${familiarName(reference)}${suffix(reference)}`;
}

function suffix({ tag, digest }: ImageReference): string {
  return `${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
}

function splitDomain(name: string): { domain: string; rest: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = slash > 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  const domain = isHost && first !== "index.docker.io" ? first : defaultDomain;
  const rest = isHost ? name.slice(slash + 1) : name;
  return { domain, rest: domain === defaultDomain && !rest.includes("/") ? `${officialPrefix}${rest}` : rest };
}

function invalid(message: string): GantryError {
  return new GantryError("bad-parameter", message);
}
