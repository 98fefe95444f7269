/**
 * One apply at a time per project, first come, first served. In memory: a lock lasts as long as the connection that
 * asked for it, so it never outlives its holder, nor the engine.
 */
import { GantryError } from "../../base/errors.js";

interface Claim {
  readonly holder: string;
  readonly granted: () => void;
}

export class ProjectLocks {
  /** The first claim of each queue holds the lock. */
  readonly #queues = new Map<string, Claim[]>();

  /**
   * The lock, or a place in the queue: `granted` resolves when it is ours. Disposing gives either up.
   *
   * @throws {GantryError} "engine-locked", naming the holder, when it is taken and `wait` is false
   */
  claim(project: string, { holder, wait }: { holder: string; wait: boolean }): ProjectClaim {
    const queue = this.#queues.get(project) ?? [];
    const heldBy = queue[0]?.holder;
    if (heldBy !== undefined && !wait) throw lockedBy(project, heldBy);
    let granted = () => {};
    const promise = new Promise<void>((resolve) => {
      granted = resolve;
    });
    const claim: Claim = { holder, granted };
    queue.push(claim);
    this.#queues.set(project, queue);
    if (queue.length === 1) granted();
    return { heldBy, granted: promise, [Symbol.dispose]: () => this.#leave(project, claim) };
  }

  /** True while somebody changes the project. */
  isHeld(project: string): boolean {
    return this.#queues.has(project);
  }

  #leave(project: string, claim: Claim): void {
    const queue = this.#queues.get(project) ?? [];
    const at = queue.indexOf(claim);
    if (at < 0) return;
    queue.splice(at, 1);
    if (queue.length === 0) this.#queues.delete(project);
    else if (at === 0) queue[0]?.granted();
  }
}

export interface ProjectClaim extends Disposable {
  /** Who had the lock when the claim was made. */
  readonly heldBy: string | undefined;
  readonly granted: Promise<void>;
}

function lockedBy(project: string, holder: string): GantryError {
  return new GantryError("engine-locked", `Project ${project} is being changed by ${holder}`, {
    hint: "Wait for it to end, or leave out --no-wait-lock",
  });
}
