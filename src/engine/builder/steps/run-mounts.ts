/**
 * `RUN --mount`: what each mount depends on, and what the container gets. Touches the world through the rooms.
 *
 * Secrets travel as injected files, which the engine keeps out of layers, records and `inspect`.
 */
import { randomUUID } from "node:crypto";
import { chmod, chown, cp, mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { Disposer } from "../../../base/disposal.js";
import { GantryError } from "../../../base/errors.js";
import { workingDirectory } from "../../../dockerfile/apply-metadata.js";
import type { RunMount } from "../../../dockerfile/run-mount.js";
import type { InjectedFile, MountRequest } from "../../../wire/container.js";
import type { Tell } from "../build-request.js";
import { keyOf } from "../perform-step.js";
import { remember } from "../rooms.js";
import { realPathIn } from "../trees/real-path.js";
import type { CacheMountUse } from "./cache-mounts.js";
import type { StepPlace } from "./step-place.js";

export interface OpenMounts extends AsyncDisposable {
  readonly binds: readonly string[];
  readonly mounts: readonly MountRequest[];
  readonly files: readonly InjectedFile[];
  readonly environment: readonly string[];
  /** Places that exist only because something is mounted there, deepest first, relative to the root. */
  readonly stubs: readonly string[];
}

type Of<K extends RunMount["kind"]> = Extract<RunMount, { kind: K }>;

interface Opening {
  readonly place: StepPlace;
  readonly disposer: Disposer;
  readonly mounts: MountRequest[];
  readonly files: InjectedFile[];
  readonly environment: string[];
  /** Directories that the step alone has, by their ids. */
  readonly turns: Map<string, CacheMountUse>;
}

/** What the step's result depends on. Throws "bad-parameter" for a secret or an agent that is required and missing. */
export async function plannedMounts(place: StepPlace, mounts: readonly RunMount[], tell: Tell): Promise<unknown[]> {
  return Promise.all(
    mounts.map(async (mount) => {
      if (mount.kind === "secret" || mount.kind === "ssh") requireGiven(place, mount);
      if (mount.kind !== "bind") return mount;
      const source = await place.session.source(mount.from, place.stage, tell);
      const { rooms } = place.session;
      const key = source.identity === undefined ? undefined : keyOf([source.identity, mount.source]);
      const known = key === undefined ? undefined : rooms.digests.get(key);
      if (known !== undefined) return { ...mount, digest: known.digest };
      const { root, ignore, keepOwners } = await source.open();
      const tree = { root, ignore, keepOwners, patterns: [mount.source || "."], exclude: [], parents: false };
      const found = await rooms.workers.hash([tree], []);
      if (key !== undefined) remember(rooms, key, found);
      return { ...mount, digest: found.digest };
    }),
  );
}

export async function openMounts(place: StepPlace, mounts: readonly RunMount[]): Promise<OpenMounts> {
  const disposer = new Disposer();
  const opening: Opening = { place, disposer, mounts: [], files: [], environment: [], turns: new Map() };
  try {
    await takeTurns(opening, mounts);
    for (const mount of mounts) await openMount(opening, mount);
  } catch (error) {
    await disposer[Symbol.asyncDispose]();
    throw error;
  }
  const targets = [...opening.mounts, ...opening.files].flatMap(({ Target }) => Target || []);
  const stubs = targets.flatMap(ancestorsOf).sort((a, b) => b.length - a.length);
  return {
    ...{ binds: [], mounts: opening.mounts, files: opening.files, environment: opening.environment },
    stubs: [...new Set(stubs)],
    [Symbol.asyncDispose]: () => disposer[Symbol.asyncDispose](),
  };
}

async function openMount(opening: Opening, mount: RunMount): Promise<void> {
  const target = workingDirectory(opening.place.config.WorkingDir, mount.target);
  switch (mount.kind) {
    case "tmpfs": {
      const size = mount.sizeBytes === undefined ? {} : { TmpfsOptions: { SizeBytes: mount.sizeBytes } };
      opening.mounts.push({ Type: "tmpfs", Target: target, ...size });
      return;
    }
    case "bind":
      return openBind(opening, mount, target);
    case "cache":
      return openCache(opening, mount, target);
    case "secret":
      return openSecret(opening, mount, target);
    case "ssh":
      return openAgent(opening, mount);
  }
}

async function openBind(opening: Opening, mount: Of<"bind">, target: string): Promise<void> {
  const { session, stage } = opening.place;
  const source = await session.source(mount.from, stage, () => {});
  const { root, ignore } = await source.open();
  const real = realPathIn(root, mount.source);
  if (real === undefined) throw new GantryError("path-not-found", `bind mount: "${mount.source}" not found`);
  const isWhole = mount.readOnly && ignore.length === 0;
  const path = isWhole ? real : await copyOf(opening, real, { root, ignore, source: mount.source });
  opening.mounts.push({ Type: "bind", Source: path, Target: target, ReadOnly: mount.readOnly });
}

/** What is written to a bind mount is lost, and what the ignore file names is not there: so it is a copy. */
async function copyOf(
  { place, disposer }: Opening,
  real: string,
  { root, ignore, source }: { root: string; ignore: readonly string[]; source: string },
): Promise<string> {
  const { scratch, workers } = place.session.rooms;
  const copy = await mkdtemp(join(scratch, "bind-"));
  disposer.defer(() => rm(copy, { recursive: true, force: true }));
  const isDirectory = (await stat(real)).isDirectory();
  const tree = { root, ignore, patterns: [source || "."], exclude: [], parents: false, keepOwners: true };
  const to = isDirectory ? "/tree" : "/file";
  await workers.copy({ root: copy, to, intoDirectory: false, trees: [tree], files: [] });
  return join(copy, to);
}

/** First of all, each once and in the order of their names: steps that want the same never wait in a ring. */
async function takeTurns(opening: Opening, mounts: readonly RunMount[]): Promise<void> {
  const locked = mounts.flatMap((mount) => (mount.kind === "cache" && mount.sharing === "locked" ? [mount.id] : []));
  for (const id of [...new Set(locked)].sort()) opening.turns.set(id, await takeCache(opening, id, "locked"));
}

async function takeCache(
  { place, disposer }: Opening,
  id: string,
  sharing: Of<"cache">["sharing"],
): Promise<CacheMountUse> {
  const { rooms, request, signal } = place.session;
  const namespace = request.args.get("BUILDKIT_CACHE_MOUNT_NS");
  const use = await rooms.cacheMounts.use(namespace ? `${namespace}/${id}` : id, sharing, signal);
  disposer.defer(() => use[Symbol.dispose]());
  return use;
}

async function openCache(opening: Opening, mount: Of<"cache">, target: string): Promise<void> {
  const { rooms } = opening.place.session;
  const use = opening.turns.get(mount.id) ?? (await takeCache(opening, mount.id, mount.sharing));
  const directory = join(rooms.cacheHome, use.name);
  await mkdir(rooms.cacheHome, { recursive: true, mode: 0o711 });
  if (!(await stat(directory).catch(() => undefined))) await fillCache(opening, mount, directory);
  opening.mounts.push({ Type: "bind", Source: directory, Target: target, ReadOnly: mount.readOnly });
}

/** Complete when it gets its name. */
async function fillCache({ place }: Opening, mount: Of<"cache">, directory: string): Promise<void> {
  const { session, stage } = place;
  const fresh = `${directory}.${randomUUID()}`;
  await mkdir(fresh, { mode: 0o700 });
  if (mount.from !== undefined) {
    const { root } = await (await session.source(mount.from, stage, () => {})).open();
    const real = realPathIn(root, mount.source);
    if (real !== undefined)
      await cp(real, fresh, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  }
  await chown(fresh, mount.uid, mount.gid);
  await chmod(fresh, mount.mode);
  await rename(fresh, directory).catch(() => rm(fresh, { recursive: true, force: true })); // another step was first
}

function openSecret({ place, files }: Opening, mount: Of<"secret" | "ssh">, target: string): void {
  const value = place.session.request.secrets.get(mount.id);
  if (value === undefined) return;
  const { uid: Uid, gid: Gid, mode: Mode, env } = mount;
  const Data = value.toString("base64");
  if (env !== undefined) files.push({ Target: "", Env: env, Data });
  if (mount.target !== "") files.push({ Target: target, Data, Uid, Gid, Mode });
}

function openAgent({ place, mounts, environment }: Opening, mount: Of<"secret" | "ssh">): void {
  const socket = place.session.request.ssh.get(mount.id);
  if (socket === undefined) return;
  const target = mount.target || `/run/buildkit/ssh_agent.${mounts.length}`;
  mounts.push({ Type: "bind", Source: socket, Target: target });
  environment.push(`SSH_AUTH_SOCK=${target}`);
}

function requireGiven({ session }: StepPlace, { kind, id, required }: Of<"secret" | "ssh">): void {
  const { secrets, ssh } = session.request;
  if (!required || (kind === "secret" ? secrets : ssh).has(id)) return;
  const hint = kind === "secret" ? `Give it: --secret id=${id},src=FILE` : `Give it: --ssh ${id}`;
  throw new GantryError("bad-parameter", `${kind === "secret" ? "secret" : "ssh agent"} ${id}: not found`, { hint });
}

function ancestorsOf(target: string): string[] {
  const parts = posix
    .join("/", target)
    .split("/")
    .filter((part) => part !== "");
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}
