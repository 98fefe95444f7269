/**
 * Builds images of Dockerfiles.
 *
 * Touches the world through the rooms below. Life of a build: its context is there and its Dockerfile read → every
 * problem of the Dockerfile is told before anything runs → stages run side by side, their steps from the cache where
 * they can be → the image is put together and gets its names. Whatever happens, containers, mounts and contexts of the
 * build are gone at its end, and what a crash leaves of them at the next `open`; layers that were made stay cached.
 */
import { mkdir, rm } from "node:fs/promises";
import { arch } from "node:os";
import { join } from "node:path";
import { GantryError } from "../../base/errors.js";
import { globalScope, unusedArgs } from "../../dockerfile/build-args.js";
import { checkIgnoredSources } from "../../dockerfile/checks/check-context.js";
import type { Dockerfile } from "../../dockerfile/dockerfile.js";
import { diagnosticOf, parseDockerfile } from "../../dockerfile/parse-dockerfile.js";
import { planStages, type StageGraph } from "../../dockerfile/stage-graph.js";
import { type Platform, parsePlatform, platformOfMachine } from "../../oci/platform.js";
import { familiarReference, parseReference, withDefaultTag } from "../../oci/reference.js";
import { shortId } from "../../oci/short-id.js";
import type { BuildEvent } from "../../wire/build.js";
import type { ImageParts, StoredImage } from "../images/images.js";
import { SingleFlight } from "../images/single-flight.js";
import { sweepBuildContainers } from "./build-containers.js";
import { BuildOutput } from "./build-output.js";
import type { BuildRequest, Tell } from "./build-request.js";
import { BuildSession, reachFor } from "./build-session.js";
import { type CachePrune, type CacheUsage, cacheUsage, limitCache, pruneCache } from "./cache-upkeep.js";
import { type OpenContext, openArchive, openDirectory, openRemote, readDockerfile } from "./context/open-context.js";
import type { Reach } from "./context/reach.js";
import type { BuilderOptions, BuildRooms } from "./rooms.js";
import { Snapshots } from "./snapshots.js";
import { StageBuilder } from "./stage-builder.js";
import { StepCache } from "./step-cache.js";
import { CacheMounts } from "./steps/cache-mounts.js";
import { exportCaches, importCaches, type LeftSteps, withInlineSteps } from "./transfer/cache-transfer.js";
import { BuildWorkers } from "./trees/build-workers.js";

export interface BuildResult {
  /** Undefined when the Dockerfile was only checked. */
  readonly image: StoredImage | undefined;
}

export class Builder {
  readonly #rooms: BuildRooms;

  private constructor(rooms: BuildRooms) {
    this.#rooms = rooms;
  }

  /** Removes what a crash left of earlier builds. Containers must have been restored before. */
  static async open(options: BuilderOptions): Promise<Builder> {
    const home = join(options.stateRoot, "build");
    const scratch = join(home, "scratch");
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    const workers = new BuildWorkers();
    const cache = await StepCache.open(join(home, "steps"), options.clock);
    const snapshots = new Snapshots({ ...options, workers });
    options.images.forBuilds.alsoKeep(() => {
      const layers = cache.all().flatMap(({ layer }) => layer ?? []);
      return {
        digests: new Set(layers.map(({ digest }) => digest)),
        chainIds: new Set(layers.map(({ chainId }) => chainId)),
      };
    });
    await sweepBuildContainers(options.containers);
    await snapshots.sweep();
    return new Builder({
      ...options,
      ...{ workers, cache, snapshots, scratch },
      cacheMounts: new CacheMounts(),
      cacheHome: join(home, "mounts"),
      flights: new SingleFlight(({ number }) => String(number)),
      digests: new Map(),
    });
  }

