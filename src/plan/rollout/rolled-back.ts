/** Whether updates that failed have left what served before to serve on. Pure. */
import type { Operation } from "../operation.js";

/**
 * True when all that failed belongs to updates, and each of those has changed nothing that was not taken back. `failed`
 * and `isDone` tell of operations by id.
 */
export function isRolledBack(
  operations: readonly Operation[],
  { failed, isDone }: { readonly failed: readonly Operation[]; readonly isDone: (id: string) => boolean },
): boolean {
  const services = new Set(failed.map(({ update }) => update?.service));
  if (services.size === 0 || services.has(undefined)) return false;
  const restored = new Set(
    operations.flatMap(({ id, update }) => (update?.restores && isDone(id) ? update.restores : [])),
  );
  return operations
    .filter(({ update }) => update?.changes && services.has(update.service))
    .every(({ id }) => !isDone(id) || restored.has(id));
}
