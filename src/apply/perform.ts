/** Carries out one operation. It decides nothing: every choice was made when the plan was drawn. */
import { type ErrorCode, isGantryError, unreachable } from "../base/errors.js";
import type { EngineClient } from "../client/engine-client.js";
import type { ImageBuild } from "../plan/build/image-build.js";
import {
  type ContainerRef,
  isUpdateOperation,
  type Operation,
  type OperationKind,
  type UpdateOperation,
} from "../plan/operation.js";
import { type ProvidedVariables, withReceived } from "../plan/steps/provisions.js";
import type { BuildEvent } from "../wire/build.js";
import type { ContainerCreateBody } from "../wire/container.js";
import type { ProgressMessage } from "../wire/image.js";
import { composeLabels } from "../wire/labels.js";
import type { BuildRun } from "./build/build-image.js";
import type { ContainerWatch } from "./container-watch.js";
import { performUpdate, type UpdateRun } from "./rollout/perform-update.js";
import { type ApiSocket, withApiSocket } from "./steps/api-socket.js";
import { OutputTail } from "./steps/output-tail.js";
import { prepareModel } from "./steps/prepare-model.js";
import { type HookCall, runHook, runJob } from "./steps/run-hook.js";
import { type ProgramContext, runProvider } from "./steps/run-provider.js";
import { waitForContainers } from "./steps/wait-for.js";

/** What the operations of one run share. */
export interface RunState {
  readonly client: EngineClient;
  /** Ends waits and pulls; what changes containers is let finish, so that nothing is left half done. */
  readonly signal: AbortSignal;
  /** Ends graceful stops too: the engine goes on with them by itself. */
  readonly forced: AbortSignal;
  readonly watch: ContainerWatch;
  /** Ids of the containers made in this run, by the operation that made each. */
  readonly created: Map<string, string>;
  /** Ids of the images pulled in this run, by name. */
  readonly pulled: Map<string, string>;
  /** What providers and models answered in this run. */
  readonly provided: { readonly services: Map<string, ProvidedVariables>; modelEndpoint?: string };
  readonly programs: ProgramContext;
  readonly builds: BuildSurroundings;
  readonly apiSocket: () => Promise<ApiSocket>;
  /** For the trash: the project, and the generation that this run is; 0 when it is none. */
  readonly owner: { readonly project: string; readonly generation: number };
  /** How an operation has ended; undefined while it has not. */
  readonly endingOf: (id: string) => Ending | undefined;
  /** Called before a container is started, so that its first line is not lost. */
  readonly beforeStart?: (container: ContainerRef & { readonly id: string }) => Promise<void>;
}

/** How an operation ends: `not-needed` is a remedy of what went well, and what would follow it. */
export type Ending = "done" | "failed" | "held-back" | "cancelled" | "not-needed";

/** What builds need beside the engine. */
export type BuildSurroundings = Pick<BuildRun, "environment" | "sharesFiles" | "checkOnly" | "auths"> & {
  /** Nothing of what builds say is told. */
  readonly quiet?: boolean;
  /** Called before a build; what it answers is told the id of the image that came out. */
  readonly remember?: (build: ImageBuild, client: EngineClient) => Promise<(id: string) => Promise<void>>;
  /** What steps do is told rather than text about them. */
  readonly tellsSteps?: boolean;
};

export interface PullProgress {
  readonly text: string;
  readonly part?: string;
  readonly current?: number;
  readonly total?: number;
  /** Of a build. */
  readonly build?: BuildEvent;
}

/** Another word for what came of it than the operation's own, or undefined. */
export type Outcome = { readonly action?: string };

