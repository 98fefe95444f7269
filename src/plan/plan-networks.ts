/**
 * Plans the networks of a project: create what is missing, recreate what changed, keep the rest.
 *
 * Pure. Containers on a changed network step off it first, because an engine refuses to remove a network in use, and
 * on again with their aliases and addresses. Follows the Compose Specification, section "Networks top-level element".
 */
import { GantryError } from "../base/errors.js";
import type { NetworkSpec, Project, Service } from "../compose/project.js";
import { composeLabels } from "../wire/labels.js";
import type { NetworkCreateBody } from "../wire/network.js";
import { networkChanges } from "./compare/definition-changes.js";
import type { ObservedContainer, ObservedNetwork, ObservedState } from "./observed.js";
import { endpointsOf } from "./service/endpoints.js";
import { placeOf } from "./service/field-changes.js";
import { networkLabels } from "./service/names.js";
import { isUp, refOf, requestStart, stopOnce, type UpDraft } from "./up-draft.js";

/** The live network that stands for `spec`: by label under its key with the right name, else by name. */
export function observedNetwork(
  project: Project,
  observed: ObservedState,
  spec: NetworkSpec,
): ObservedNetwork | undefined {
  const named = observed.networks.filter((network) => network.name === spec.name);
  if (spec.external) return named[0] ?? observed.networks.find((network) => network.id === spec.name);
  return named.find((network) => network.labels[composeLabels.project] === project.name) ?? named[0];
}

/** Keys of networks of the selected services that are not what the files ask for, under the same name. */
export function networksToRecreate(
  project: Project,
  observed: ObservedState,
  selected: readonly Service[],
): ReadonlySet<string> {
  const used = new Set(selected.flatMap((service) => [...service.networks.keys()]));
  const changed = [...project.networks.values()].filter((spec) => {
    const live = observedNetwork(project, observed, spec);
    if (spec.external || !used.has(spec.key) || !live || !isOwn(project, live)) return false;
    return networkChanges(project, spec, live).length > 0;
  });
  return new Set(changed.map((spec) => spec.key));
}

/** Fills `draft.networkReady`, `steppedOff` and `stops`. Throws "network-not-found" for a missing external network. */
export function planNetworks(draft: UpDraft): void {
  const { project, observed, selected } = draft;
  const used = new Set(selected.flatMap((service) => [...service.networks.keys()]));
  const changed = networksToRecreate(project, observed, selected);
  for (const key of [...used].sort()) {
    const spec = project.networks.get(key);
    if (!spec) continue;
    const live = observedNetwork(project, observed, spec);
    if (live && changed.has(key)) recreateNetwork(draft, spec, live);
    else if (live) keepNetwork(draft, spec, live);
    else createNetwork(draft, spec);
  }
}

function keepNetwork(draft: UpDraft, spec: NetworkSpec, live: ObservedNetwork): void {
  if (spec.external || isOwn(draft.project, live)) return;
  draft.builder.warn(
    `A network named ${spec.name} exists but was not made for project "${draft.project.name}"; it is used as it is.`,
    "Set `external: true` to use an existing network.",
  );
}

function createNetwork(draft: UpDraft, spec: NetworkSpec): void {
  const source = placeOf(draft.project, `networks.${spec.key}`);
  if (spec.external) {
    throw new GantryError("network-not-found", `network ${spec.name} declared as external, but could not be found`, {
      hint: `Create it: gantry network create ${spec.name}`,
      ...(source ? { source } : {}),
    });
  }
  const cause = { reason: "network is missing", ...(source ? { source } : {}) };
  const id = draft.builder.add({ kind: "create-network", body: networkBody(draft, spec) }, cause);
  draft.networkReady.set(spec.key, [id]);
}

