/** Where in a container something is mounted. Pure. */
import { posix } from "node:path";
import { GantryError } from "../../../base/errors.js";

/** Absolute, normalised, and not the root. Throws "bad-parameter". */
export function checkTarget(target: string): string {
  if (target === "") refuse("invalid mount config: field Target must not be empty");
  if (!target.startsWith("/")) {
    refuse(`invalid mount path: '${target}' mount path must be absolute`);
  }
  const normal = posix.normalize(target).replace(/(.)\/$/, "$1");
  if (normal === "/") refuse("invalid specification: destination can't be '/'");
  return normal;
}

/** Throws "bad-parameter". */
export function refuse(message: string): never {
  throw new GantryError("bad-parameter", message);
}
