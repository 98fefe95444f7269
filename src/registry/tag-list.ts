/**
 * A registry's answer about the tags of a repository. Does not touch the world.
 *
 * @see OCI distribution specification, "Listing Tags"
 */
import { GantryError } from "../base/errors.js";
import { isRecord } from "../base/json.js";
import { isTag } from "../oci/reference.js";

/** The tags of one page; what can be no tag is left out. Throws "registry-failed" for what is no such answer. */
export function parseTagPage(text: string): string[] {
  const page = parsed(text);
  const tags = isRecord(page) ? (page.tags ?? []) : undefined;
  if (!Array.isArray(tags)) throw new GantryError("registry-failed", "The registry's list of tags cannot be read");
  return tags.filter((tag): tag is string => typeof tag === "string" && isTag(tag));
}

/** The query of the page after this one, from its Link header (RFC 8288); of the address nothing else is followed. */
export function nextPage(link: string | undefined): string | undefined {
  const address = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(link ?? "")?.[1];
  const query = address?.split("?")[1]?.split("#")[0];
  return query && /^[\x21-\x7e]+$/.test(query) ? query : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
