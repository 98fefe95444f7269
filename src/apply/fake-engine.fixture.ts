/** An engine in memory that keeps the client's promises, for tests: delays, failures, health, exits on demand. */
import { GantryError } from "../base/errors.js";
import type { EngineClient } from "../client/engine-client.js";
import type { EngineIdentity } from "../client/engines/engine-identity.js";
import type { ContainerCreateBody, ContainerInspect, ContainerStatus, HealthStatus } from "../wire/container.js";
import type { EngineEvent, TakenPort } from "../wire/system.js";

interface FakeContainer {
  id: string;
  name: string;
  body: ContainerCreateBody;
  status: ContainerStatus;
  exitCode: number;
  health?: HealthStatus;
  oomKilled?: boolean;
  standsBy?: boolean;
}

export class FakeEngine {
  readonly containers = new Map<string, FakeContainer>();
  /** Every call in order of arrival, `start shop-web-1`. */
  readonly calls: string[] = [];
  /** Thrown by the call of that text. */
  readonly failures = new Map<string, Error>();
  /** Called once a container has started: `({ name }) => engine.becomeHealthy(name)`. */
  onStart: (container: FakeContainer) => void = () => {};
  /** Called as a call arrives. */
  onCall: (text: string) => void = () => {};
  /** What the engine tells of a container that drains; without end, or broken off, as the test likes. */
  connections: (signal: AbortSignal) => AsyncIterable<number> = async function* () {
    yield 0;
  };
  logText = "";
  takenPorts: TakenPort[] = [];
  identity: EngineIdentity = { kind: "gantry", version: "1.0.0", apiVersion: "1.51" };
  inFlight = 0;
  mostInFlight = 0;
  callMs = 1;
  readonly #followers = new Set<(event: EngineEvent) => void>();
  #nextId = 1;

  /** The calls that a plan makes; others are not there. */
  get client(): EngineClient {
    const call = (text: string, signal?: AbortSignal) => this.#call(text, signal);
    const find = (id: string) => this.#find(id);
    const client = {
      engine: this.identity,
      containers: {
        create: async (name: string, body: ContainerCreateBody) => {
          await call(`create ${name}`);
          return { Id: this.add(name, body).id, Warnings: [] };
        },
        start: async (id: string) => {
          await call(`start ${find(id).name}`);
          this.#started(find(id));
          return true;
        },
        stop: async (id: string, _options: unknown, options?: { signal?: AbortSignal }) => {
          await call(`stop ${find(id).name}`, options?.signal);
          this.exit(find(id).name, 143);
          return true;
        },
        kill: (id: string, signal: string) => call(`kill ${find(id).name} ${signal}`),
        restart: (id: string) => call(`restart ${find(id).name}`),
        rename: async (id: string, name: string) => {
          await call(`rename ${find(id).name} ${name}`);
          find(id).name = name;
        },
        remove: async (id: string) => {
          await call(`remove ${find(id).name}`);
          this.containers.delete(find(id).id);
        },
        takeOver: async (id: string, from: string) => {
          await call(`take-over ${find(id).name}`);
          return this.#takeOver(find(id), find(from));
        },
        connections: (_id: string, { signal }: { signal: AbortSignal }) => this.connections(signal),
        inspect: async (id: string) => inspected(find(id)),
        logs: async function* (this: void) {
          yield { stream: "stdout", payload: Buffer.from(text()) };
        },
      },
      images: {
        pull: async function* (this: void, name: string, _options: unknown, options: { signal?: AbortSignal }) {
          yield { status: "Downloading", id: "aaa", progressDetail: { current: 1, total: 2 } };
          await call(`pull ${name}`, options.signal);
        },
        inspect: async (name: string) => ({ Id: `sha256:${name}` }),
      },
      networks: {
        create: (body: { Name: string }) => call(`create-network ${body.Name}`),
        remove: (id: string) => call(`remove-network ${id}`),
        connect: (name: string) => call(`connect ${name}`),
        disconnect: (name: string) => call(`disconnect ${name}`),
      },
      volumes: {
        create: (body: { Name: string }) => call(`create-volume ${body.Name}`),
        remove: (name: string) => call(`remove-volume ${name}`),
      },
      system: {
        takenPorts: async () => this.takenPorts,
        events: (query: { onSubscribed?: () => void }, options: { signal: AbortSignal }) =>
          this.#follow(query, options.signal),
      },
    };
    const text = () => this.logText;
    return client as unknown as EngineClient; // a plan calls nothing else
  }

