/**
 * Plans starts and the gates between them: a service starts when what it depends on has started, is healthy, or has
 * completed. Independent branches wait for nothing of each other.
 *
 * Pure. Follows the Compose Specification, section "depends_on".
 */
import type { Dependency, Service } from "../compose/project.js";
import type { ServiceVerdict } from "./judge-service.js";
import { replicaName } from "./judge-service.js";
import type { ObservedContainer } from "./observed.js";
import type { ContainerRef, WaitCondition } from "./operation.js";
import { planRollout } from "./rollout/plan-rollout.js";
import { placeOf } from "./service/field-changes.js";
import { restartAfterUpdates } from "./steps/followers.js";
import { addPreStart, addStarted } from "./steps/hooks.js";
import { refOf, type StartRequest, type UpDraft } from "./up-draft.js";
import { desiredScale, selectServices } from "./up-options.js";

/** Draws the starts of `draft.toStart`, dependencies first, and the closing waits of `--wait`. */
export function planStarts(draft: UpDraft): void {
  const gates = new Map<string, string>();
  for (const service of draft.selected) startService(draft, service, gates);
  const selected = new Set(draft.selected.map((service) => service.name));
  for (const [name, requests] of [...draft.toStart].filter(([service]) => !selected.has(service))) {
    // What was not named runs again after what it depends on, where this plan starts that.
    const service = draft.project.services.get(name);
    const gated = service ? gatesOf(draft, service, gates) : { after: [], settled: [] };
    for (const request of requests) startContainer(draft, request, gated);
  }
  const others = draft.options.noDeps ? [] : selectServices(draft.project, [], false);
  for (const service of others.filter(({ name }) => !selected.has(name))) restartAfterUpdates(draft, service);
  if (draft.options.wait) for (const service of draft.selected) waitForService(draft, service, gates);
}

function startService(draft: UpDraft, service: Service, gates: Map<string, string>): void {
  restartAfterUpdates(draft, service);
  const requests = draft.toStart.get(service.name) ?? [];
  if (requests.length === 0 && !draft.rollouts.has(service.name)) return;
  const { after: gated, settled } = gatesOf(draft, service, gates);
  planRollout(draft, service, { after: gated, settled });
  const jobs = addPreStart(draft, service, requests, { after: gated, settled });
  for (const request of requests) startContainer(draft, request, { after: [...gated, ...jobs], settled });
}

function startContainer(
  draft: UpDraft,
  { container, after, finishes = [], cause }: StartRequest,
  gated: { after: readonly string[]; settled: readonly string[] },
): void {
  const source = placeOf(draft.project, `services.${container.service}.command`);
  const id = draft.builder.add(
    { kind: "start-container", container },
    { reason: cause, ...(source ? { source } : {}) },
    { after: [...after, ...gated.after], settled: gated.settled, finishes },
  );
  addStarted(draft, container, id);
}

/** What the service's starts wait for; one wait for each dependency and condition, shared by all dependents. */
function gatesOf(draft: UpDraft, service: Service, gates: Map<string, string>): { after: string[]; settled: string[] } {
  const after: string[] = [];
  const settled: string[] = [];
  for (const [name, dependency] of [...service.depends_on].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const target = draft.project.services.get(name);
    if (!target || !draft.verdicts.has(name) || desiredScale(target, draft.options) === 0) continue;
    const ids =
      dependency.condition === "service_started"
        ? draft.starts.get(name)
        : gateOf(draft, service, { name, dependency, gates });
    (dependency.required ? after : settled).push(...(ids ?? []));
  }
  return { after, settled };
}

function gateOf(
  draft: UpDraft,
  service: Service,
  { name, dependency, gates }: { name: string; dependency: Dependency; gates: Map<string, string> },
): string[] {
  const condition = dependency.condition === "service_healthy" ? "healthy" : "completed";
  const verdict = draft.verdicts.get(name);
  if (!verdict || (isUntouched(draft, name) && isSatisfied(verdict, condition))) return [];
  const path = `services.${service.name}.depends_on.${name}`;
  const source = placeOf(draft.project, `${path}.condition`);
  const cause = { reason: `${service.name} depends on it: ${dependency.condition}`, ...(source ? { source } : {}) };
  return [addGate(draft, verdict, { condition, required: dependency.required, cause, gates })];
}

function addGate(
  draft: UpDraft,
  verdict: ServiceVerdict,
  gate: {
    condition: WaitCondition;
    required: boolean;
    cause: { reason: string };
    gates: Map<string, string>;
  },
): string {
  const key = gateKey(verdict.service.name, gate.condition, gate.required);
  const known = gate.gates.get(key);
  if (known !== undefined) return known;
  const { waitTimeoutMs } = draft.options;
  const id = draft.builder.add(
    {
      kind: "wait-for",
      service: verdict.service.name,
      condition: gate.condition,
      containers: replicasOf(draft, verdict),
      required: gate.required,
      ...(waitTimeoutMs ? { timeoutMs: waitTimeoutMs } : {}),
    },
    gate.cause,
    { after: draft.starts.get(verdict.service.name) ?? [] },
  );
  gate.gates.set(key, id);
  return id;
}

/** `--wait`: jobs must have completed, everything else must run, and be healthy where it has a check. */
function waitForService(draft: UpDraft, service: Service, gates: Map<string, string>): void {
  const verdict = draft.verdicts.get(service.name);
  if (!verdict || desiredScale(service, draft.options) === 0) return;
  const isJob = [...draft.project.services.values()].some(
    (other) => other.depends_on.get(service.name)?.condition === "service_completed_successfully",
  );
  const condition: WaitCondition = isJob ? "completed" : "running-or-healthy";
  if (isUntouched(draft, service.name) && isSatisfied(verdict, condition)) return;
  // A dependent that waits for health already says more than `--wait` asks.
  if (!isJob && gates.has(gateKey(service.name, "healthy", true))) return;
  addGate(draft, verdict, { condition, required: true, cause: { reason: "--wait" }, gates });
}

function gateKey(service: string, condition: WaitCondition, required: boolean): string {
  return `${service} ${condition} ${required}`;
}

/** True when this plan starts nothing of the service. */
function isUntouched(draft: UpDraft, name: string): boolean {
  return (draft.starts.get(name) ?? []).length === 0;
}

function isSatisfied({ keep }: ServiceVerdict, condition: WaitCondition): boolean {
  return keep.length > 0 && keep.every(({ container }) => holds(container, condition));
}

function holds({ state, exitCode, health }: ObservedContainer, condition: WaitCondition): boolean {
  switch (condition) {
    case "healthy":
      return state === "running" && health === "healthy";
    case "completed":
      return state === "exited" && exitCode === 0;
    case "running-or-healthy":
      return (state === "running" && (health ?? "healthy") === "healthy") || (state === "exited" && exitCode === 0);
  }
}

/** The replicas that the service has once the plan is carried out. */
function replicasOf(draft: UpDraft, verdict: ServiceVerdict): ContainerRef[] {
  const { service, keep } = verdict;
  const started = (draft.toStart.get(service.name) ?? []).map(({ container }) => container);
  const requested = [...started, ...(draft.rolledOut.get(service.name) ?? [])];
  const others = keep
    .filter(({ container }) => !requested.some((ref) => ref.id === container.id))
    .map(({ container }) => refOf(container, replicaName(draft.project, service, container)));
  return [...requested, ...others].sort((a, b) => (a.name < b.name ? -1 : 1));
}
