/** Which project a command on histories is about: files that are wrong must not stand in the way of going back. */
import type { CliContext } from "../../../context.js";
import { loadProjectOrName, requestOf } from "../load.js";

/** Undefined when there is neither a name nor a file: the problems were printed. */
export async function projectNameOf(context: CliContext): Promise<string | undefined> {
  const { file = [], projectName, instance } = context.globals;
  if (file.length > 0 || projectName === undefined || instance) {
    const { nameOfProject } = await import("../../../../compose/load/load-project.js");
    const name = await nameOfProject(requestOf(context));
    if (name !== undefined) return name;
  }
  return (await loadProjectOrName(context))?.name;
}
