/**
 * Carries out a build on the engine that was chosen. Touches the world through the client and the user's files.
 *
 * The embedded engine reads the context's files itself, and only those that are asked for; any other engine gets a tar.
 */
import { readFile } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { GantryError, messageOf } from "../../base/errors.js";
import { type BuildCall, BuildFailure } from "../../client/build-calls.js";
import type { EngineClient } from "../../client/engine-client.js";
import { parseBuildCache } from "../../dockerfile/caches/build-cache.js";
import type { ImageBuild } from "../../plan/build/image-build.js";
import type { BuildEvent, BuildInputs } from "../../wire/build.js";
import { StepFailure } from "../steps/step-failure.js";
import { ClassicSteps } from "./classic-steps.js";
import { contextTar, dockerfileTar } from "./context-tar.js";
import { openAgents } from "./ssh-agents.js";

/** The classic builder marks what a command says on standard error. */
const color = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

export interface BuildRun {
  readonly client: EngineClient;
  readonly signal: AbortSignal;
  /** Where secrets of variables are looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The engine sees this host's files: it is the embedded one. */
  readonly sharesFiles: boolean;
  /** Check the Dockerfile only. */
  readonly checkOnly?: boolean;
  readonly auths?: string;
  /** What a service's build cannot ask for. */
  readonly extra?: Partial<BuildCall>;
  /** The build's text as it comes; with `onStep` what is of no step. */
  readonly onText: (text: string) => void;
  /** What steps do, in place of the builder's text about them. */
  readonly onStep?: (event: BuildEvent) => void;
}

/** The image's id, "" for a check. Throws `StepFailure` with the Dockerfile's line, "bad-parameter", … */
export async function buildImage(build: ImageBuild, run: BuildRun): Promise<string> {
  await using agents = await openAgents(build.ssh, run.environment);
  const call = await callOf(build, run, agents.sockets);
  const say = sayer(run);
  let id = "";
  try {
    for await (const message of run.client.builds.build(call, { signal: run.signal })) {
      if (message.build) run.onStep?.(message.build);
      else if (message.stream !== undefined) say(message.stream.replaceAll(color, ""));
      else if (message.status !== undefined && message.progressDetail?.current === undefined) {
        say(`${message.id === undefined ? "" : `${message.id}: `}${message.status}\n`);
      }
      id = idOf(message.aux) ?? id;
    }
  } catch (error) {
    say.failed();
    run.signal.throwIfAborted(); // a connection that is cut on purpose looks like one that broke
    throw explained(error, build);
  }
  return id;
}

/** Other engines know the classic builder's words alone. */
function sayer({ onText, onStep, sharesFiles }: BuildRun): ((text: string) => void) & { failed: () => void } {
  if (!onStep || sharesFiles) return Object.assign(onText.bind(undefined), { failed: () => {} });
  const steps = new ClassicSteps();
  const push = (text: string) => steps.push(text).forEach(onStep);
  return Object.assign(push, { failed: () => steps.failed().forEach(onStep) });
}

