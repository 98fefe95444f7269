/**
 * Plans hooks: commands before the start, after it, and before the stop of a service's containers.
 *
 * Pure. Follows the Compose Specification, "post_start", "pre_stop" and "pre_start". Hooks of one container run one
 * after the other; one that fails holds back what comes after it: dependents, or the stop. As in Docker Compose,
 * `pre_start` runs once for the service, in containers of its own, and only while no replica runs.
 */
import type { HookSpec, Project, Service } from "../../compose/project.js";
import type { ContainerCreateBody, ExecCreateBody } from "../../wire/container.js";
import { composeLabels } from "../../wire/labels.js";
import type { ObservedContainer } from "../observed.js";
import type { Cause, ContainerRef } from "../operation.js";
import type { Edges, PlanBuilder } from "../plan-builder.js";
import { containerEnv } from "../service/container-env.js";
import { endpointsOf } from "../service/endpoints.js";
import { placeOf } from "../service/field-changes.js";
import { networkMode } from "../service/host-config.js";
import { hookName, imageNameOf } from "../service/names.js";
import { when } from "../service/when.js";
import { isUp, refOf, type StartRequest, type UpDraft } from "../up-draft.js";
import { toldBody } from "./provisions.js";

type ExecHooks = "post_start" | "pre_stop";

/** The hooks after the start that operation `started` makes; the last one's id, or `started` without any. */
export function addPostStart(
  builder: PlanBuilder,
  project: Project,
  { container, started }: { container: ContainerRef; started: string },
): string {
  const hooks = project.services.get(container.service)?.post_start ?? [];
  return hooks.reduce(
    (before, hook, at) => addExec(builder, project, { which: "post_start", at, hook, container }, { after: [before] }),
    started,
  );
}

/** The container is started by operation `started`; hooks that run after it are part of it for whoever waits. */
export function addStarted({ builder, project, starts }: UpDraft, container: ContainerRef, started: string): void {
  const last = addPostStart(builder, project, { container, started });
  starts.set(container.service, [...new Set([...(starts.get(container.service) ?? []), started, last])]);
}

/**
 * What a stop of the container must wait for: its hooks, which wait for what `edges` say, or just that. A container
 * in which nothing can run has no hooks.
 */
export function addPreStop(
  builder: PlanBuilder,
  project: Project,
  container: ObservedContainer,
  edges: Edges = {},
): Edges {
  const hooks = project.services.get(container.service)?.pre_stop ?? [];
  if (container.state !== "running" || container.isOneOff || hooks.length === 0) return edges;
  const ref = refOf(container);
  const { update: _stopAlone, ...before } = edges;
  let next = before;
  for (const [at, hook] of hooks.entries()) {
    const id = addExec(builder, project, { which: "pre_stop", at, hook, container: ref }, next);
    next = { ...before, settled: [], after: [id] };
  }
  return { ...edges, ...next };
}

function addExec(
  builder: PlanBuilder,
  project: Project,
  { which, at, hook, container }: { which: ExecHooks; at: number; hook: HookSpec; container: ContainerRef },
  edges: Edges,
): string {
  const step = `${which}[${at}]`;
  const cause = causeOf(
    project,
    container.service,
    step,
    which === "post_start" ? "after the start" : "before the stop",
  );
  return builder.add({ kind: "run-hook", container, hook: step, body: execBody(hook) }, cause, edges);
}

/** The exec request of a hook. */
export function execBody({ command, user, working_dir, privileged, environment }: HookSpec): ExecCreateBody {
  return {
    Cmd: [...command],
    ...when("User", user),
    ...when("WorkingDir", working_dir),
    ...when("Privileged", privileged || undefined),
    Env: envList(environment),
    AttachStdout: true,
    AttachStderr: true,
  };
}

/** The jobs that must succeed before any of the requests starts; `edges` is what the first one waits for. */
export function addPreStart(
  draft: UpDraft,
  service: Service,
  requests: readonly StartRequest[],
  edges: Edges,
): string[] {
  const hooks = service.pre_start ?? [];
  const [request] = [...requests].filter((one) => !one.isOneOff).sort((a, b) => byName(a.container, b.container));
  if (hooks.length === 0 || !request || isRunning(draft, service)) return [];
  let after = [...(edges.after ?? []), ...request.after, ...sweep(draft, service)];
  for (const [at, hook] of hooks.entries()) {
    const step = `pre_start[${at}]`;
    const name = hookName(draft.project.name, service, at);
    const { body, receives } = toldBody(
      draft,
      service,
      jobBody(draft, service, { hook, container: request.container }),
    );
    const id = draft.builder.add(
      {
        kind: "run-job",
        service: service.name,
        name,
        hook: step,
        body,
        ...(receives ? { receives } : {}),
      },
      causeOf(draft.project, service.name, step, "before the start"),
      { after, ...(edges.settled ? { settled: edges.settled } : {}) },
    );
    after = [id];
  }
  return after;
}

/** Removes what hooks of an earlier run have left. */
function sweep({ observed, builder }: UpDraft, service: Service): string[] {
  const left = observed.containers.filter((container) => container.isHook && container.service === service.name);
  return left.map((container) =>
    builder.add(
      { kind: "remove-container", container: refOf(container), force: true, volumes: true },
      "left by a hook that failed",
      { isStep: true },
    ),
  );
}

function isRunning(draft: UpDraft, service: Service): boolean {
  const keep = draft.verdicts.get(service.name)?.keep ?? [];
  return keep.some(({ container }) => isUp(container) && !draft.stops.has(container.id));
}

/** Volumes are those of the replica; the networks are the service's, its names and addresses are not. */
function jobBody(
  { project, options }: UpDraft,
  service: Service,
  { hook, container }: { hook: HookSpec; container: ContainerRef },
): ContainerCreateBody {
  const networks = [...endpointsOf(project, service).keys()].map((name): [string, object] => [name, {}]);
  return {
    Image: hook.image ?? imageNameOf(project.name, service),
    Cmd: [...hook.command],
    ...when("User", hook.user),
    ...when("WorkingDir", hook.working_dir),
    Env: [...containerEnv(project, service), ...envList(hook.environment)],
    Labels: {
      [composeLabels.project]: project.name,
      [composeLabels.service]: service.name,
      [composeLabels.version]: options.version,
      [composeLabels.hook]: "pre_start",
    },
    HostConfig: {
      ...(hook.privileged ? { Privileged: true } : {}),
      VolumesFrom: [container.name],
      NetworkMode: networkMode(project, service),
    },
    ...(networks.length > 0 ? { NetworkingConfig: { EndpointsConfig: Object.fromEntries(networks) } } : {}),
  };
}

function envList(environment: HookSpec["environment"]): string[] {
  return Object.entries(environment).map(([key, value]) => (value === null ? key : `${key}=${value}`));
}

function causeOf(project: Project, service: string, step: string, reason: string): Cause {
  const source = placeOf(project, `services.${service}.${step}`);
  return { reason, ...(source ? { source } : {}) };
}

function byName(a: ContainerRef, b: ContainerRef): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
