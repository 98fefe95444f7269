/** Some at a time, with a pause and a judgement between one batch and the next. Pure. */
import type { UpDraft } from "../up-draft.js";
import type { UpdatePolicy } from "./update-policy.js";

/** What the first operations of a batch wait for. */
export interface Batch {
  readonly after: readonly string[];
  readonly settled: readonly string[];
}

/** One item of a batch, as drawn. */
export interface Drawn {
  /** The operation that says that it went well. */
  readonly good: string;
  /** What puts things right when it did not: the next batch waits for that too, or fewer would serve than promised. */
  readonly restored?: readonly string[];
}

export interface Batched {
  /** The judgements, in order; none where failures do not matter. */
  readonly judges: readonly string[];
  /** After these all is done. */
  readonly ends: readonly string[];
}

/** Draws the items batch by batch, each once the one before it has been judged, and all are well or put right. */
export function planBatches<Item>(
  draft: UpDraft,
  items: readonly Item[],
  {
    service,
    policy,
    remedies,
    draw,
  }: {
    readonly service: string;
    readonly policy: UpdatePolicy;
    readonly remedies?: readonly string[];
    readonly draw: (item: Item, batch: Batch) => Drawn;
  },
): Batched {
  const { builder } = draft;
  const { parallelism, failureAction: action, maxFailureRatio, delayMs } = policy;
  const attempts: string[] = [];
  const judges: string[] = [];
  let gate: Batch = { after: [], settled: [] };
  for (let at = 0; at < items.length; at += parallelism) {
    const isLast = at + parallelism >= items.length;
    const drawn = items.slice(at, at + parallelism).map((item) => draw(item, gate));
    const settled = drawn.flatMap(({ good, restored = [] }) => [good, ...restored]);
    attempts.push(...drawn.map(({ good }) => good));
    gate = { after: [], settled };
    if (action !== "continue" && (!isLast || action === "rollback")) {
      const judged = { attempts: [...attempts], total: items.length, maxFailureRatio, action };
      const step = { ...(remedies ? { remedies } : {}), isStep: true };
      const cause = `${attempts.length} of ${items.length} attempted`;
      // A judgement that failed is the last one.
      const edges = { after: judges.slice(-1), settled, ...step };
      const judge = builder.add({ kind: "judge-update", service, ...judged }, cause, edges);
      judges.push(judge);
      gate = { after: [judge], settled: [] };
    }
    if (delayMs > 0 && !isLast) {
      const pause = builder.add({ kind: "pause-update", service, delayMs }, "delay", { ...gate, isStep: true });
      gate = { after: [pause], settled: [] };
    }
  }
  return { judges, ends: action === "rollback" ? [...judges.slice(-1), ...attempts] : attempts };
}
