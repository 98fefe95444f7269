/**
 * What makes a plan impossible before anything of it is done: what the engine lacks, host ports that are taken.
 *
 * A half of the project would not do, so one refusal keeps the whole plan from being begun.
 */

import type { GantryError } from "../base/errors.js";
import type { EngineClient } from "../client/engine-client.js";
import { unsupported } from "../client/engines/create-container.js";
import { containerFeatures, missingFeatures, networkFeatures } from "../client/engines/engine-features.js";
import type { EngineIdentity } from "../client/engines/engine-identity.js";
import type { ImageBuild } from "../plan/build/image-build.js";
import type { Operation, Plan } from "../plan/operation.js";
import { findPortConflicts } from "./port-check.js";

/** An operation that would fail, and how: "not-supported" or "port-in-use". */
export interface Refusal {
  readonly operation: Operation;
  readonly error: GantryError;
}

/** In the plan's order. Ports are looked at only where the engine can do the rest. Never throws. */
export async function findRefusals(plan: Plan, client: EngineClient, signal: AbortSignal): Promise<readonly Refusal[]> {
  const lacking = plan.operations.flatMap((operation) => lackOf(operation, client.engine));
  const unwatched = await healthGates(plan, client, signal);
  const refusals = [...lacking, ...unwatched];
  return refusals.length > 0 ? refusals : findPortConflicts(plan, client, signal);
}

function lackOf(operation: Operation, engine: EngineIdentity): Refusal[] {
  const missing = featuresMissing(operation, engine);
  return missing.length > 0 ? [{ operation, error: unsupported(missing, engine) }] : [];
}

function featuresMissing(operation: Operation, engine: EngineIdentity): string[] {
  if (operation.kind === "create-container") return missingFeatures(containerFeatures, operation.body, engine);
  if (operation.kind === "build-image") return engine.kind === "gantry" ? [] : beyondClassic(operation.build);
  if (operation.kind === "create-network") return missingFeatures(networkFeatures, operation.body, engine);
  return [];
}

/** What a build asks for that Docker's classic route has no place for. */
function beyondClassic({ secrets, ssh, contexts, allow, noCacheFilter }: ImageBuild): string[] {
  return [
    ...(secrets.length > 0 ? ["build.secrets"] : []),
    ...(ssh.length > 0 ? ["build.ssh"] : []),
    ...(Object.keys(contexts).length > 0 ? ["build.additional_contexts"] : []),
    ...(allow.length > 0 ? ["build.entitlements and privileged"] : []),
    ...(noCacheFilter.length > 0 ? ["build.no_cache_filter"] : []),
  ];
}

/** Podman leaves health checks to timers of systemd; where it has none, nobody runs them and a gate never opens. */
async function healthGates(plan: Plan, { engine, system }: EngineClient, signal: AbortSignal): Promise<Refusal[]> {
  if (engine.kind !== "podman") return [];
  const gates = plan.operations.filter((operation) => waitsForHealth(operation, plan));
  if (gates.length === 0) return [];
  const { CgroupDriver } = await system.info({ signal }).catch((): Record<string, unknown> => ({}));
  if (CgroupDriver !== "cgroupfs") return [];
  const missing = "waiting for health checks, which Podman leaves to systemd and this one runs without";
  return gates.map((operation) => ({ operation, error: unsupported([missing], engine) }));
}

function waitsForHealth(operation: Operation, { operations }: Plan): boolean {
  if (operation.kind !== "wait-for" || operation.condition === "completed") return false;
  if (operation.condition === "healthy") return true;
  return operations.some(
    (other) => other.kind === "create-container" && other.service === operation.service && other.body.Healthcheck,
  );
}