  /**
   * Resolves when the image has its names. A client that leaves stops it by `signal`.
   *
   * @throws {BuildError} for a step that failed; {GantryError} "bad-parameter" with every problem of the Dockerfile
   */
  build(request: BuildRequest, tell: Tell, signal: AbortSignal): Promise<BuildResult> {
    for (const tag of request.tags) parseReference(tag); // refused before anything is done
    return this.#rooms.images.forBuilds
      .holding(async () => {
        for (const text of request.warnings) tell({ kind: "text", text: `[Warning] ${text}\n` });
        const { scratch } = this.#rooms;
        await using context = await openContext(request, { scratch, signal, reach: reachFor(this.#rooms, request) });
        const dockerfile = readAndCheck(request, context, tell);
        const graph = plan(request, dockerfile);
        if (request.checkOnly) return { image: undefined };
        await importCaches(this.#rooms, { request, tell, signal });
        const image = await this.#run(request, { context, dockerfile, ...graph }, { tell, signal });
        return { image };
      })
      .finally(() => limitCache(this.#rooms));
  }

  usage(): Promise<CacheUsage[]> {
    return cacheUsage(this.#rooms);
  }

  prune(options: CachePrune): Promise<{ deleted: string[]; reclaimedBytes: number }> {
    return pruneCache(this.#rooms, options);
  }

  async close(): Promise<void> {
    await this.#rooms.workers.close();
    await this.#rooms.cache.close();
  }

  async #run(
    request: BuildRequest,
    parts: { context: OpenContext; dockerfile: Dockerfile; graph: StageGraph; globals: Map<string, string> },
    { tell, signal }: { tell: Tell; signal: AbortSignal },
  ): Promise<StoredImage> {
    const failed = new AbortController();
    const output = new BuildOutput(tell, request);
    const runs = numberSteps(request, parts.graph, output);
    if (request.tellsSteps) tell({ kind: "step", event: plannedEvent(parts.graph, runs) });
    await using session = new BuildSession({
      ...parts,
      rooms: this.#rooms,
      request,
      signal: AbortSignal.any([signal, failed.signal]),
      runStage: async (of, stage) => {
        const run = runs.get(stage.index);
        if (!run) throw new Error(`Stage ${stage.index} was not planned`);
        const made = await new StageBuilder(of, stage, run).build();
        run.output.end();
        return made;
      },
    });
    try {
      const made = await everyStage(session, parts.graph);
      signal.throwIfAborted();
      const left = leftSteps(session, parts.graph, made);
      const whole = withInlineSteps(left, request.cacheTo);
      const image = await this.#finish(request, parts.dockerfile, { made: whole, tell });
      await exportCaches(this.#rooms, left, { request, tell, signal });
      return image;
    } catch (error) {
      failed.abort(error);
      output.flush();
      throw error;
    }
  }

  async #finish(
    request: BuildRequest,
    dockerfile: Dockerfile,
    { made, tell }: { made: ImageParts; tell: Tell },
  ): Promise<StoredImage> {
    const say = (text: string) => tell({ kind: "text", text });
    const unused = unusedArgs(dockerfile, request.args);
    if (unused.length > 0) say(`[Warning] One or more build-args [${unused.join(" ")}] were not consumed\n`);
    const image = await this.#name(made, request.tags);
    say(`Successfully built ${shortId(image.id)}\n`);
    for (const tag of request.tags) {
      say(`Successfully tagged ${familiarReference(withDefaultTag(parseReference(tag)))}\n`);
    }
    return image;
  }

  /** Another build may have made the same image, and somebody may remove that one before it has its names here. */
  async #name(made: ImageParts, tags: readonly string[], attempts = 5): Promise<StoredImage> {
    const { images } = this.#rooms;
    try {
      const image = images.resolve(await images.forBuilds.putTogether(made));
      for (const tag of tags) await images.tag(image.id, tag);
      return image;
    } catch (error) {
      const isGone = error instanceof GantryError && error.code === "image-not-found";
      if (attempts === 1 || !isGone) throw error;
      return this.#name(made, tags, attempts - 1);
    }
  }
}

function openContext(
  { context, dockerfile, args }: BuildRequest,
  options: { scratch: string; signal: AbortSignal; reach: Reach },
): Promise<OpenContext> {
  switch (context.kind) {
    case "archive":
      return openArchive(context.body, dockerfile, options);
    case "directory":
      return openDirectory(context.path, dockerfile);
    case "remote":
      return openRemote(context.url, dockerfile, { ...options, keepGitDir: keepsGitDir(args) });
  }
}

function keepsGitDir(args: ReadonlyMap<string, string>): boolean {
  return ["1", "true"].includes(args.get("BUILDKIT_CONTEXT_KEEP_GIT_DIR") ?? "");
}

/** Warnings are told; errors are thrown, all of them in one. */
function readAndCheck(request: BuildRequest, context: OpenContext, tell: Tell): Dockerfile {
  const text = request.dockerfileText ?? readDockerfile(context, request.dockerfile);
  const { dockerfile: file, args } = request;
  const dockerfile = parseDockerfile(text, file, args.get("BUILDKIT_DOCKERFILE_CHECK"));
  const ignored = checkIgnoredSources(dockerfile, context.ignore).map((one) => {
    return diagnosticOf(one, dockerfile.checks, file);
  });
  const shown = [...dockerfile.problems, ...ignored].map(({ severity, source, message, hint }) => ({
    severity,
    source,
    text: `${source?.file}:${source?.line}:${source?.column}: ${message}${hint ? ` (${hint})` : ""}`,
  }));
  for (const { severity, text: line } of shown) {
    if (severity === "warning") tell({ kind: "text", text: `[Warning] ${line}\n` });
  }
  const errors = shown.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (!first) return dockerfile;
  const message = `dockerfile parse error: ${errors.map((error) => error.text).join("\n")}`;
  throw new GantryError("bad-parameter", message, first.source ? { source: first.source } : {});
}

function plan(request: BuildRequest, dockerfile: Dockerfile): { graph: StageGraph; globals: Map<string, string> } {
  const machine = platformOfMachine(arch());
  const target = request.platform === undefined ? machine : parsePlatform(request.platform, machine);
  const platforms = { build: nameOf(machine), target: nameOf(target), targetStage: request.target ?? "default" };
  const globals = globalScope(dockerfile, request.args, platforms);
  const graph = planStages({
    ...{ dockerfile, globals },
    named: new Set(request.contexts.keys()),
    file: request.dockerfile,
    ...(request.target === undefined ? {} : { target: request.target }),
  });
  return { graph, globals };
}

function nameOf({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join("/");
}

function numberSteps(request: BuildRequest, { needed, target }: StageGraph, output: BuildOutput) {
  const labelCount = Object.keys(request.labels).length;
  const counts = needed.map((stage) => stage.steps.length + 1 + (stage === target ? labelCount : 0));
  const totalSteps = counts.reduce((sum, count) => sum + count, 0);
  let firstStep = 1;
  return new Map(
    needed.map((stage, at) => {
      const labels = stage === target ? request.labels : {};
      const run = { output: output.stage(stage.index), firstStep, totalSteps, labels };
      firstStep += counts[at] ?? 0;
      return [stage.index, run] as const;
    }),
  );
}

function plannedEvent({ needed }: StageGraph, runs: ReturnType<typeof numberSteps>): BuildEvent {
  const stages = needed.map(({ index, name, from, steps }) => {
    const labels = Object.keys(runs.get(index)?.labels ?? {}).length;
    return { index, ...(name === undefined ? {} : { name }), base: from.image, steps: steps.length + 1 + labels };
  });
  return { kind: "planned", stages, totalSteps: stages.reduce((sum, { steps }) => sum + steps, 0) };
}

/** What is in the image was made by the target and by the stages that it is made from. */
function leftSteps({ usedSteps }: BuildSession, { needed, target }: StageGraph, made: ImageParts): LeftSteps {
  const chain = (stage: StageGraph["target"]): number[] => {
    const { base } = stage;
    const below = base.kind === "stage" ? needed.find(({ index }) => index === base.index) : undefined;
    return [...(below ? chain(below) : []), stage.index];
  };
  const stepsOf = (index: number) => usedSteps.get(index) ?? [];
  return { made, inImage: chain(target).flatMap(stepsOf), all: needed.flatMap(({ index }) => stepsOf(index)) };
}

/** All begin at once and wait for one another; the first failure is the build's. */
async function everyStage(session: BuildSession, { needed, target }: StageGraph): Promise<ImageParts> {
  await Promise.all(needed.map(({ index }) => session.stage(index)));
  return session.stage(target.index);
}
