/**
 * Plans what programs outside of the engine provide: services of providers, and models.
 *
 * Pure. Both come before the containers that are told of them, because variables are part of how a container is made.
 * Programs must take being asked again, as every `up` asks them.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../base/json.js";
import type { Project, Service } from "../../compose/project.js";
import type { ContainerCreateBody } from "../../wire/container.js";
import { receivedLabel } from "../../wire/labels.js";
import type { ObservedState } from "../observed.js";
import type { Plan, Received } from "../operation.js";
import { PlanBuilder } from "../plan-builder.js";
import { modelEndpointVariables } from "../service/container-env.js";
import { placeOf } from "../service/field-changes.js";
import type { UpDraft } from "../up-draft.js";
import { neededBy, selectServices, type UpOptions } from "../up-options.js";

/** What a provider said: variables that get the service's name in front, and those that stay as they are. */
export interface ProvidedVariables {
  readonly prefixed: Readonly<Record<string, string>>;
  readonly raw: Readonly<Record<string, string>>;
}

/** By service; and where models answer. */
export interface Provided {
  readonly services: ReadonlyMap<string, ProvidedVariables>;
  readonly modelEndpoint?: string;
}

type ProvisionDraft = Pick<UpDraft, "project" | "options" | "builder" | "selected" | "provisions">;

/** Fills `draft.provisions`, unless everything was provided just now. */
export function planProvisions(draft: ProvisionDraft): void {
  const { project, builder, selected, provisions, options } = draft;
  if (options.provided) return;
  for (const service of selected) {
    if (!service.provider) continue;
    const { type, options: given } = service.provider;
    const source = placeOf(project, `services.${service.name}.provider`);
    const id = builder.add(
      { kind: "run-provider", service: service.name, type, command: "up", options: given },
      { reason: "provided by another program", ...(source ? { source } : {}) },
      { after: neededBy(service).flatMap((name) => provisions.get(`provider ${name}`) ?? []) },
    );
    provisions.set(`provider ${service.name}`, id);
  }
  for (const key of modelsOf(selected)) {
    const model = project.models?.get(key);
    if (!model) continue;
    const source = placeOf(project, `models.${key}`);
    const cause = { reason: "a service uses it", ...(source ? { source } : {}) };
    provisions.set(`model ${key}`, builder.add({ kind: "prepare-model", model }, cause));
  }
}

/**
 * Tells providers that their services are no longer needed, once what was told of them has stopped. `settled` are the
 * operations that stop each service.
 */
export function endProvisions(
  builder: PlanBuilder,
  project: Project,
  what: { command: "down" | "stop"; services: readonly string[]; settled: ReadonlyMap<string, readonly string[]> },
): void {
  for (const { name, provider } of project.services.values()) {
    if (!provider || (what.services.length > 0 && !what.services.includes(name))) continue;
    const dependents = [...project.services.values()].filter((service) => neededBy(service).includes(name));
    const { type, options } = provider;
    builder.add({ kind: "run-provider", service: name, type, command: what.command, options }, "no longer needed", {
      settled: dependents.flatMap((service) => what.settled.get(service.name) ?? []),
    });
  }
}

/** The operations that must have ended before a container of the service can be made. */
export function provisionsOf(service: Service, { provisions }: Pick<UpDraft, "provisions">): string[] {
  const names = [
    ...neededBy(service).map((name) => `provider ${name}`),
    ...Object.keys(service.models ?? {}).map((key) => `model ${key}`),
  ];
  return names.flatMap((name) => provisions.get(name) ?? []);
}

/** What the service's containers are told of others; in this order a later one wins. */
export function receivesOf(service: Service, { project }: Pick<UpDraft, "project">): Received[] {
  return [
    ...[...service.depends_on.keys()]
      .filter((name) => project.services.get(name)?.provider)
      .map((name): Received => ({ kind: "provider", service: name })),
    ...modelEndpointVariables(service).map((variable): Received => ({ kind: "model", variable })),
  ];
}

/** The variables by name. What nothing has provided is left out. */
export function receivedVariables(receives: readonly Received[], provided: Provided): Record<string, string> {
  const found: Record<string, string> = {};
  for (const one of receives) {
    if (one.kind === "model") {
      if (provided.modelEndpoint !== undefined) found[one.variable] = provided.modelEndpoint;
      continue;
    }
    const { prefixed = {}, raw = {} } = provided.services.get(one.service) ?? {};
    const prefix = `${one.service.toUpperCase()}_`;
    for (const [name, value] of Object.entries(prefixed)) found[prefix + name] = value;
    Object.assign(found, raw);
  }
  return found;
}

/** What a create needs beside its body, which has the variables where they are known already. */
export interface ToldBody {
  readonly body: ContainerCreateBody;
  readonly receives?: readonly Received[];
  readonly apiSocket?: true;
}

/** The body of one of the service's containers, with what it is told of others and of the engine. */
export function toldBody(
  draft: Pick<UpDraft, "project" | "options">,
  service: Service,
  body: ContainerCreateBody,
): ToldBody {
  const { provided } = draft.options;
  const receives = receivesOf(service, draft);
  const socket = service.use_api_socket ? ({ apiSocket: true } as const) : {};
  if (provided) return { body: withReceived(body, receives, provided), ...socket };
  return { body, ...(receives.length > 0 ? { receives } : {}), ...socket };
}

/** The body with the variables over its own, and a label that tells whether they have changed since. */
export function withReceived(
  body: ContainerCreateBody,
  receives: readonly Received[] | undefined,
  provided: Provided,
): ContainerCreateBody {
  if (!receives || receives.length === 0) return body;
  const variables = receivedVariables(receives, provided);
  const own = (body.Env ?? []).filter((entry) => !Object.hasOwn(variables, entry.split("=")[0] ?? ""));
  return {
    ...body,
    Env: [...own, ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)],
    Labels: { ...body.Labels, [receivedLabel]: receivedDigest(variables) },
  };
}

/** Hex SHA-256: the values may be secrets. */
export function receivedDigest(variables: Readonly<Record<string, string>>): string {
  return createHash("sha256").update(canonicalJson(variables)).digest("hex");
}

/**
 * True when what is planned may depend on what is provided: containers that are told of it exist. Then provide,
 * and plan with `provided`.
 */
export function mustProvideFirst(project: Project, observed: ObservedState, options: UpOptions): boolean {
  if (options.provided) return false;
  const told = selectServices(project, options.services, options.noDeps)
    .filter((service) => receivesOf(service, { project }).length > 0)
    .map(({ name }) => name);
  return observed.containers.some((container) => told.includes(container.service) && !container.isOneOff);
}

/** Only the providers and models of an `up`. */
export function planUpProvisions(project: Project, options: UpOptions): Plan {
  const builder = new PlanBuilder();
  const selected = selectServices(project, options.services, options.noDeps);
  planProvisions({ project, options, builder, selected, provisions: new Map() });
  return builder.build(project.name);
}

function modelsOf(services: readonly Service[]): string[] {
  return [...new Set(services.flatMap((service) => Object.keys(service.models ?? {})))].sort();
}
