/**
 * Plans what is changed of a container that stays: limits and the restart policy, its places in networks, its name.
 *
 * Pure. A container steps off every network before it steps on one, so that two can change addresses.
 */
import type { Service } from "../../compose/project.js";
import type { EndpointSettings } from "../../wire/network.js";
import type { KeptContainer } from "../judge-service.js";
import type { Cause, ContainerRef, UpdateBody } from "../operation.js";
import { endpointsOf } from "../service/endpoints.js";
import type { Difference } from "../service/field-changes.js";
import { hostConfig } from "../service/host-config.js";
import type { UpDraft } from "../up-draft.js";

/** Draws the changes; the operations after which they are done. */
export function addAmendments(
  draft: UpDraft,
  { service, ref, kept }: { service: Service; ref: ContainerRef; kept: KeptContainer },
): string[] {
  const { reason, changes } = kept.amend ?? { reason: "", changes: [] };
  const prefix = `services.${service.name}.`;
  const fieldOf = ({ path }: Difference) => path.slice(prefix.length);
  const places = changes.filter((change) => fieldOf(change).startsWith("networks."));
  const limits = changes.filter((change) => !places.includes(change));
  const body = updateBody(draft, service, limits.map(fieldOf));
  const updated =
    limits.length === 0
      ? []
      : [draft.builder.add({ kind: "update-container", container: ref, body }, { reason, changes: limits })];
  const moves = { service, ref, reason, places: places.map((change) => ({ change, key: fieldOf(change).slice(9) })) };
  return [...updated, ...addMoves(draft, moves)];
}

interface Moves {
  readonly service: Service;
  readonly ref: ContainerRef;
  readonly reason: string;
  /** `key` is the network's. */
  readonly places: ReadonlyArray<{ readonly change: Difference; readonly key: string }>;
}

function addMoves(draft: UpDraft, { service, ref, reason, places }: Moves): string[] {
  const endpoints = endpointsOf(draft.project, service);
  const moves = places.map(({ change, key }) => ({ change, key, network: networkName(draft, key) }));
  const left = moves.flatMap(({ change, network }) => {
    if (change.old === undefined) return [];
    const isStep = endpoints.has(network);
    const cause: Cause = { reason, changes: [change] };
    return [draft.builder.add({ kind: "disconnect-network", network, container: ref }, cause, { isStep })];
  });
  const joined = moves.flatMap(({ change, key, network }) => {
    const endpoint: EndpointSettings | undefined = endpoints.get(network);
    if (!endpoint) return [];
    const after = [...left, ...(draft.networkReady.get(key) ?? [])];
    const cause: Cause = { reason, changes: [change] };
    return [draft.builder.add({ kind: "connect-network", network, container: ref, endpoint }, cause, { after })];
  });
  return [...left, ...joined];
}

/** Of a network that the files no longer know by its key, its name by the rule. */
function networkName({ project }: UpDraft, key: string): string {
  return project.networks.get(key)?.name ?? `${project.name}_${key}`;
}

/** What the engine is told, of the fields that differ alone. Memory and swap go together: engines refuse one alone. */
function updateBody({ project }: UpDraft, service: Service, fields: readonly string[]): UpdateBody {
  const host = hostConfig(project, service, []);
  const { NanoCpus, CpuShares, CpuPeriod, CpuQuota, CpusetCpus, Memory, MemoryReservation } = host;
  const memory = { Memory, MemorySwap: host.MemorySwap ?? (Memory === undefined ? undefined : Memory * 2) };
  const parts: Readonly<Record<string, UpdateParts>> = {
    ...{ cpus: { NanoCpus }, cpu_shares: { CpuShares }, cpu_period: { CpuPeriod }, cpu_quota: { CpuQuota } },
    ...{ cpuset: { CpusetCpus }, mem_limit: memory, memswap_limit: memory },
    ...{ mem_reservation: { MemoryReservation }, restart: { RestartPolicy: host.RestartPolicy } },
    pids_limit: { PidsLimit: host.PidsLimit ?? -1 },
  };
  const asked = Object.entries(Object.assign({}, ...fields.map((field) => parts[field])) as UpdateParts);
  return Object.fromEntries(asked.filter(([, value]) => value !== undefined));
}

type UpdateParts = { readonly [Key in keyof UpdateBody]?: UpdateBody[Key] | undefined };