async function callOf(build: ImageBuild, run: BuildRun, ssh: Readonly<Record<string, string>>): Promise<BuildCall> {
  // Without a directory there is the Dockerfile alone.
  const isRemote = build.context !== "" && !isAbsolute(build.context);
  const direct = run.sharesFiles && isAbsolute(build.context);
  const dockerfile = await dockerfileOf(build, isRemote);
  const inputs = await inputsOf(build, run, { direct, dockerfile, ssh });
  const { network, shmSizeBytes, memoryBytes, isolation, target, platform } = build;
  const context = isRemote
    ? { remote: build.context }
    : direct
      ? ("inputs" as const)
      : {
          tar:
            build.context === ""
              ? dockerfileTar(dockerfile.path, build.dockerfileText ?? "")
              : contextTar({ directory: build.context, dockerfile: dockerfile.path, ...textOf(dockerfile) }),
        };
  return {
    context,
    ...(inputs ? { inputs } : {}),
    dockerfile: dockerfile.path,
    tags: [build.image, ...build.tags].filter((tag) => tag !== ""),
    ...{ args: withEpoch(build.args, run), labels: build.labels, noCache: build.noCache, pull: build.pull },
    ...{ ulimits: build.ulimits, extraHosts: build.extraHosts },
    ...(target === undefined ? {} : { target }),
    ...(platform === undefined ? {} : { platform }),
    ...(network === undefined ? {} : { network }),
    ...(shmSizeBytes === undefined ? {} : { shmSizeBytes }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(run.auths === undefined ? {} : { auths: run.auths }),
    ...(run.sharesFiles ? {} : { cacheFrom: imagesOf(build.cacheFrom) }),
    ...run.extra,
  };
}

interface DockerfileOrigin {
  readonly path: string;
  readonly text?: string;
}

/** One outside of the context travels by its text. */
async function dockerfileOf(build: ImageBuild, isRemote: boolean): Promise<DockerfileOrigin> {
  if (build.dockerfileText !== undefined) return { path: "Dockerfile", text: build.dockerfileText };
  if (isRemote) return { path: build.dockerfile };
  const full = isAbsolute(build.dockerfile) ? build.dockerfile : join(build.context, build.dockerfile);
  const inside = relative(build.context, full);
  if (inside !== "" && !inside.startsWith("..") && !isAbsolute(inside)) return { path: inside };
  const text = await readFile(full, "utf8").catch((cause: unknown) => {
    throw new GantryError("path-not-found", `Cannot read the Dockerfile ${full}: ${messageOf(cause)}`, { cause });
  });
  return { path: ".dockerfile.outside", text };
}

function textOf({ text }: DockerfileOrigin): { dockerfileText?: string } {
  return text === undefined ? {} : { dockerfileText: text };
}

/** What the classic route has no place for; undefined when nothing of it is asked for. */
async function inputsOf(
  build: ImageBuild,
  run: BuildRun,
  { direct, dockerfile, ssh }: { direct: boolean; dockerfile: DockerfileOrigin; ssh: Readonly<Record<string, string>> },
): Promise<BuildInputs | undefined> {
  const secrets = await secretsOf(build, run);
  const inputs: BuildInputs = {
    ...(direct ? { context: build.context, ...textOf(dockerfile) } : {}),
    ...(Object.keys(secrets).length > 0 ? { secrets } : {}),
    ...(Object.keys(ssh).length > 0 ? { ssh } : {}),
    ...(Object.keys(build.contexts).length > 0 ? { contexts: build.contexts } : {}),
    ...(build.allow.length > 0 ? { allow: build.allow } : {}),
    ...(build.noCacheFilter.length > 0 ? { noCacheFilter: build.noCacheFilter } : {}),
    ...(run.sharesFiles && build.cacheFrom.length > 0 ? { cacheFrom: build.cacheFrom } : {}),
    ...(build.cacheTo.length > 0 ? { cacheTo: build.cacheTo } : {}),
    ...(run.checkOnly ? { checkOnly: true } : {}),
    ...(run.onStep && run.sharesFiles ? { steps: true } : {}),
  };
  return Object.keys(inputs).length > 0 ? inputs : undefined;
}

async function secretsOf({ secrets }: ImageBuild, { environment }: BuildRun): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const secret of secrets) {
    if (secret.kind === "file") {
      const bytes = await readFile(secret.path).catch((cause: unknown) => {
        throw new GantryError("path-not-found", `Secret ${secret.id}: cannot read ${secret.path}`, { cause });
      });
      found[secret.id] = bytes.toString("base64");
      continue;
    }
    const value = environment[secret.variable];
    if (value === undefined) {
      throw new GantryError("bad-parameter", `Secret ${secret.id}: the variable ${secret.variable} is not set`);
    }
    found[secret.id] = Buffer.from(value).toString("base64");
  }
  return found;
}

/** What another engine's classic builder looks into: images alone. */
function imagesOf(words: readonly string[]): string[] {
  return words.map((word) => {
    const place = parseBuildCache(word, "from");
    if (place.kind === "registry") return place.reference;
    throw new GantryError("not-supported", `cache_from: this engine's classic builder reads images alone: ${word}`);
  });
}

/** The variable of the environment counts, as everywhere where builds can be reproduced. */
function withEpoch(args: ImageBuild["args"], { environment }: BuildRun): ImageBuild["args"] {
  const epoch = environment.SOURCE_DATE_EPOCH;
  return epoch ? { SOURCE_DATE_EPOCH: epoch, ...args } : args;
}

/** A step's failure stands at its line of the Dockerfile, with the end of what its command said. */
function explained(error: unknown, build: ImageBuild): unknown {
  if (!(error instanceof BuildFailure)) return error;
  const { step, exitCode, hint, code, message } = error;
  const path = isAbsolute(build.context) ? resolve(build.context, build.dockerfile) : build.dockerfile;
  // A text without a file has a Dockerfile's lines all the same: from standard input, or `dockerfile_inline`.
  const file = build.dockerfileText === undefined ? path : "Dockerfile";
  const source = step ? { source: { file, line: step.line, column: 1 } } : {};
  const context = { ...source, ...(hint === undefined ? {} : { hint }), cause: error };
  return new StepFailure(code, message, { exitCode, lines: step?.output ?? [], ...context });
}

function idOf(aux: unknown): string | undefined {
  if (typeof aux !== "object" || aux === null || !("ID" in aux)) return undefined;
  return typeof aux.ID === "string" ? aux.ID : undefined;
}
