/** Gathers operations while a plan is drawn, gives them ids, and orders them. */
import type { Cause, Operation, OperationKind, Plan, PlanWarning, UpdateStep } from "./operation.js";
import { subjectOf } from "./print/operation-words.js";

export interface Edges {
  readonly after?: readonly string[];
  readonly settled?: readonly string[];
  readonly isStep?: boolean;
  readonly finishes?: readonly string[];
  readonly remedies?: readonly string[];
  readonly update?: Omit<UpdateStep, "service">;
}

/** Mutable while one plan is drawn; nobody keeps it afterwards. Ids are stable: kind and name of what is worked on. */
export class PlanBuilder {
  readonly #operations: Operation[] = [];
  readonly #ids = new Set<string>();
  readonly #warnings: PlanWarning[] = [];
  #service: string | undefined;

  /** Adds an operation and returns its id. */
  add(operation: OperationKind, cause: Cause | string, edges: Edges = {}): string {
    const id = this.#freeId(idOf(operation));
    const after = [...new Set(edges.after ?? [])].sort();
    const settled = [...new Set(edges.settled ?? [])].filter((other) => !after.includes(other)).sort();
    this.#operations.push({
      ...operation,
      id,
      cause: typeof cause === "string" ? { reason: cause } : cause,
      after,
      ...(settled.length > 0 ? { settled } : {}),
      ...(edges.isStep ? { isStep: true } : {}),
      ...(edges.finishes && edges.finishes.length > 0 ? { finishes: [...edges.finishes].sort() } : {}),
      ...(edges.remedies && edges.remedies.length > 0 ? { remedies: [...edges.remedies].sort() } : {}),
      ...(this.#service === undefined ? {} : { update: { service: this.#service, ...edges.update } }),
    });
    return id;
  }

  /** What `draw` adds is part of the service's update. */
  updating(service: string, draw: () => void): void {
    this.#service = service;
    draw();
    this.#service = undefined;
  }

  warn(message: string, hint?: string): void {
    this.#warnings.push(hint === undefined ? { message } : { message, hint });
  }

  /**
   * The plan: operations sorted so that each stands after all that it waits for, otherwise in the order of adding.
   * Failures of what concerns `optional` services alone are put up with.
   */
  build(project: string, optional: ReadonlySet<string> = new Set()): Plan {
    const operations = this.#operations.map((operation) =>
      isOptional(operation, optional) ? { ...operation, isOptional: true } : operation,
    );
    return { project, operations: inOrder(operations), warnings: this.#warnings };
  }

  #freeId(wanted: string): string {
    let id = wanted;
    for (let n = 2; this.#ids.has(id); n++) id = `${wanted}#${n}`;
    this.#ids.add(id);
    return id;
  }
}

function isOptional(operation: Operation, optional: ReadonlySet<string>): boolean {
  if (optional.size === 0) return false;
  const { service } = subjectOf(operation);
  const services = service === undefined ? ("services" in operation ? operation.services : []) : [service];
  return services.length > 0 && services.every((name) => optional.has(name));
}

function idOf(operation: OperationKind): string {
  switch (operation.kind) {
    case "wait-for":
      return `wait-for ${operation.service} ${operation.condition}`;
    case "run-hook":
      return `run-hook ${operation.hook} ${operation.container.name}`;
    case "run-job":
      return `run-job ${operation.hook} ${operation.name}`;
    case "run-provider":
      return `run-provider ${operation.command} ${operation.service}`;
    case "connect-network":
    case "disconnect-network":
      return `${operation.kind} ${operation.network} ${operation.container.name}`;
    default:
      return `${operation.kind} ${subjectOf(operation).name}`;
  }
}

/** Each after all that it waits for, otherwise as they stand. */
export function inOrder(operations: readonly Operation[]): Operation[] {
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  const placed = new Set<string>();
  const ordered: Operation[] = [];
  const place = (operation: Operation) => {
    if (placed.has(operation.id)) return;
    placed.add(operation.id);
    for (const id of [...operation.after, ...(operation.settled ?? []), ...(operation.remedies ?? [])]) {
      const before = byId.get(id);
      if (before) place(before);
    }
    ordered.push(operation);
  };
  for (const operation of operations) place(operation);
  return ordered;
}
