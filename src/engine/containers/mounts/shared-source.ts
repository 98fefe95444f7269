/**
 * Whether a bind's source can have the propagation that is asked for. Reads the kernel's list of mounts.
 *
 * What a container mounts below a shared bind reaches the host, and what the host mounts reaches a slave: both need a
 * source whose own mount takes part.
 */
import { readFile, realpath } from "node:fs/promises";
import { GantryError } from "../../../base/errors.js";
import { holdingMount } from "../../layers/overlay.js";

/** Throws "bad-parameter" with Docker's text. */
export async function checkPropagation(source: string, propagation: string): Promise<void> {
  const wanted = /^r?(shared|slave)$/.exec(propagation)?.[1];
  if (!wanted) return;
  const { at, isShared, isSlave } = holdingMount(
    await realpath(source),
    await readFile("/proc/self/mountinfo", "utf8"),
  );
  if (isShared || (wanted === "slave" && isSlave)) return;
  const need = wanted === "shared" ? "a shared" : "a shared or slave";
  throw new GantryError("bad-parameter", `path ${source} is mounted on ${at} but it is not ${need} mount`);
}
