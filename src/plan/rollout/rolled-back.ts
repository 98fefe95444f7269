/** Whether updates that failed have left what served before to serve on. Pure. */
import type { Operation } from "../operation.js";

/**
 * True when all that failed belongs to updates, each of those has changed nothing that was not taken back, and nothing
 * else is down because of them: what waits for an update is stopped before, and its start may have been held back.
 * `failed` and `isDone` tell of operations by id.
 */
export function isRolledBack(
  operations: readonly Operation[],
  { failed, isDone }: { readonly failed: readonly Operation[]; readonly isDone: (id: string) => boolean },
): boolean {
  const services = new Set(failed.map(({ update }) => update?.service));
  if (services.size === 0 || services.has(undefined) || isSomethingDown(operations, isDone)) return false;
  const restored = new Set(
    operations.flatMap(({ id, update }) => (update?.restores && isDone(id) ? update.restores : [])),
  );
  return operations
    .filter(({ update }) => update?.changes && services.has(update.service))
    .every(({ id }) => !isDone(id) || restored.has(id));
}

/** Outside of updates, a service of which a container was stopped or removed, and another one was not started. */
function isSomethingDown(operations: readonly Operation[], isDone: (id: string) => boolean): boolean {
  const others = operations.filter(({ update }) => update === undefined);
  const stopped = new Set(
    others.flatMap((op) =>
      (op.kind === "stop-container" || op.kind === "remove-container") && isDone(op.id) ? [op.container.service] : [],
    ),
  );
  return others.some((op) => op.kind === "start-container" && !isDone(op.id) && stopped.has(op.container.service));
}
