/** The short form of ids and digests. Pure; apart from `digest.ts`, so that listings load no cryptography. */

/** Twelve hex digits, as people see them; with or without `sha256:` before. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
