/** Whatever a project was and is to be: a plan brings it there at the least cost, and then there is none. */
import { describe, expect, it } from "vitest";
import { systemClock } from "../../base/clock.js";
import type { Project } from "../../compose/project.js";
import type { BuildSources } from "../../plan/build/build-sources.js";
import type { ObservedState } from "../../plan/observed.js";
import type { Plan } from "../../plan/operation.js";
import { planUp } from "../../plan/plan-up.js";
import { printOperation } from "../../plan/print-plan.js";
import { containerBody } from "../../plan/service/container-body.js";
import { containerName } from "../../plan/service/names.js";
import { planStages, planWhole, unannounced } from "../../plan/stages/stages.js";
import { defaultUpOptions } from "../../plan/up-options.js";
import type { HostConfig } from "../../wire/container.js";
import { composeLabels } from "../../wire/labels.js";
import { applyPlan } from "../apply-plan.js";
import { observeProject } from "../observe.js";
import { ModelEngine } from "./model-engine.fixture.js";
import { expectedActions, generator, randomPair, sourceOf } from "./random-models.fixture.js";

const rounds = 200;
const options = { ...defaultUpOptions, removeOrphans: true };

/** With what builds read now, and what they read when the images that are here were built. */
async function observe(engine: ModelEngine, project: Project): Promise<ObservedState> {
  const observed = await observeProject(engine.client, project);
  const builds = [...project.services.values()].flatMap(({ name, image = "", build }) => {
    const before = engine.builtFrom.get(observed.images.get(image)?.Id ?? "");
    const now = sourcesOf(sourceOf(project));
    return build ? [[name, before === undefined ? { now } : { before: sourcesOf(before), now }] as const] : [];
  });
  return { ...observed, builds: new Map(builds) };
}

function sourcesOf(version: number): BuildSources {
  return { fields: {}, trees: { context: { digest: String(version), files: { file: String(version) } } } };
}

async function planOf(engine: ModelEngine, project: Project): Promise<Plan> {
  return planWhole(project, await observe(engine, project), options);
}

/** As `up` and `apply` do: images first, where what comes of them decides what happens to containers. */
async function bring(engine: ModelEngine, project: Project): Promise<Plan> {
  engine.source = sourceOf(project);
  const observed = await observe(engine, project);
  const stages = planStages(project, observed, options);
  if (!stages) {
    const plan = planUp(project, observed, options);
    await carryOut(engine, plan);
    return plan;
  }
  await carryOut(engine, stages.images);
  const now = await observe(engine, project);
  const plan = planUp(project, now, { ...options, imagesAreFresh: true });
  expect(unannounced(plan, { stages, project, options, before: observed, now }).map(printOperation)).toEqual([]);
  await carryOut(engine, plan);
  return planWhole(project, observed, options);
}

async function carryOut(engine: ModelEngine, plan: Plan): Promise<void> {
  const { signal } = new AbortController();
  const remember = async () => async (id: string) => void engine.builtFrom.set(id, engine.source);
  const { outcome, failures } = await applyPlan(plan, engine.client, {
    ...{ command: "up", signal, clock: systemClock, emit: () => {} },
    builds: { sharesFiles: true, remember },
  });
  expect({ outcome, failures }).toEqual({ outcome: "succeeded", failures: [] });
}

function anEngine(): ModelEngine {
  const engine = new ModelEngine();
  engine.addImage("busybox", { Cmd: ["sh"], Env: ["PATH=/bin", "LEVEL=image"], Labels: { of: "image" } });
  engine.addImage("debian", { Cmd: ["bash"], Env: ["PATH=/usr/bin"], WorkingDir: "/srv" });
  return engine;
}

interface ReplicaState {
  readonly image: string | undefined;
  readonly user: string | undefined;
  readonly status: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limits: object;
  /** Aliases by network. */
  readonly networks: Readonly<Record<string, readonly string[]>>;
  readonly volumes: readonly (string | undefined)[];
}

