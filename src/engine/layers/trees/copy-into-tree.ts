/** Copies part of one tree into another, both of them hostile: links lead neither reading nor writing out of them. */

import type { TreeView } from "./tree-job.js";
import { extractIntoTree, packFromTree } from "./tree-jobs.js";

/** What is in the directory `from.path` of the tree `from.root` goes into the directory `to`, owners and modes kept. */
export async function copyIntoTree(from: { root: string; path: string }, to: string): Promise<void> {
  const { signal } = new AbortController();
  const view = (root: string): TreeView => ({ kind: "rootfs", root, readOnly: false, mounts: [] });
  const { chunks } = await packFromTree(view(from.root), `${from.path}/.`, signal);
  await extractIntoTree(view(to), { path: "/", keepKinds: false }, { tar: chunks, signal });
}