/** Throws what the engine says; a thing to be removed that is gone already is as good as removed. */
export async function perform(
  op: Operation,
  run: RunState,
  onProgress: (progress: PullProgress) => void,
): Promise<Outcome> {
  const { client } = run;
  const call = { signal: run.forced };
  if (isUpdateOperation(op)) return performUpdate(op, updateRun(op, run, onProgress));
  switch (op.kind) {
    case "pull-image":
      return pull(op, run, onProgress);
    case "build-image":
      return build(op, run, onProgress);
    case "create-network":
      await client.networks.create(op.body);
      return {};
    case "create-volume":
      await client.volumes.create(op.body);
      return {};
    case "create-container": {
      const told = withReceived(withImageId(op.body, run), op.receives, run.provided);
      const body = op.apiSocket ? withApiSocket(told, await run.apiSocket()) : told;
      run.created.set(op.id, (await client.containers.create(op.name, body)).Id);
      return {};
    }
    case "run-hook":
    case "run-job":
    case "run-provider":
    case "prepare-model":
      await performBeside(op, run, onProgress);
      return {};
    case "start-container":
      return start(op.container, run);
    case "stop-container":
      await orGone(client.containers.stop(idOf(op.container, run), stopOptions(op), call), "container-not-found");
      return {};
    case "restart-container":
      await client.containers.restart(idOf(op.container, run), stopOptions(op), call);
      return {};
    case "kill-container":
    case "pause-container":
    case "unpause-container":
    case "rename-container":
    case "update-container":
      await change(op, run);
      return {};
    case "wait-for":
      await waitForContainers(op, { ...run, idOf: (ref) => idOf(ref, run) }, (text) => onProgress({ text }));
      return {};
    case "remove-container":
    case "remove-network":
    case "remove-volume":
    case "restore-volume":
    case "remove-image":
      return removeOrRestore(op, run);
    case "connect-network": {
      const body = { Container: idOf(op.container, run), EndpointConfig: op.endpoint };
      await client.networks.connect(op.network, body);
      return {};
    }
    case "disconnect-network": {
      const body = { Container: idOf(op.container, run), Force: true };
      await orGone(client.networks.disconnect(op.network, body), "network-not-found");
      return {};
    }
    default:
      return unreachable(op);
  }
}

/** One quick call on a container. */
function change(
  op: Of<"kill-container" | "pause-container" | "unpause-container" | "rename-container" | "update-container">,
  run: RunState,
): Promise<void> {
  const { containers, upkeep } = run.client;
  const id = idOf(op.container, run);
  switch (op.kind) {
    case "kill-container":
      return containers.kill(id, op.signal);
    case "pause-container":
      return containers.pause(id);
    case "unpause-container":
      return containers.unpause(id);
    case "rename-container":
      return containers.rename(id, op.to);
    case "update-container":
      return upkeep.update(id, op.body);
  }
}

function updateRun(op: UpdateOperation, run: RunState, onProgress: (progress: PullProgress) => void): UpdateRun {
  const id = "container" in op ? idOf(op.container, run) : "";
  const fromId = op.kind === "take-over" && op.from ? idOf(op.from, run) : undefined;
  return { ...run, id, fromId, onText: (text) => onProgress({ text }) };
}

/** What runs beside the engine's own calls: hooks, providers, models. */
async function performBeside(
  op: Of<"run-hook" | "run-job" | "run-provider" | "prepare-model">,
  run: RunState,
  onProgress: (progress: PullProgress) => void,
): Promise<void> {
  const { client, provided, programs } = run;
  const onText = (text: string) => onProgress({ text });
  switch (op.kind) {
    case "run-hook": {
      const container = { id: idOf(op.container, run), name: op.container.name };
      return runHook(client, container, op.body, hookCall(op, run, onText));
    }
    case "run-job": {
      const body = withReceived(op.body, op.receives, provided);
      return runJob(client, op.name, body, { ...hookCall(op, run, onText), service: op.service });
    }
    case "run-provider": {
      const variables = await runProvider(op, programs, onText);
      if (op.command === "up") provided.services.set(op.service, variables);
      return;
    }
    case "prepare-model":
      provided.modelEndpoint = await prepareModel(op.model, programs, onText);
  }
}

function hookCall({ hook }: { readonly hook: string }, { signal }: RunState, onLine: HookCall["onLine"]): HookCall {
  return { hook, signal, onLine };
}

/** The container's id, once it is known; its name before. */
export function idOf({ id, createdBy, name }: ContainerRef, { created }: Pick<RunState, "created">): string {
  return id ?? (createdBy === undefined ? undefined : created.get(createdBy)) ?? name;
}

type Of<Kind extends OperationKind["kind"]> = Extract<Operation, { kind: Kind }>;

async function pull(
  { image, platform }: Of<"pull-image">,
  { client, signal, pulled }: RunState,
  onProgress: (progress: PullProgress) => void,
): Promise<Outcome> {
  const options = platform === undefined ? {} : { platform };
  for await (const message of client.images.pull(image, options, { signal })) {
    const progress = progressOf(message);
    if (progress) onProgress(progress);
  }
  pulled.set(image, (await client.images.inspect(image, { signal })).Id);
  return {};
}

