/** COPY and ADD: what they take, its digest, and the layer that it makes. Touches the world through the rooms. */
import { GantryError } from "../../../base/errors.js";
import { workingDirectory } from "../../../dockerfile/apply-metadata.js";
import type { Instruction } from "../../../dockerfile/dockerfile.js";
import { readTextInRoot } from "../../kernel/open-in-root.js";
import { resolveUser } from "../../runtime/spec/users.js";
import type { Tell } from "../build-request.js";
import type { BuildSession, TreeSource } from "../build-session.js";
import { keyOf, type PlannedStep } from "../perform-step.js";
import { remember } from "../rooms.js";
import type { CopyJob, HashResult, InlineFile, SourceTree } from "../trees/build-job.js";
import { fetchSources } from "./add-sources.js";
import type { StepPlace } from "./step-place.js";

export type CopyInstruction = Extract<Instruction, { kind: "copy" | "add" }>;

interface Sources {
  readonly digest: string;
  readonly open: () => Promise<SourceTree[]>;
  readonly isLive: boolean;
  readonly description: string;
}

const usersLimitBytes = 1024 * 1024;

/** `step` has its variables replaced. Throws "path-not-found", "bad-parameter". */
export async function planCopy(place: StepPlace, step: CopyInstruction, tell: Tell): Promise<PlannedStep> {
  const { session, config, layers } = place;
  const files = step.heredocs.map(({ name, content }): InlineFile => ({ name, content }));
  const sources = await findSources(place, step, { files, tell });
  const intoDirectory = /\/$|^\.{1,2}$|\/\.{1,2}$/.test(step.to);
  const to = workingDirectory(config.WorkingDir, step.to);
  const chainIds = step.link ? [] : layers.map(({ chainId }) => chainId);
  const { chown = "", chmod } = step;
  const inputs = {
    ...{ kind: "copy", chain: chainIds.at(-1) ?? "", digest: sources.digest, to, intoDirectory },
    ...{ chown, chmod: chmod ?? "", parents: step.parents, epoch: session.epochSeconds ?? null },
  };
  const epoch = session.epochSeconds === undefined ? {} : { epochSeconds: session.epochSeconds };
  const name = step.kind.toUpperCase();
  const description = `${name} ${chown ? `--chown=${chown}` : ""}${sources.description} in ${step.to} `;
  return {
    inputs,
    description,
    make: () =>
      session.rooms.snapshots.change(
        chainIds,
        async (root) => {
          const job: Omit<CopyJob, "kind"> = {
            ...{ root, to, intoDirectory, files, ...epoch },
            trees: await sources.open(),
            ...(chown ? { owner: ownerOf(step, root) } : {}),
            ...(chmod === undefined ? {} : { chmod }),
            ...(sources.isLive ? { expected: sources.digest } : {}),
          };
          await session.rooms.workers.copy(job);
        },
        epoch,
      ),
  };
}

async function findSources(
  place: StepPlace,
  step: CopyInstruction,
  { files, tell }: { files: readonly InlineFile[]; tell: Tell },
): Promise<Sources> {
  const { session } = place;
  if (step.kind === "add") {
    const { trees, isLive } = await fetchSources(place, step, tell);
    const { digest, kind } = await session.rooms.workers.hash(trees, files);
    const isArchive = trees.length === 1 && trees[0]?.keepOwners === true;
    return { digest, open: async () => trees, isLive, description: `${isArchive ? "file" : kind}:${digest}` };
  }
  const source = await session.source(step.from, place.stage, tell);
  const open = async () => {
    if (step.sources.length === 0) return [];
    const tree = await source.open();
    const { root, ignore, keepOwners } = tree;
    return [{ root, ignore, keepOwners, patterns: step.sources, exclude: step.exclude, parents: step.parents }];
  };
  const { digest, kind } = await digestOf(place.session, source, { step, files, open });
  const isLive = source.identity === undefined && step.sources.length > 0 && (await source.open()).isLive;
  return { digest, open, isLive, description: `${kind}:${digest}` };
}

/** What was taken out of layers once has the same digest for ever. */
async function digestOf(
  { rooms }: BuildSession,
  { identity }: TreeSource,
  what: { step: CopyInstruction; files: readonly InlineFile[]; open: () => Promise<SourceTree[]> },
): Promise<HashResult> {
  const { sources, exclude, parents } = what.step;
  const key = identity === undefined ? undefined : keyOf({ identity, sources, exclude, parents, files: what.files });
  const known = key === undefined ? undefined : rooms.digests.get(key);
  if (known !== undefined) return known;
  const found = await rooms.workers.hash(await what.open(), what.files);
  if (key !== undefined) remember(rooms, key, found);
  return found;
}

/** Numbers stand for themselves, a lone one for the group too; names are looked up in the tree. */
function ownerOf({ chown = "", link }: CopyInstruction, root: string): { uid: number; gid: number } {
  const [user = "", group] = chown.split(":", 2);
  const passwd = readTextInRoot(root, "/etc/passwd", usersLimitBytes) ?? "";
  const groups = readTextInRoot(root, "/etc/group", usersLimitBytes) ?? "";
  const wanted = group === undefined && /^\d+$/.test(user) ? `${user}:${user}` : chown;
  try {
    const { uid, gid } = resolveUser(wanted, [], { passwd, group: groups });
    return { uid, gid };
  } catch (cause) {
    throw new GantryError("bad-parameter", `unable to convert --chown=${chown} to a user and a group of the image`, {
      cause,
      // A layer of its own stands on nothing, so that no base has to be there for it.
      ...(link ? { hint: "With --link nothing of the image is looked at: give the owner by numbers" } : {}),
    });
  }
}
