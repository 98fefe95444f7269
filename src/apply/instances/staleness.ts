/** Whether what a copy of a project was made for is still on this host. Only reads. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { hasBranch } from "../../compose/load/instance/git-checkout.js";
import type { ObservedInstance } from "../../plan/instances/observed-instances.js";

/** Why nobody will come back for it, as a clause; undefined while somebody may. */
export function staleReason({ directory, origin }: ObservedInstance): string | undefined {
  if (origin?.kind === "worktree") return isWorktree(origin.gitDir) ? undefined : "its worktree was removed";
  if (!existsSync(directory)) return "its folder is gone";
  if (origin?.kind === "branch" && !hasBranch(origin.gitDir, origin.branch)) return "its branch is gone";
  return undefined;
}

/** A worktree may have moved: git knows where to, from its own directory on where it keeps relative paths. */
function isWorktree(gitDir: string): boolean {
  try {
    const dotGit = readFileSync(join(gitDir, "gitdir"), "utf8").trim();
    return existsSync(dirname(resolve(gitDir, dotGit)));
  } catch {
    return false;
  }
}
