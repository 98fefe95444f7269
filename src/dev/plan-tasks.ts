/** A plan as `gantry dev` shows it: a task for each image, service and job. Pure. */
import type { Operation, Plan } from "../plan/operation.js";
import { subjectOf } from "../plan/print/operation-words.js";

/** One task; it is done when its operations are. */
export interface PlanTask {
  readonly title: string;
  readonly operations: readonly string[];
}

/** In the order of the plan, images first. Every operation stands in one task. */
export function tasksOf(plan: Plan): PlanTask[] {
  const jobs = jobOperations(plan);
  const placed = plan.operations.map((op) => ({ op, ...placeOf(op, jobs.get(op.id)) }));
  const tasks = [...Map.groupBy(placed, ({ title }) => title)].map(([title, members]) => ({
    title,
    rank: members[0]?.rank ?? 0,
    operations: members.map(({ op }) => op.id),
  }));
  return tasks.sort((a, b) => a.rank - b.rank).map(({ title, operations }) => ({ title, operations }));
}

/** The job that an operation belongs to: its command, and the marks before and behind it. */
function jobOperations(plan: Plan): ReadonlyMap<string, string> {
  const names = plan.operations.flatMap((op) => /^run-(?:job|hook) job (.+)$/.exec(op.id)?.[1] ?? []);
  return new Map(
    plan.operations.flatMap(({ id }) => {
      const name = names.find((one) => id.endsWith(` job ${one}`));
      return name === undefined ? [] : [[id, name] as const];
    }),
  );
}

function placeOf(op: Operation, job: string | undefined): { readonly rank: number; readonly title: string } {
  if (job !== undefined) return { rank: 3, title: `Job ${job}` };
  const { kind, name, service } = subjectOf(op);
  if (kind === "image") return { rank: 0, title: `${op.kind === "build-image" ? "Build" : "Pull"} ${name}` };
  if (kind === "network" || kind === "volume") return { rank: 1, title: "Networks and volumes" };
  return { rank: 2, title: `Service ${service || name}` };
}
