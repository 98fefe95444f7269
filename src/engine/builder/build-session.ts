/**
 * One build under way: its Dockerfile, its contexts, its stages, and what they have mounted.
 *
 * Touches the world through the rooms. Stages start when somebody needs them, each once. Everything that a session has
 * opened goes with its disposal.
 */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { arch, availableParallelism } from "node:os";
import { Disposer } from "../../base/disposal.js";
import { GantryError, isGantryError } from "../../base/errors.js";
import type { Dockerfile } from "../../dockerfile/dockerfile.js";
import type { Variables } from "../../dockerfile/expand.js";
import { type Origin, originOf, type PlannedStage, type StageGraph } from "../../dockerfile/stage-graph.js";
import { matchPlatform, parsePlatform, platformOfMachine } from "../../oci/platform.js";
import { parseReference } from "../../oci/reference.js";
import type { ImageParts } from "../images/images.js";
import { limiter } from "../images/limiter.js";
import type { BuildRequest, NamedContext, Tell } from "./build-request.js";
import { openDirectory, openRemote } from "./context/open-context.js";
import { mustReach, type Reach } from "./context/reach.js";
import type { BuildRooms } from "./rooms.js";
import type { UsedStep } from "./transfer/cache-records.js";

/** A tree that steps take files from. `identity` is there for one that never changes. */
export interface OpenTree {
  readonly root: string;
  readonly ignore: readonly string[];
  readonly isLive: boolean;
  readonly keepOwners: boolean;
}

export interface TreeSource {
  readonly identity?: string;
  readonly open: () => Promise<OpenTree>;
}

export interface SessionInput {
  readonly rooms: BuildRooms;
  readonly request: BuildRequest;
  readonly dockerfile: Dockerfile;
  readonly graph: StageGraph;
  readonly globals: Variables;
  readonly context: { readonly root: string; readonly ignore: readonly string[]; readonly isLive: boolean };
  readonly signal: AbortSignal;
  /** Runs a stage; `session.ts` knows nothing of how. */
  readonly runStage: (session: BuildSession, stage: PlannedStage) => Promise<ImageParts>;
}

export class BuildSession implements AsyncDisposable {
  readonly id = randomUUID();
  /** The steps of each stage in their order, by the stage's number. */
  readonly usedSteps = new Map<number, UsedStep[]>();
  readonly rooms: BuildRooms;
  readonly request: BuildRequest;
  readonly dockerfile: Dockerfile;
  readonly graph: StageGraph;
  readonly globals: Variables;
  readonly signal: AbortSignal;
  /** The engine's, and less than that for a client that is offline. */
  readonly reach: Reach;
  /** `SOURCE_DATE_EPOCH`. */
  readonly epochSeconds: number | undefined;
  /** RUN steps at once: each may take a processor. */
  readonly limited = limiter(Math.max(2, availableParallelism()));
  readonly #input: SessionInput;
  readonly #disposer = new Disposer();
  readonly #stages = new Map<number, Promise<ImageParts>>();
  readonly #mounted = new Map<string, Promise<string>>();
  readonly #named = new Map<string, Promise<OpenTree>>();

  constructor(input: SessionInput) {
    this.#input = input;
    this.rooms = input.rooms;
    this.request = input.request;
    this.dockerfile = input.dockerfile;
    this.graph = input.graph;
    this.globals = input.globals;
    this.signal = input.signal;
    this.reach = reachFor(input.rooms, input.request);
    this.epochSeconds = epochOf(input.request.args.get("SOURCE_DATE_EPOCH"));
  }

  /** RFC 3339; the same one all along with an epoch. */
  now(): string {
    const { clock } = this.rooms;
    const time = this.epochSeconds === undefined ? clock.now() : new Date(this.epochSeconds * 1000);
    return time.toISOString().replace(/\.000Z$/, "Z");
  }

  /** What a stage ends in. */
  stage(index: number): Promise<ImageParts> {
    const known = this.#stages.get(index);
    if (known) return known;
    const stage = this.dockerfile.stages[index];
    const planned = this.graph.needed.find((one) => one.index === index) ?? (stage && this.#unplanned(stage.index));
    if (!planned) throw new GantryError("bad-parameter", `There is no stage ${index}`);
    const running = this.#input.runStage(this, planned);
    running.catch(() => {}); // whoever waits for it is told
    this.#stages.set(index, running);
    return running;
  }

  /** A trigger of a base image may name a stage that nothing else needs. */
  #unplanned(index: number): PlannedStage {
    throw new GantryError(
      "not-supported",
      `A trigger of the base image needs stage ${index}, which the target does not`,
    );
  }

  /** The parts of an image, pulled where it is missing, of another platform, or asked for anew. */
  async image(name: string, platform: string | undefined, tell: Tell): Promise<ImageParts> {
    const { images } = this.rooms;
    const wanted = platform ?? this.request.platform;
    const isAsked = this.request.pull && !this.reach.isOffline;
    const here = isAsked ? undefined : this.#localImage(name, wanted);
    if (here) return images.forBuilds.takeApart(here);
    mustReach(this.reach, name);
    const auth = this.request.authFor(parseReference(name).domain);
    const pulled = await images.pull(name, {
      signal: this.signal,
      onProgress: (message) => tell({ kind: "pull", message }),
      ...(wanted ? { platform: wanted } : {}),
      ...(auth ? { auth } : {}),
    });
    return images.forBuilds.takeApart(pulled.id);
  }

