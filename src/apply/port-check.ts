/**
 * Looks, before a plan makes anything, whether the fixed host ports of the containers that it will start are free.
 *
 * Only our own engine can tell who has one; on others that shows at the start, as it does when somebody takes it
 * meanwhile. That replicas of one service all ask for the same port is seen in the plan.
 */
import { GantryError } from "../base/errors.js";
import type { EngineClient } from "../client/engine-client.js";
import { shortId } from "../oci/short-id.js";
import type { Operation, Plan } from "../plan/operation.js";
import type { PortBinding, PortMap } from "../wire/container.js";
import type { TakenPort } from "../wire/system.js";

type Creation = Extract<Operation, { kind: "create-container" }>;

export interface PortConflict {
  readonly operation: Creation;
  /** "port-in-use", with who has it where that is known. */
  readonly error: GantryError;
}

/** In the plan's order; a container that this very plan stops or removes gives its ports up. Never throws. */
export async function findPortConflicts(
  plan: Plan,
  client: EngineClient,
  signal: AbortSignal,
): Promise<readonly PortConflict[]> {
  const wanted = startedCreations(plan).filter(({ body }) => fixedBindings(body.HostConfig?.PortBindings).length > 0);
  const shared = sharedPorts(wanted);
  if (shared.length > 0 || wanted.length === 0 || client.engine.kind !== "gantry") return shared;
  const ports = merged(wanted.map(({ body }) => body.HostConfig?.PortBindings ?? {}));
  const taken = await client.system.takenPorts(ports, { signal }).catch(() => []);
  const freed = freedContainers(plan);
  const conflicts = taken.filter(({ Container }) => Container === undefined || !freed.has(Container));
  return wanted.flatMap((operation) => {
    const bindings = fixedBindings(operation.body.HostConfig?.PortBindings);
    const conflict = conflicts.find((port) => bindings.some((binding) => isSame(binding, port)));
    return conflict ? [{ operation, error: inUse(conflict) }] : [];
  });
}

function startedCreations({ operations }: Plan): Creation[] {
  const started = new Set(
    operations.flatMap((op) =>
      op.kind === "start-container" && op.container.createdBy ? [op.container.createdBy] : [],
    ),
  );
  return operations.flatMap((op) => (op.kind === "create-container" && started.has(op.id) ? [op] : []));
}

function freedContainers({ operations }: Plan): Set<string> {
  return new Set(
    operations.flatMap((op) =>
      (op.kind === "stop-container" || op.kind === "remove-container") && op.container.id ? [op.container.id] : [],
    ),
  );
}

/** Replicas of one service that publish the same port of the host; between services it may be meant, by turns. */
function sharedPorts(creations: readonly Creation[]): PortConflict[] {
  const first = new Map<string, Creation>();
  return creations.flatMap((operation) => {
    const keys = fixedBindings(operation.body.HostConfig?.PortBindings).map(({ type, binding }) => {
      return [operation.service, type, binding.HostIp ?? "", binding.HostPort].join(" ");
    });
    const conflict = keys.find((key) => first.has(key));
    for (const key of keys) if (!first.has(key)) first.set(key, operation);
    return conflict ? [{ operation, error: sharedBy(operation.service, conflict.split(" ").at(-1) ?? "") }] : [];
  });
}

function sharedBy(service: string, port: string): GantryError {
  return new GantryError("port-in-use", `Several containers of ${service} want port ${port}; nothing was changed`, {
    hint: "Publish a range with a port for each, no host port, or run one container.",
  });
}

interface FixedBinding {
  readonly type: string;
  readonly binding: PortBinding;
}

function fixedBindings(ports: PortMap | null | undefined): FixedBinding[] {
  return Object.entries(ports ?? {}).flatMap(([key, bindings]) =>
    (bindings ?? [])
      .filter(({ HostPort }) => /^[1-9]\d*$/.test(HostPort ?? ""))
      .map((binding) => ({ type: key.split("/")[1] ?? "tcp", binding })),
  );
}

function merged(maps: readonly PortMap[]): PortMap {
  const all: PortMap = {};
  for (const map of maps) {
    for (const [key, bindings] of Object.entries(map)) all[key] = [...(all[key] ?? []), ...(bindings ?? [])];
  }
  return all;
}

function isSame({ type, binding }: FixedBinding, taken: TakenPort): boolean {
  return type === taken.Type && binding.HostPort === taken.HostPort && (binding.HostIp ?? "") === taken.HostIp;
}

function inUse({ HostIp, HostPort, Container }: TakenPort): GantryError {
  const where = HostIp === "" ? `Port ${HostPort}` : `Port ${HostPort} of ${HostIp}`;
  const owner = Container === undefined ? "" : ` by container ${shortId(Container)}`;
  const hint = Container
    ? `Stop it: gantry container stop ${shortId(Container)}; or publish another port.`
    : `Find out who listens with: ss -ltnup "sport = :${HostPort}"; or publish another port.`;
  return new GantryError("port-in-use", `${where} is already in use${owner}; nothing was changed`, { hint });
}
