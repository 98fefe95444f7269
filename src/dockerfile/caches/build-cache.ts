/**
 * Where a build's steps may be found, and where they go: the words of `--cache-from` and `--cache-to`. Pure.
 *
 * @see docker buildx build, "--cache-from", "--cache-to"
 */
import { GantryError } from "../../base/errors.js";

/** `local` is a directory with an OCI layout. `max` takes the steps of all stages along. */
export type BuildCachePlace = { readonly max: boolean; readonly ignoreError: boolean } & (
  | { readonly kind: "registry"; readonly reference: string }
  | { readonly kind: "local"; readonly path: string; readonly reference?: string }
  /** In the image itself. */
  | { readonly kind: "inline" }
);

const kinds = ["registry", "local", "inline"];
/** What BuildKit has beside these: services that only it knows how to talk to. */
const foreign = ["gha", "s3", "azblob"];

/** `type=registry,ref=NAME,mode=max`, or an image's name alone. Throws "bad-parameter", "not-supported". */
export function parseBuildCache(text: string, way: "from" | "to"): BuildCachePlace {
  const flag = `cache_${way}`;
  if (!text.includes("=")) return { kind: "registry", reference: text, max: false, ignoreError: false };
  const fields = new Map(
    text.split(",").map((field): [string, string] => {
      const [key = "", value = ""] = field.split(/=(.*)/s, 2);
      return [key.trim().toLowerCase(), value.trim()];
    }),
  );
  const type = fields.get("type") ?? "registry";
  if (foreign.includes(type)) {
    throw new GantryError("not-supported", `${flag}: the type ${type} is not supported`, {
      hint: "Use type=registry, type=local or type=inline",
    });
  }
  if (!kinds.includes(type)) throw new GantryError("bad-parameter", `${flag}: unknown type ${type} in ${text}`);
  const common = { max: fields.get("mode") === "max", ignoreError: fields.get("ignore-error") === "true" };
  if (type === "inline") {
    if (way === "from") throw new GantryError("bad-parameter", `${flag}: name the image: type=registry,ref=NAME`);
    return { kind: "inline", ...common };
  }
  const needed = (key: string) => {
    const value = fields.get(key);
    if (value) return value;
    throw new GantryError("bad-parameter", `${flag}: ${text} needs ${key}=`);
  };
  if (type === "registry") return { kind: "registry", reference: needed("ref"), ...common };
  const reference = fields.get("digest") ?? fields.get("tag");
  return {
    kind: "local",
    path: needed(way === "from" ? "src" : "dest"),
    ...common,
    ...(reference ? { reference } : {}),
  };
}

/** The same with its directory made absolute by `resolve`. */
export function withAbsolutePath(text: string, resolve: (path: string) => string): string {
  return text.replace(/(^|,)(src|dest)=([^,]*)/g, (_, before, key, path) => `${before}${key}=${resolve(path)}`);
}
