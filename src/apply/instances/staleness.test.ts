import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ObservedInstance } from "../../plan/instances/observed-instances.js";
import { staleReason } from "./staleness.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-worktree-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each(["relative", "absolute"])("finds the worktree that git knows by a path that is %s", (form) => {
  const gitDir = join(folder, "main/.git/worktrees/feature");
  const worktree = join(folder, "feature");
  mkdirSync(gitDir, { recursive: true });
  mkdirSync(worktree);
  writeFileSync(join(gitDir, "gitdir"), `${form === "relative" ? "../../../../feature" : worktree}/.git\n`);
  const instance = { directory: worktree, origin: { kind: "worktree", gitDir } } as unknown as ObservedInstance;
  expect(staleReason(instance)).toBeUndefined();
  rmSync(worktree, { recursive: true });
  expect(staleReason(instance)).toBe("its worktree was removed");
});
