/**
 * What makes a plan impossible before anything of it is done: features that the engine lacks, host ports that are taken.
 *
 * A half of the project would not do, so one refusal keeps the whole plan from being begun.
 */

import type { GantryError } from "../base/errors.js";
import type { EngineClient } from "../client/engine-client.js";
import { unsupported } from "../client/engines/create-container.js";
import { containerFeatures, missingFeatures, networkFeatures } from "../client/engines/engine-features.js";
import type { EngineIdentity } from "../client/engines/engine-identity.js";
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
  return lacking.length > 0 ? lacking : findPortConflicts(plan, client, signal);
}

function lackOf(operation: Operation, engine: EngineIdentity): Refusal[] {
  const missing = featuresMissing(operation, engine);
  return missing.length > 0 ? [{ operation, error: unsupported(missing, engine) }] : [];
}

function featuresMissing(operation: Operation, engine: EngineIdentity): string[] {
  if (operation.kind === "create-container") return missingFeatures(containerFeatures, operation.body, engine);
  if (operation.kind === "create-network") return missingFeatures(networkFeatures, operation.body, engine);
  return [];
}
