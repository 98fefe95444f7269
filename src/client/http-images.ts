/** The image calls of the Engine API. */
import type { ErrorCode } from "../base/errors.js";
import type { ProgressMessage } from "../wire/image.js";
import type { EngineClient } from "./engine-client.js";
import { filterQuery } from "./filter-query.js";
import { streamError } from "./reply-errors.js";
import { type Request, segment, type Transport } from "./transport.js";

/** Calls on images. */
export function imageCalls(transport: Transport): EngineClient["images"] {
  return {
    list: ({ all, filters }, call) =>
      transport.json({ method: "GET", path: "/images/json", query: { all, ...filterQuery(filters) }, ...call }),
    inspect: (name, { platform, ...call } = {}) => {
      const query = { platform: platformJson(platform) };
      return transport.json({ method: "GET", path: `/images/${segment(name)}/json`, query, ...call });
    },
    pull: (name, options, call) => {
      const headers: Record<string, string> = options?.auth ? { "X-Registry-Auth": options.auth } : {};
      const named = options?.allTags ? { fromImage: name } : splitTag(name);
      const query = { ...named, platform: options?.platform };
      return progress(
        transport,
        { method: "POST", path: "/images/create", query, headers, ...call },
        "registry-failed",
      );
    },
    importRootfs: (stream, { reference, changes, message, platform }, call) => {
      const named = reference ? splitTag(reference) : undefined;
      const query = { fromSrc: "-", repo: named?.fromImage, tag: named?.tag, changes, message, platform };
      return progress(transport, { method: "POST", path: "/images/create", query, stream, ...call }, "import-failed");
    },
    tag: async (name, reference, call) => {
      const { fromImage, tag } = splitTag(reference);
      const query = { repo: fromImage, tag };
      await transport.done({ method: "POST", path: `/images/${segment(name)}/tag`, query, ...call });
    },
    remoteDigest: async (name, { auth, ...call } = {}) => {
      const path = `/distribution/${segment(name)}/json`;
      const { Descriptor } = await transport.json<{ Descriptor: { digest: string } }>({
        ...{ method: "GET", path, ...(auth ? { headers: { "X-Registry-Auth": auth } } : {}), ...call },
      });
      return Descriptor.digest;
    },
    remove: (name, options, call) => {
      const query = {
        ...{ force: options?.force, noprune: options?.noprune },
        platforms: platformJson(options?.platform),
      };
      return transport.json({ method: "DELETE", path: `/images/${segment(name)}`, query, ...call });
    },
  };
}

/**
 * A name as the API takes it: repository, and tag or digest. No tag means `latest`: without one an engine would pull
 * every tag.
 */
export function splitTag(name: string): { fromImage: string; tag: string } {
  const at = name.indexOf("@");
  if (at >= 0) return { fromImage: name.slice(0, at).replace(/:[^/:]*$/, ""), tag: name.slice(at + 1) };
  const colon = name.lastIndexOf(":");
  if (colon <= name.lastIndexOf("/")) return { fromImage: name, tag: "latest" };
  return { fromImage: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/** Newer routes take a platform as JSON. Undefined stays so. */
export function platformJson(platform: string | undefined): string | undefined {
  if (platform === undefined) return undefined;
  const [os, architecture, variant] = platform.split("/");
  return JSON.stringify({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

/** Messages until the transfer has ended; a failure in the stream is thrown. */
export async function* progress(transport: Transport, request: Request, fallback: ErrorCode) {
  for await (const message of transport.lines<ProgressMessage>(request)) {
    if (message.error || message.errorDetail) throw streamError({ ...message }, fallback);
    yield message;
  }
}
