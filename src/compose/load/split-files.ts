/**
 * Splits what `COMPOSE_FILE` says where its separator is one, and not part of an address. Pure.
 *
 * The colon separates files and stands inside of addresses too: behind the scheme and the user, before a port, a path
 * of `git@host:path`, a tag or a digest of an artifact, the folder behind a branch. There the next piece goes with it.
 */

/** Empty items are left out. The separator `:` leaves addresses whole, any other one is taken as it is. */
export function splitFiles(text: string | undefined, separator = ":"): string[] {
  if (separator !== "" && separator !== ":") return (text ?? "").split(separator).filter((piece) => piece !== "");
  const files: string[] = [];
  let open: string | undefined;
  for (const piece of (text ?? "").split(/:(?!\/\/)/)) {
    if (open !== undefined && continues(open, piece)) open = `${open}:${piece}`;
    else {
      if (open) files.push(open);
      open = piece;
    }
  }
  return open ? [...files, open] : files;
}

function continues(before: string, next: string): boolean {
  if (next === "") return false;
  if (/^[\w.-]+@[\w.-]+$/.test(before)) return true;
  const [, scheme, rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/.exec(before) ?? [];
  if (scheme === undefined && !/^([\w.-]+@[\w.-]+:|github\.com\/)/.test(before)) return false;
  const isHost = scheme !== undefined && !rest.includes("/");
  if (isHost) return /^\d+(\/|$)/.test(next) || /^[^/]*@/.test(next);
  if (scheme === "oci" && rest.endsWith("@sha256")) return /^[0-9a-f]{64}$/.test(next);
  if (/\.ya?ml$/.test(next) || next.startsWith("/")) return false; // the next file
  if (scheme === "oci")
    return !/[:@]/.test(rest.slice(rest.lastIndexOf("/"))) && /^[\w][\w.-]{0,127}(@sha256)?$/.test(next);
  return /#[^:]*$/.test(before);
}
