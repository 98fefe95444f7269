/** What builds of a project read now, and what its images were built from: where and when commands look for it. */
import { resolve } from "node:path";
import type { ApplyOptions } from "../../../../apply/apply-plan.js";
import type { BoundBuilds } from "../../../../apply/rebuild/build-memory.js";
import type { CliContext } from "../../../context.js";
import { stateDirectory } from "../history/state-directory.js";

export interface BuildLookPlace {
  readonly nowMs: number;
  readonly directory: string;
}

export function buildLook(context: CliContext): BuildLookPlace {
  return { nowMs: context.clock.now().getTime(), directory: stateDirectory(context) };
}

/** For a plan that stands, or will stand, in the file: bound to all that builds read, but not to itself. */
export function boundBuilds(context: CliContext, planFile: string) {
  return { ...buildLook(context), all: true, without: [resolve(context.cwd, planFile)] };
}

/**
 * Keeps what each image is built from, so that a later plan can tell that something else would be built. With `bound`
 * nothing else than that is built.
 */
export function buildMemory(
  context: CliContext,
  bound?: BoundBuilds,
): NonNullable<NonNullable<ApplyOptions["builds"]>["remember"]> {
  return async (build, client) => {
    const { rememberBuild } = await import("../../../../apply/rebuild/build-memory.js");
    const inspect = (name: string) => client.images.inspect(name).catch(() => undefined); // not here
    const look = { ...buildLook(context), signal: context.signal, ...(bound ? { bound } : {}) };
    return rememberBuild(build, look, async (name) => (await inspect(name))?.Id);
  };
}