/** By container name, what the model asks for. */
function wantedStates(project: Project): Record<string, ReplicaState> {
  const entries = [...project.services.values()].flatMap((service) =>
    Array.from({ length: service.scale }, (_, at): [string, ReplicaState] => {
      const body = containerBody(project, service, { labels: {}, inherited: [] });
      const state = {
        ...{ image: body.Image, user: body.User, status: "running", env: envOf(body.Env) },
        limits: limitsOf(body.HostConfig ?? {}),
        networks: placesOf(body.NetworkingConfig?.EndpointsConfig ?? {}),
        volumes: (body.HostConfig?.Mounts ?? []).map(({ Source }) => Source),
      };
      return [containerName(project.name, service, at + 1), state];
    }),
  );
  return Object.fromEntries(entries);
}

/** By container name, what the engine has; of the environment what was asked for. */
function actualStates(engine: ModelEngine, wanted: Readonly<Record<string, ReplicaState>>) {
  const entries = [...engine.containers.values()].map(({ name, config, host, places, mounts, status }) => {
    const asked = Object.keys(wanted[name]?.env ?? {});
    const env = Object.fromEntries(Object.entries(envOf(config.Env)).filter(([key]) => asked.includes(key)));
    const networks = placesOf(Object.fromEntries(places));
    const volumes = mounts.map((mount) => mount.Name);
    return [name, { image: config.Image, user: config.User, status, env, limits: limitsOf(host), networks, volumes }];
  });
  return Object.fromEntries(entries);
}

function envOf(entries: readonly string[] | null | undefined): Record<string, string> {
  return Object.fromEntries((entries ?? []).map((entry) => entry.split("=")));
}

function limitsOf(host: HostConfig) {
  const { Memory = 0, MemorySwap = Memory * 2, NanoCpus = 0, CpuShares = 0, PidsLimit, RestartPolicy } = host;
  return { Memory, MemorySwap, NanoCpus, CpuShares, PidsLimit: Math.max(0, PidsLimit ?? 0), RestartPolicy };
}

function placesOf(places: Record<string, { Aliases?: string[] | null } | null>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(places).map(([name, place]) => [name, [...(place?.Aliases ?? [])].sort()]));
}

/** By service and number. */
function idsOf(engine: ModelEngine): ReadonlyMap<string, string> {
  const keyOf = (labels: Readonly<Record<string, string>> = {}) =>
    `${labels[composeLabels.service]} ${labels[composeLabels.containerNumber]}`;
  return new Map([...engine.containers.values()].map(({ config, id }) => [keyOf(config.Labels ?? {}), id]));
}

describe.each(Array.from({ length: rounds }, (_, at) => at + 1))("pair %i", (seed) => {
  it("is planned without a trace, brought about, and makes anew what the table says and no more", async () => {
    const [before, after] = randomPair(generator(seed * 7919));
    const engine = anEngine();
    await bring(engine, before);
    expect((await planOf(engine, before)).operations.map(printOperation)).toEqual([]);
    const ids = idsOf(engine);
    const digest = engine.digest();
    const planned = await planOf(engine, after);
    expect(engine.digest()).toBe(digest);
    expect(await bring(engine, after)).toEqual(planned);
    expect(actualStates(engine, wantedStates(after))).toEqual(wantedStates(after));
    expect((await planOf(engine, after)).operations.map(printOperation)).toEqual([]);
    const now = idsOf(engine);
    for (const [name, action] of expectedActions(before, after)) {
      const replicas = Math.min(before.services.get(name)?.scale ?? 0, after.services.get(name)?.scale ?? 0);
      for (let number = 1; number <= replicas; number++) {
        const key = `${name} ${number}`;
        expect({ key, isNew: now.get(key) !== ids.get(key) }).toEqual({ key, isNew: action === "recreate" });
      }
    }
  });
});
