/** Whose fault it is when the kernel does not make what an archive's entry asks for. Does not touch the world. */
import { GantryError, systemCodeOf } from "../../../base/errors.js";
import { refused } from "./tar-header.js";

/** Names, links, numbers and attributes that no file system takes; anything else is this machine's failure. */
const entryCodes = new Set([
  ...["EINVAL", "ENAMETOOLONG", "ELOOP", "EEXIST", "ENOENT", "ENOTDIR", "EISDIR", "EMLINK", "EPERM", "ENXIO"],
  ...["ERANGE", "E2BIG", "EOVERFLOW", "ERR_INVALID_ARG_VALUE", "ERR_OUT_OF_RANGE"],
]);

/** Of Node's errors and of those that `kernel/` throws. */
export function errnoOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? systemCodeOf(error.cause) : undefined;
  return cause ?? systemCodeOf(error);
}

/** "import-failed" naming the entry where that is to blame; else the error as it is. */
export function refusedByKernel(error: unknown, name: string): unknown {
  const code = errnoOf(error);
  if (code === undefined || !entryCodes.has(code)) return error;
  if (error instanceof GantryError && error.code !== "syscall-failed") return error;
  return refused(`an entry cannot be made (${code})`, name);
}
