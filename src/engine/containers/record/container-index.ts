/**
 * Every container by id and by name, and the way their records reach the disk.
 *
 * A name is taken from `reserve` on, before its container exists. What readers see is what the disk has: `save` shows
 * a record only after it was written.
 */
import { GantryError } from "../../../base/errors.js";
import { nameConflict } from "../create/names.js";
import { Container } from "../lifecycle/container.js";
import type { ContainerRecord } from "./container-record.js";
import { settledTakeOvers } from "./settled-take-overs.js";

/** The durable side: `JsonRecords` of the store, or a fake that keeps its promises. */
export interface RecordStore {
  values(): ContainerRecord[];
  set(id: string, record: ContainerRecord): Promise<void>;
  remove(id: string): Promise<void>;
}

export class ContainerIndex {
  readonly #store: RecordStore;
  readonly #byId = new Map<string, Container>();
  readonly #idByName = new Map<string, string>();
  readonly #corrected: Container[] = [];

  constructor(store: RecordStore) {
    this.#store = store;
  }

  /** Reads what the disk has; called once, by `restore`. A second record of one name gets its short id appended. */
  load(): Container[] {
    const stored = this.#store.values();
    for (const [at, record] of settledTakeOvers(stored).entries()) {
      const isTaken = this.#idByName.has(record.name);
      const container = this.#put(isTaken ? { ...record, name: `${record.name}_${record.id.slice(0, 12)}` } : record);
      if (record !== stored[at]) this.#corrected.push(container);
    }
    return this.all();
  }

  /** Brings to the disk what `load` had to put right. */
  async saveCorrected(): Promise<void> {
    for (const container of this.#corrected.splice(0)) await this.save(container, container.record);
  }

  all(): Container[] {
    return [...this.#byId.values()];
  }

  byId(id: string): Container | undefined {
    return this.#byId.get(id);
  }

  /** By full id, name with or without slash, or unique id prefix. Throws "container-not-found". */
  find(nameOrId: string): Container {
    const id = this.#idByName.get(nameOrId.replace(/^\//, ""));
    const exact = this.#byId.get(nameOrId) ?? (id === undefined ? undefined : this.#byId.get(id));
    if (exact) return exact;
    const matches = /^[0-9a-f]+$/.test(nameOrId) ? this.all().filter(({ id }) => id.startsWith(nameOrId)) : [];
    if (matches.length > 1) {
      throw new GantryError("bad-parameter", `Multiple IDs found with provided prefix: ${nameOrId}`);
    }
    const [match] = matches;
    if (!match) throw new GantryError("container-not-found", `No such container: ${nameOrId}`);
    return match;
  }

  isNameTaken(name: string): boolean {
    return this.#idByName.has(name);
  }

  /** Takes a name for the container of `id`. Throws "container-name-in-use". */
  reserve(name: string, id: string): void {
    const holder = this.#idByName.get(name);
    if (holder !== undefined && holder !== id) throw nameConflict(name, holder);
    this.#idByName.set(name, id);
  }

  /** Gives a name back, if it is this container's. */
  release(name: string, id: string): void {
    if (this.#idByName.get(name) === id) this.#idByName.delete(name);
  }

  /** The container exists from here on. */
  async add(record: ContainerRecord): Promise<Container> {
    await this.#store.set(record.id, record);
    return this.#put(record);
  }

  async save(container: Container, record: ContainerRecord): Promise<void> {
    await this.#store.set(record.id, record);
    container.record = record;
  }

  /** Of two containers that bear each other's name in their records already. */
  swapNames(a: Container, b: Container): void {
    this.#idByName.set(a.record.name, a.id);
    this.#idByName.set(b.record.name, b.id);
  }

  async drop(container: Container): Promise<void> {
    await this.#store.remove(container.id);
    this.#byId.delete(container.id);
    this.release(container.record.name, container.id);
  }

  #put(record: ContainerRecord): Container {
    const container = new Container(record);
    this.#byId.set(record.id, container);
    this.#idByName.set(record.name, record.id);
    return container;
  }
}