function recreateNetwork(draft: UpDraft, spec: NetworkSpec, live: ObservedNetwork): void {
  const { builder, project, observed } = draft;
  const source = placeOf(project, `networks.${spec.key}`);
  const changes = networkChanges(project, spec, live).filter((change) => change.path !== `networks.${spec.key}`);
  const located = { reason: "network configuration changed", ...(source ? { source } : {}) };
  const cause = changes.length > 0 ? { ...located, changes } : located;
  const reason = `network ${spec.name} is recreated`;
  const users = observed.containers.filter((container) => container.networks.has(live.name));
  const off = users.flatMap((container) => {
    const stopped = stopOnce(draft, container, reason, { isStep: true });
    const step = { kind: "disconnect-network", network: live.name, container: refOf(container) } as const;
    return [builder.add(step, reason, { after: stopped, isStep: true })];
  });
  const removed = builder.add(
    { kind: "remove-network", name: live.name, networkId: live.id, leaveIfUsed: false },
    cause,
    { after: off },
  );
  const created = builder.add({ kind: "create-network", body: networkBody(draft, spec) }, cause, { after: [removed] });
  draft.networkReady.set(spec.key, [created]);
  for (const container of [...users, ...lostBy(draft, spec, live)]) stepOn(draft, spec, container, created);
}

/** Containers that stay and are not on a network of theirs: an earlier change was interrupted in the middle. */
function lostBy({ selected, verdicts }: UpDraft, spec: NetworkSpec, live: ObservedNetwork): ObservedContainer[] {
  const services = selected.filter((service) => service.networks.has(spec.key));
  const staying = services.flatMap((service) => verdicts.get(service.name)?.keep ?? []);
  return staying.map(({ container }) => container).filter((container) => !container.networks.has(live.name));
}

/** A container that stays gets its place back, and its run; one that is replaced gets neither. */
function stepOn(draft: UpDraft, spec: NetworkSpec, container: ObservedContainer, created: string): void {
  const verdict = draft.verdicts.get(container.service);
  const leaves = [...(verdict?.recreate ?? []), ...(verdict?.remove ?? [])];
  if (leaves.some((one) => one.container.id === container.id)) return;
  const service = draft.project.services.get(container.service);
  const endpoint = service && endpointsOf(draft.project, service).get(spec.name);
  if (service && !endpoint) return;
  const reason = `network ${spec.name} is recreated`;
  const connected = draft.builder.add(
    { kind: "connect-network", network: spec.name, container: refOf(container), endpoint: endpoint ?? {} },
    reason,
    { after: [created], isStep: true },
  );
  const before = [...(draft.steppedOff.get(container.id) ?? []), connected];
  draft.steppedOff.set(container.id, before);
  // Services outside this plan have no start phase: what was stopped runs again right away.
  if (isUp(container) && !verdict) requestStart(draft, { container: refOf(container), after: before, cause: reason });
}

function networkBody(draft: UpDraft, spec: NetworkSpec): NetworkCreateBody {
  return {
    Name: spec.name,
    CheckDuplicate: true,
    ...(spec.driver === undefined ? {} : { Driver: spec.driver }),
    Internal: spec.internal,
    Attachable: spec.attachable,
    ...(spec.enable_ipv4 === undefined ? {} : { EnableIPv4: spec.enable_ipv4 }),
    ...(spec.enable_ipv6 === undefined ? {} : { EnableIPv6: spec.enable_ipv6 }),
    ...(spec.ipam ? { IPAM: ipamBody(spec.ipam) } : {}),
    Options: { ...spec.driver_opts },
    Labels: networkLabels(draft.project, spec, draft.options.version),
  };
}

function ipamBody(ipam: NonNullable<NetworkSpec["ipam"]>): NonNullable<NetworkCreateBody["IPAM"]> {
  return {
    ...(ipam.driver === undefined ? {} : { Driver: ipam.driver }),
    ...(ipam.options === undefined ? {} : { Options: { ...ipam.options } }),
    Config: ipam.config.map((pool) => ({
      ...(pool.subnet === undefined ? {} : { Subnet: pool.subnet }),
      ...(pool.ip_range === undefined ? {} : { IPRange: pool.ip_range }),
      ...(pool.gateway === undefined ? {} : { Gateway: pool.gateway }),
      ...(pool.aux_addresses === undefined ? {} : { AuxiliaryAddresses: { ...pool.aux_addresses } }),
    })),
  };
}

function isOwn(project: Project, live: ObservedNetwork | undefined): boolean {
  return live?.labels[composeLabels.project] === project.name;
}