  #localImage(name: string, platform: string | undefined): string | undefined {
    try {
      const image = this.rooms.images.resolve(name);
      const machine = platformOfMachine(arch());
      const fits = platform === undefined || matchPlatform(parsePlatform(platform, machine), image) !== undefined;
      return fits ? image.id : undefined;
    } catch (error) {
      if (isGantryError(error, "image-not-found")) return undefined;
      throw error;
    }
  }

  /** What `--from` and `from=` name, for a stage; undefined is the build's own context. */
  async source(from: string | undefined, stage: number, tell: Tell): Promise<TreeSource> {
    if (from === undefined) {
      const { context } = this.#input;
      return { open: async () => ({ ...context, keepOwners: false }) };
    }
    const before = this.dockerfile.stages.slice(0, stage);
    const named = new Set(this.request.contexts.keys());
    return this.#treeOf(originOf(from, { before, named, numbers: true }), tell);
  }

  async #treeOf(origin: Origin, tell: Tell): Promise<TreeSource> {
    switch (origin.kind) {
      case "scratch":
        return this.#layered({ layers: [] });
      case "stage":
        return this.#layered(await this.stage(origin.index));
      case "image":
        return this.#layered(await this.image(origin.image, undefined, tell));
      case "named": {
        const context = this.request.contexts.get(origin.name);
        if (context?.kind === "image") return this.#layered(await this.image(context.name, undefined, tell));
        if (context?.kind === "layout") return this.#layered(await this.#layout(context));
        return { open: () => this.#openNamed(origin.name) };
      }
    }
  }

  /** The base that a named context is for FROM; undefined for a directory, whose content is all of it. */
  async namedBase(name: string, platform: string | undefined, tell: Tell): Promise<ImageParts | undefined> {
    const context = this.request.contexts.get(name);
    if (context?.kind === "image") return this.image(context.name, platform, tell);
    if (context?.kind === "layout") return this.#layout(context);
    return undefined;
  }

  /** An image of an OCI layout on this host, loaded without a name. */
  async #layout(layout: Extract<NamedContext, { kind: "layout" }>): Promise<ImageParts> {
    const { forBuilds } = this.rooms.images;
    return forBuilds.takeApart(await forBuilds.loadLayout(layout, this.signal));
  }

  #layered({ layers }: Pick<ImageParts, "layers">): TreeSource {
    const chainIds = layers.map(({ chainId }) => chainId);
    const identity = chainIds.at(-1) ?? "scratch";
    const open = async () => {
      const root = await (this.#mounted.get(identity) ?? this.#mount(identity, chainIds));
      return { root, ignore: [], isLive: false, keepOwners: true };
    };
    return { identity, open };
  }

  #mount(identity: string, chainIds: readonly string[]): Promise<string> {
    const mounting = this.rooms.snapshots.mount(chainIds).then((tree) => {
      this.#disposer.defer(() => tree[Symbol.asyncDispose]());
      return tree.path;
    });
    this.#mounted.set(identity, mounting);
    return mounting;
  }

  #openNamed(name: string): Promise<OpenTree> {
    const known = this.#named.get(name);
    if (known) return known;
    const opening = this.#openContext(name);
    this.#named.set(name, opening);
    return opening;
  }

  async #openContext(name: string): Promise<OpenTree> {
    const context = this.request.contexts.get(name);
    if (context?.kind !== "directory" && context?.kind !== "remote") throw new Error(`No directory: ${name}`);
    const opened =
      context.kind === "directory"
        ? await openDirectory(context.path, "Dockerfile")
        : await openRemote(context.url, "Dockerfile", { ...this, scratch: this.rooms.scratch });
    this.#disposer.defer(() => opened[Symbol.asyncDispose]());
    return { ...opened, keepOwners: false };
  }

  /** A directory that goes with the build. */
  owned(directory: string): string {
    this.#disposer.defer(() => rm(directory, { recursive: true, force: true }));
    return directory;
  }

  /** What the build has opened stays open until this work has ended. */
  outlive(work: Promise<unknown>): void {
    this.#disposer.defer(() => work.catch(() => {})); // whoever waits for it is told
  }

  /** Waits for every stage that has begun, so that nothing is taken away from under it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#stages.values(), ...this.#mounted.values(), ...this.#named.values()]);
    await this.#disposer[Symbol.asyncDispose]();
  }
}

/** What this build may reach. */
export function reachFor({ reach }: Pick<BuildRooms, "reach">, { isOffline }: Pick<BuildRequest, "isOffline">): Reach {
  return { ...reach, isOffline: reach.isOffline || isOffline };
}

function epochOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,11}$/.test(text)) return Number(text);
  throw new GantryError("bad-parameter", `invalid SOURCE_DATE_EPOCH: ${text}: whole seconds since 1970 are expected`);
}
