/**
 * Carries out a plan: independent branches side by side, each operation once what it waits for has ended.
 *
 * A failure holds back what depends on it; other branches finish, so that the next run continues from there. An abort
 * starts nothing new but what completes something begun, ends waits and pulls, lets calls and graceful stops finish,
 * and takes away replacements whose turn has not come. A second, forced one waits for nothing.
 */
import type { Clock } from "../base/clock.js";
import { elapsedText } from "../base/elapsed.js";
import { isGantryError } from "../base/errors.js";
import type { EngineClient } from "../client/engine-client.js";
import type { ContainerRef, Operation, Plan } from "../plan/operation.js";
import { subjectOf, wordsOf } from "../plan/print/operation-words.js";
import { isRolledBack } from "../plan/rollout/rolled-back.js";
import type { Provided } from "../plan/steps/provisions.js";
import type { ApplyEvent, EventResource, FailureCard } from "./apply-events.js";
import { ContainerWatch } from "./container-watch.js";
import { failureCard } from "./failures/failure-card.js";
import { type MaskText, type SecretHolder, secretMask } from "./failures/secret-values.js";
import { type BuildSurroundings, type Ending, perform, type RunState } from "./perform.js";
import { findRefusals } from "./refusals.js";
import { Semaphore } from "./semaphore.js";
import { type ApiSocket, noApiSocket } from "./steps/api-socket.js";
import { findMissingPrograms } from "./steps/missing-programs.js";
import { conditionText } from "./steps/wait-for.js";

/** Enough to keep a small machine busy; waits do not count. */
const defaultParallel = 16;

export interface ApplyOptions {
  /** For the events: `up`, `down`, … */
  readonly command: string;
  readonly signal: AbortSignal;
  /** Aborted after `signal`: what is under way is left to the engine. */
  readonly forced?: AbortSignal;
  readonly clock: Clock;
  readonly emit: (event: ApplyEvent) => void;
  /** Engine calls at a time. */
  readonly parallel?: number;
  readonly beforeStart?: (container: ContainerRef & { readonly id: string }) => Promise<void>;
  /** For programs outside of the engine: the project's environment and folder. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly workingDir?: string;
  /** Whose secrets must not be shown. */
  readonly secrets?: SecretHolder;
  /** For services that ask for the engine's socket. */
  readonly apiSocket?: () => Promise<ApiSocket>;
  /** The generation of the project's history that this run is. */
  readonly generation?: number;
  /** For builds; by default the engine gets everything from here. */
  readonly builds?: Partial<BuildSurroundings>;
}

export interface ApplyResult {
  /** `rolled-back`: updates failed, and what served before them serves on. */
  readonly outcome: "succeeded" | "failed" | "rolled-back" | "cancelled";
  readonly failures: readonly FailureCard[];
  /** Operations that were carried out. */
  readonly done: number;
  /** What providers and models answered. */
  readonly provided: Provided;
}

/** Never throws for what an operation meets: that is in the result, and was in the events. */
export async function applyPlan(plan: Plan, client: EngineClient, options: ApplyOptions): Promise<ApplyResult> {
  const watch = new ContainerWatch(client, plan.project);
  try {
    return await new PlanRun(plan, { client, watch, ...options }).run();
  } finally {
    watch.close();
  }
}

/** Of an operation that the plan does not have, `ending` is undefined. */
interface End {
  readonly id: string;
  readonly ending: Ending | undefined;
}

/** One run of one plan. */
class PlanRun {
  readonly #plan: Plan;
  readonly #options: ApplyOptions;
  readonly #state: RunState;
  readonly #calls: Semaphore;
  readonly #mask: MaskText;
  readonly #forced: AbortSignal;
  readonly #endings = new Map<string, Promise<Ending>>();
  readonly #ended = new Map<string, Ending>();
  readonly #failures: FailureCard[] = [];

