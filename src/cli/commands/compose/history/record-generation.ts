/**
 * Keeps a change of a project as a generation of its history: begun before the first operation, ended with the last.
 *
 * What goes wrong with the history is told and stops nobody: a full disk must not keep a project from being stopped.
 */
import { isGantryError, messageOf } from "../../../../base/errors.js";
import { isRecord } from "../../../../base/json.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { HistoryCalls } from "../../../../client/history-calls.js";
import { type Contents, type KeptState, keptState, overlaid } from "../../../../plan/history/kept-model.js";
import { removedBy } from "../../../../plan/history/removed-by.js";
import type { Plan } from "../../../../plan/operation.js";
import { imageNameOf } from "../../../../plan/service/names.js";
import type { ContainerSummary } from "../../../../wire/container.js";
import type { GenerationEnd, GenerationImage } from "../../../../wire/history.js";
import { composeLabels } from "../../../../wire/labels.js";
import type { CliContext } from "../../../context.js";
import { warn } from "../output/notice.js";
import { isOneOff, serviceOf } from "../replicas.js";
import type { GenerationSeed } from "./generation-seed.js";
import { openHistory } from "./open-history.js";

/** A generation that was begun. `end` is called once, whatever came of it. */
export interface OpenGeneration {
  readonly number: number;
  end(outcome: GenerationEnd["outcome"]): Promise<void>;
}

/** Undefined when it could not be kept; the reason was told. */
export async function beginGeneration(
  context: CliContext,
  client: EngineClient,
  plan: Plan,
  seed: GenerationSeed,
): Promise<OpenGeneration | undefined> {
  try {
    const history = await openHistory(context, client);
    const number = await history.begin(await draftOf(context, history, plan, seed));
    return { number, end: (outcome) => endGeneration(context, client, { history, seed, number, outcome }) };
  } catch (error) {
    warn(context, `This change is not in the history: ${messageOf(error)}`);
    return undefined;
  }
}

async function draftOf(context: CliContext, history: HistoryCalls, plan: Plan, seed: GenerationSeed) {
  const { thisAuthor } = await import("../../../../apply/history/at-work.js");
  const { command, project, observed, services, of } = seed;
  const removed = removedBy(plan, observed);
  return {
    ...{ project: project.name, command, services, operations: plan.operations.length },
    ...(of === undefined ? {} : { of }),
    author: thisAuthor(context.argv, context.env),
    ...{ configs: {}, secrets: {} },
    ...(await stateOf(history, seed)),
    removed: command === "down" || command === "rm" ? removed.containers : [],
    removedVolumes: removed.volumes,
  };
}

/** What the project becomes; services that the command leaves alone are as they were. */
async function stateOf(history: HistoryCalls, seed: GenerationSeed): Promise<KeptState | undefined> {
  const { project, observed, services, becomes } = seed;
  if (!becomes || "state" in becomes) return becomes?.state;
  const { readConfigs } = await import("../../../../apply/history/kept-contents.js");
  const contents: Contents = { configs: await readConfigs(project), secrets: observed.secretDigests };
  const state = keptState(project, contents, becomes.scale);
  if (services.length === 0) return state;
  return overlaid(await newestState(history, project.name), state, services);
}

/** That of the newest generation that has one. */
export async function newestState(history: HistoryCalls, project: string): Promise<KeptState | undefined> {
  const newest = (await history.list(project)).findLast(({ hasModel }) => hasModel);
  if (!newest) return undefined;
  const { model, facts, configs, secrets } = await history.get(project, newest.number);
  return model && facts && { model, facts, configs, secrets };
}

async function endGeneration(
  context: CliContext,
  client: EngineClient,
  what: { history: HistoryCalls; seed: GenerationSeed; number: number; outcome: GenerationEnd["outcome"] },
): Promise<void> {
  const { history, seed, number, outcome } = what;
  try {
    const result = seed.becomes ? await resultOf(client, seed) : { images: {}, replicas: {} };
    await history.end(seed.project.name, number, { outcome, ...result });
  } catch (error) {
    // An engine that is gone was told of already, and the next run shows this one as interrupted.
    if (isGantryError(error, "engine-unavailable")) return;
    warn(context, `The end of generation ${number} is not in the history: ${messageOf(error)}`);
  }
}

/** What the project's containers stand on now. */
async function resultOf(
  client: EngineClient,
  { project, observed, becomes }: GenerationSeed,
): Promise<Pick<GenerationEnd, "images" | "replicas">> {
  const filters = { label: [`${composeLabels.project}=${project.name}`] };
  const found = (await client.containers.list({ all: true, filters })).filter((one) => !isOneOff(one));
  const byService = [...Map.groupBy(found, serviceOf)].filter(([service]) => service !== "");
  const known = new Map([...observed.images.values()].map((image) => [image.Id, image]));
  const imageOf = async ([service, [first]]: [string, ContainerSummary[]]) => {
    if (!first) return [];
    const spec = project.services.get(service);
    // A model that was gone back to names the image, whose id stands in the project where the name has moved on.
    const kept = becomes && "state" in becomes ? imageInModel(becomes.state, service) : undefined;
    const name = kept ?? (spec ? imageNameOf(project.name, spec) : first.Image);
    const inspected = known.get(first.ImageID) ?? (await client.images.inspect(first.ImageID).catch(() => undefined));
    const digest = inspected && digestFor(name, inspected.RepoDigests ?? []);
    const image: GenerationImage = { name, id: first.ImageID, ...(digest === undefined ? {} : { digest }) };
    return [[service, image] as const];
  };
  return {
    images: Object.fromEntries((await Promise.all(byService.map(imageOf))).flat()),
    replicas: Object.fromEntries(byService.map(([service, replicas]) => [service, replicas.length])),
  };
}

function imageInModel({ model }: KeptState, service: string): string | undefined {
  const services = isRecord(model.services) ? model.services : {};
  const found = services[service];
  return isRecord(found) && typeof found.image === "string" ? found.image : undefined;
}

/** The one of the repository that the name is of; else any. */
function digestFor(name: string, digests: readonly string[]): string | undefined {
  const repository = name.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  return digests.find((digest) => digest.startsWith(`${repository}@`)) ?? digests[0];
}
