/**
 * Removes links of the host without holding up the event loop: the kernel takes 20–50 ms for one, and the same for many
 * at once. Touches the world.
 *
 * Links to remove move into a group of their own, and the group is deleted on another thread. What a crash leaves in it
 * is found by the group's number.
 */
import { Rtnetlink } from "../kernel/network/rtnetlink.js";
import type { HostLinks } from "./sandbox-links.js";

export class LinkRemover {
  readonly #links: HostLinks;
  /** A socket of its own: it is waiting for its answer while the other one goes on. */
  readonly #background = new Rtnetlink();
  readonly #names = new Set<string>();
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  /** Opens in the thread's network namespace. */
  constructor(links: HostLinks) {
    this.#links = links;
  }

  /** The links are gone when it resolves; those that were gone before do not matter. Rejects with "network-failed". */
  remove(names: readonly string[]): Promise<void> {
    for (const name of names) this.#names.add(name);
    if (this.#names.size === 0) return Promise.resolve();
    this.#next ??= this.#running.then(() => this.#removeAll());
    return this.#next;
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await (this.#next ?? this.#running).catch(() => undefined);
    this.#background[Symbol.dispose]();
  }

  async #removeAll(): Promise<void> {
    const { host, doomed } = this.#links;
    const names = [...this.#names];
    this.#names.clear();
    this.#next = undefined;
    const present = names.filter((name) => host.linkNamed(name) !== undefined);
    if (present.length === 0) return;
    for (const name of present) host.setLink(name, { group: doomed });
    const deleted = this.#background.deleteGroup(doomed);
    this.#running = deleted.catch(() => undefined);
    await deleted;
  }
}