async function build(
  { image, build: asked }: Of<"build-image">,
  { client, signal, pulled, builds }: RunState,
  onProgress: (progress: PullProgress) => void,
): Promise<Outcome> {
  const { buildImage } = await import("./build/build-image.js");
  const lines = new OutputTail((text) => builds.quiet || onProgress({ text }));
  const onText = (text: string) => lines.push(Buffer.from(text));
  const onStep = (event: BuildEvent) => builds.quiet || onProgress({ text: stepText(event), build: event });
  const run = { client, signal, onText, ...builds, ...(builds.tellsSteps ? { onStep } : {}) };
  const remember = builds.checkOnly ? undefined : await builds.remember?.(asked, client);
  const id = await buildImage(asked, run).finally(() => lines.end());
  if (id !== "") pulled.set(image, id);
  if (id !== "") await remember?.(id);
  return id === "" ? { action: "Checked" } : {};
}

/** What a row has room for. */
function stepText(event: BuildEvent): string {
  switch (event.kind) {
    case "began":
      return event.text;
    case "output":
      return event.text.trimEnd();
    case "planned":
    case "pulling":
    case "ended":
      return "";
  }
}

function progressOf({ status, id, progressDetail }: ProgressMessage): PullProgress | undefined {
  if (status === undefined || progressDetail === undefined || id === undefined) return undefined;
  const { current, total } = progressDetail;
  return {
    text: status,
    part: id,
    ...(current === undefined ? {} : { current }),
    ...(total === undefined ? {} : { total }),
  };
}

/** The label that tells one image from the next under the same name is known only now for one that was pulled. */
function withImageId(body: ContainerCreateBody, { pulled }: RunState): ContainerCreateBody {
  const id = pulled.get(body.Image ?? "");
  return id === undefined ? body : { ...body, Labels: { ...body.Labels, [composeLabels.image]: id } };
}

async function start(container: ContainerRef, run: RunState): Promise<Outcome> {
  const id = idOf(container, run);
  await run.beforeStart?.({ ...container, id });
  await run.client.containers.start(id);
  return {};
}

async function removeOrRestore(
  op: Of<"remove-container" | "remove-network" | "remove-volume" | "restore-volume" | "remove-image">,
  run: RunState,
): Promise<Outcome> {
  const { client } = run;
  switch (op.kind) {
    case "remove-container": {
      const options = { force: op.force, volumes: op.volumes };
      await orGone(client.containers.remove(idOf(op.container, run), options), "container-not-found");
      return {};
    }
    case "remove-network": {
      const removal = orGone(client.networks.remove(op.networkId), "network-not-found");
      return op.leaveIfUsed ? orInUse(removal, "network-in-use") : done(removal);
    }
    case "restore-volume":
      await client.trash.restore(op.trashId);
      return {};
    case "remove-volume":
      if (op.toTrash) return throwAway(op.name, run);
      return orInUse(orGone(client.volumes.remove(op.name, { force: true }), "volume-not-found"), "volume-in-use");
    case "remove-image":
      return orInUse(orGone(client.images.remove(op.image), "image-not-found"), "image-in-use");
  }
}

/** What cannot be kept is removed for good, and the reason told. */
async function throwAway(name: string, { client, owner }: RunState): Promise<Outcome> {
  try {
    const reply = await client.trash.put(name, owner);
    return { action: reply.kind === "trashed" ? "Moved to the trash" : `Removed for good: ${reply.why}` };
  } catch (error) {
    if (isGantryError(error, "volume-not-found")) return {};
    return orInUse(Promise.reject(error), "volume-in-use");
  }
}

function stopOptions({ timeoutS }: { readonly timeoutS?: number }): { timeoutS?: number } {
  return timeoutS === undefined ? {} : { timeoutS };
}

async function done(call: Promise<unknown>): Promise<Outcome> {
  await call;
  return {};
}

async function orGone(call: Promise<unknown>, code: ErrorCode): Promise<void> {
  await call.catch((error: unknown) => {
    if (!isGantryError(error, code)) throw error;
  });
}

async function orInUse(call: Promise<void>, code: ErrorCode): Promise<Outcome> {
  try {
    await call;
    return {};
  } catch (error) {
    if (isGantryError(error, code)) return { action: "Resource is still in use" };
    throw error;
  }
}