  add(name: string, body: ContainerCreateBody = {}, status: ContainerStatus = "created"): FakeContainer {
    const container: FakeContainer = { id: `c${this.#nextId++}`, name, body, status, exitCode: 0 };
    if (body.HostConfig?.GantryStandby) container.standsBy = true;
    this.containers.set(container.id, container);
    return container;
  }

  becomeHealthy(name: string, health: HealthStatus = "healthy"): void {
    const container = this.#find(name);
    container.health = health;
    this.#publish(container, `health_status: ${health}`);
  }

  exit(name: string, exitCode: number): void {
    const container = this.#find(name);
    container.status = "exited";
    container.exitCode = exitCode;
    this.#publish(container, "die");
  }

  #takeOver(to: FakeContainer, from: FakeContainer): boolean {
    [to.name, from.name] = [from.name, to.name];
    [to.standsBy, from.standsBy] = [false, true];
    return true;
  }

  #started(container: FakeContainer): void {
    container.status = "running";
    if (container.body.Healthcheck) container.health = "starting";
    this.#publish(container, "start");
    this.onStart(container);
  }

  async #call(text: string, signal?: AbortSignal): Promise<void> {
    this.calls.push(text);
    this.onCall(text);
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, this.callMs);
        signal?.addEventListener("abort", () => {
          clearTimeout(timer);
          reject(signal.reason);
        });
      });
      const failure = this.failures.get(text);
      if (failure) throw failure;
    } finally {
      this.inFlight--;
    }
  }

  #find(idOrName: string): FakeContainer {
    const found = [...this.containers.values()].find((one) => one.id === idOrName || one.name === idOrName);
    if (!found) throw new GantryError("container-not-found", `No such container: ${idOrName}`);
    return found;
  }

  #publish({ id, name }: FakeContainer, Action: string): void {
    // Nobody reads the times.
    const event = { Type: "container", Action, Actor: { ID: id, Attributes: { name } } } as unknown as EngineEvent;
    for (const follower of this.#followers) follower(event);
  }

  async *#follow({ onSubscribed }: { onSubscribed?: () => void }, signal: AbortSignal): AsyncIterable<EngineEvent> {
    const queue: EngineEvent[] = [];
    let wake = () => {};
    const follower = (event: EngineEvent) => {
      queue.push(event);
      wake();
    };
    this.#followers.add(follower);
    signal.addEventListener("abort", () => wake());
    onSubscribed?.();
    while (!signal.aborted) {
      const event = queue.shift();
      if (event) yield event;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    this.#followers.delete(follower);
  }
}

function inspected({ id, name, status, exitCode, health, oomKilled, body, standsBy }: FakeContainer): ContainerInspect {
  const State = {
    Status: status,
    Running: status === "running",
    Paused: false,
    Restarting: status === "restarting",
    OOMKilled: oomKilled === true,
    ExitCode: exitCode,
    ...(standsBy ? { GantryStandby: true } : {}),
    ...(health
      ? { Health: { Status: health, FailingStreak: 0, Log: health === "starting" ? [] : [probe(health)] } }
      : {}),
  };
  const inspect = { Id: id, Name: `/${name}`, State, RestartCount: 0, Config: body, HostConfig: body.HostConfig ?? {} };
  return inspect as unknown as ContainerInspect; // what waits and cards read
}

function probe(health: HealthStatus) {
  const times = { Start: "2026-01-01T00:00:00Z", End: "2026-01-01T00:00:00.250Z" };
  return { ...times, ExitCode: health === "unhealthy" ? 1 : 0, Output: "connection refused\n" };
}