  constructor(plan: Plan, options: ApplyOptions & { client: EngineClient; watch: ContainerWatch }) {
    this.#plan = plan;
    this.#options = options;
    this.#calls = new Semaphore(options.parallel ?? defaultParallel);
    this.#mask = secretMask(options.secrets ?? {});
    const { client, watch, signal, beforeStart, forced = new AbortController().signal } = options;
    this.#forced = forced;
    const maps = { created: new Map<string, string>(), pulled: new Map<string, string>() };
    const { environment = {}, workingDir = "/", apiSocket = noApiSocket, builds, generation = 0 } = options;
    this.#state = {
      client,
      watch,
      signal,
      forced,
      ...maps,
      provided: { services: new Map() },
      apiSocket,
      owner: { project: plan.project, generation },
      endingOf: (id) => this.#ended.get(id),
      builds: { environment, sharesFiles: false, ...builds },
      programs: { project: plan.project, workingDir, environment, signal },
      ...(beforeStart ? { beforeStart } : {}),
    };
  }

  async run(): Promise<ApplyResult> {
    const { clock, command, signal } = this.#options;
    const begin = clock.monotonicMs();
    const { operations, project, warnings } = this.#plan;
    const expected = operations.filter(({ remedies }) => !remedies).length;
    this.#emit({ kind: "run-started", command, project, operations: expected });
    for (const warning of warnings) this.#emit({ kind: "warning", ...warning });
    if (await this.#isRefused()) return this.#end("failed", begin);
    // Subscribed while networks and containers are made; each start waits for it only where somebody waits.
    if (operations.some(isWatching)) void this.#state.watch.open().catch(() => {});
    for (const op of operations) this.#endings.set(op.id, this.#carryOut(op));
    await Promise.race([Promise.all(this.#endings.values()), aborted(this.#forced)]);
    if (signal.aborted && !this.#forced.aborted) await this.#undoReplacements();
    return this.#end(signal.aborted ? "cancelled" : this.#outcome(), begin);
  }

  #outcome(): "succeeded" | "failed" | "rolled-back" {
    if (this.#failures.length === 0) return "succeeded";
    const { operations } = this.#plan;
    const failed = operations.filter(({ id, isOptional }) => this.#ended.get(id) === "failed" && !isOptional);
    const isDone = (id: string) => this.#ended.get(id) === "done";
    return isRolledBack(operations, { failed, isDone }) ? "rolled-back" : "failed";
  }

  #end(outcome: ApplyResult["outcome"], begin: number): ApplyResult {
    const durationMs = Math.round(this.#options.clock.monotonicMs() - begin);
    const done = [...this.#ended.values()].filter((ending) => ending === "done").length;
    this.#emit({ kind: "run-ended", outcome, durationMs, done });
    return { outcome, failures: this.#failures, done, provided: this.#state.provided };
  }

  /** True when an operation is known to fail: then nothing is begun. */
  async #isRefused(): Promise<boolean> {
    const { client, programs, signal } = this.#state;
    const missing = await findMissingPrograms(this.#plan, programs);
    const refusals = missing.length > 0 ? missing : await findRefusals(this.#plan, client, signal);
    for (const { operation, error } of refusals) await this.#fail(operation, error, 0);
    return refusals.length > 0;
  }

  /** Resolves with how it ended; never rejects. Operations stand after all that they wait for. */
  async #carryOut(op: Operation): Promise<Ending> {
    const ending = await this.#whenReady(op);
    this.#ended.set(op.id, ending);
    return ending;
  }

  async #whenReady(op: Operation): Promise<Ending> {
    const remedied = await this.#endsOf(op.remedies ?? []);
    if (op.remedies && remedied.every(({ ending }) => ending === "done" || ending === "not-needed")) {
      return "not-needed";
    }
    const before = await this.#endsBefore(op);
    await this.#endsOf(op.settled ?? []);
    if (before.some(({ ending }) => ending === "not-needed")) return "not-needed";
    if (this.#isCancelled(op)) return "cancelled";
    const blocker = before.find(({ ending }) => ending !== "done");
    if (!blocker) return this.#attempt(op);
    if (this.#options.signal.aborted) return "cancelled";
    if (op.remedies) return "not-needed"; // what it would take back was not done
    const step = op.isStep ? { step: true as const } : {};
    this.#emit({ kind: "held-back", ...about(op), ...step, because: `${blocker.id} ${blocker.ending}` });
    return "held-back";
  }

  /** How what it waits for has ended. Once nothing but waits is left, it is told for what. */
  async #endsBefore(op: Operation): Promise<readonly End[]> {
    const gates = this.#gatesOf(op);
    const others = await this.#endsOf(op.after.filter((id) => !gates.some((gate) => gate.id === id)));
    const open = gates.filter((gate) => !this.#ended.has(gate.id));
    if (open.length > 0 && others.every(({ ending }) => ending === "done") && !this.#options.signal.aborted) {
      this.#emit({ kind: "waiting", ...about(op), waitsFor: open.map(waitText).join(", ") });
    }
    return [...others, ...(await this.#endsOf(gates.map(({ id }) => id)))];
  }

  #endsOf(ids: readonly string[]): Promise<End[]> {
    return Promise.all(ids.map(async (id) => ({ id, ending: await this.#endings.get(id) })));
  }

  async #attempt(op: Operation): Promise<Ending> {
    const { signal, clock } = this.#options;
    // A wait makes one quick call and then only listens.
    using _slot = isWaiting(op) ? undefined : await this.#calls.acquire();
    if (this.#isCancelled(op)) return "cancelled";
    const begin = clock.monotonicMs();
    const durationMs = () => Math.round(clock.monotonicMs() - begin);
    const step = op.isStep ? { step: true as const } : {};
    this.#emit({ kind: "started", ...about(op), ...step, action: wordsOf(op).doing });
    try {
      if (op.kind === "start-container" && this.#isWatched(op)) await this.#state.watch.open();
      // Where others wait for it, they say so themselves.
      if (op.kind === "wait-for" && !this.#isAwaited(op))
        this.#emit({ kind: "waiting", ...about(op), waitsFor: waitText(op) });
      const { action } = await perform(op, this.#state, (progress) =>
        this.#emit({ kind: "progress", ...about(op), ...progress, text: this.#mask(progress.text) }),
      );
      const marks = { ...step, ...(this.#hasMore(op) ? { more: true as const } : {}) };
      this.#emit({
        kind: "done",
        ...about(op),
        ...marks,
        action: action ?? wordsOf(op).done,
        durationMs: durationMs(),
      });
      return "done";
    } catch (error) {
      if (signal.aborted && (error === signal.reason || !isGantryError(error))) return "cancelled";
      return this.#fail(op, error, durationMs());
    }
  }

  async #fail(op: Operation, error: unknown, durationMs: number): Promise<Ending> {
    const state = { ...this.#state, mask: this.#mask };
    const failure = await failureCard(op, error, state, heldBackBy(op, this.#plan));
    const isOptional = op.isOptional || (op.kind === "wait-for" && !op.required);
    this.#emit({ kind: "failed", ...about(op), failure, durationMs, ...(isOptional ? { optional: true } : {}) });
    if (isOptional) {
      const who = failure.service ?? subjectOf(op).name;
      this.#emit({ kind: "warning", message: `optional dependency "${who}" failed: ${failure.message}` });
    } else this.#failures.push(failure);
    return "failed";
  }

  /** True once the run was cancelled, unless the operation completes what was begun. */
  #isCancelled(op: Operation): boolean {
    if (!this.#options.signal.aborted) return false;
    return this.#forced.aborted || !op.finishes?.some((id) => this.#ended.get(id) === "done");
  }

  /** A replacement that was made, and nothing has been done to the old container yet: it goes again. */
  async #undoReplacements(): Promise<void> {
    const { client, created } = this.#state;
    const isDone = (id: string) => this.#ended.get(id) === "done";
    const unused = this.#plan.operations.filter(
      (op) =>
        op.kind === "create-container" &&
        op.isStep &&
        isDone(op.id) &&
        !this.#plan.operations.some((next) => next.after.includes(op.id) && this.#ended.get(next.id) !== "cancelled"),
    );
    await Promise.all(
      unused.map(async (op) => {
        // Its volumes are the old container's, or empty; the next run removes what cannot be removed now.
        const removal = client.containers.remove(created.get(op.id) ?? "", { force: true, volumes: false });
        await removal.then(() => this.#emit({ kind: "undone", ...about(op) })).catch(() => {});
      }),
    );
  }

  /** True when something else is to be done to what `op` works on. */
  #hasMore(op: Operation): boolean {
    const { kind, name } = subjectOf(op);
    return this.#plan.operations.some((next) => {
      if (!next.after.includes(op.id) || next.remedies || next.isStep) return false;
      const other = subjectOf(next);
      return other.kind === kind && other.name === name;
    });
  }

  #isAwaited(op: Operation): boolean {
    return this.#plan.operations.some((other) => other.after.includes(op.id));
  }

  #gatesOf(op: Operation): Operation[] {
    return this.#plan.operations.filter((other) => other.kind === "wait-for" && op.after.includes(other.id));
  }

  #isWatched(op: Operation): boolean {
    return this.#plan.operations.some((other) => isWatching(other) && other.after.includes(op.id));
  }

  #emit(event: WithoutTime<ApplyEvent>): void {
    this.#options.emit({ at: this.#options.clock.now().toISOString(), ...event });
  }
}

/** Listens to what happens to containers. */
function isWatching({ kind }: Operation): boolean {
  return kind === "wait-for" || kind === "watch-replica";
}

/** Takes its time and hardly asks the engine. */
function isWaiting(op: Operation): boolean {
  return isWatching(op) || op.kind === "drain-container" || op.kind === "pause-update";
}

type WithoutTime<Event> = Event extends unknown ? Omit<Event, "at"> : never;

/** Services whose start depends on `op`, its own left out; sorted. */
function heldBackBy(op: Operation, plan: Plan): string[] {
  const affected = new Set([op.id]);
  const services = new Set<string>();
  // Operations stand after all they wait for, so one pass finds every one that is affected.
  for (const other of plan.operations) {
    if (!other.after.some((id) => affected.has(id))) continue;
    affected.add(other.id);
    if (other.kind === "start-container") services.add(other.container.service);
  }
  const own = subjectOf(op).service ?? "";
  return [...services].filter((service) => service !== own).sort();
}

function waitText(op: Operation): string {
  if (op.kind !== "wait-for") return op.id;
  const limit = op.timeoutMs === undefined ? "" : `, at most ${elapsedText(op.timeoutMs)}`;
  return `${op.service} to be ${conditionText[op.condition]}${limit}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function about(op: Operation): { operation: string; resource: EventResource } {
  return { operation: op.id, resource: subjectOf(op) };
}
