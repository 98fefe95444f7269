/** Adds one-time jobs to the plan of an `up`: they run when everything is ready, each behind those it names. Pure. */
import type { DevJob } from "../../compose/extension.js";
import type { Project, Service } from "../../compose/project.js";
import type { ObservedContainer } from "../../plan/observed.js";
import type { ContainerRef, Operation, OperationKind, Plan } from "../../plan/operation.js";
import { containerBody } from "../../plan/service/container-body.js";
import { markLabels } from "../../plan/service/names.js";
import { execBody } from "../../plan/steps/hooks.js";
import type { ContainerCreateBody } from "../../wire/container.js";
import { composeLabels, devJobLabel } from "../../wire/labels.js";
import { type DueJob, markName } from "./judge-jobs.js";

interface Surroundings {
  readonly project: Project;
  readonly containers: readonly ObservedContainer[];
  readonly version: string;
}

/** How a job is called in plans, events and cards. */
export function jobTitle({ name }: Pick<DevJob, "name">): string {
  return `job ${name}`;
}

/** The plan and behind it the jobs, in the order given. */
export function withJobs(plan: Plan, due: readonly DueJob[], where: Surroundings): Plan {
  const ready = plan.operations.flatMap((op) => (isGate(op) ? [op.id] : []));
  const ends = new Map<string, string>();
  const operations = due.flatMap((one) => {
    const before = one.job.after.flatMap((name) => ends.get(name) ?? []);
    const steps = jobSteps(one, [...ready, ...before], { ...where, plan });
    ends.set(one.job.name, steps.at(-1)?.id ?? "");
    return steps;
  });
  return { ...plan, operations: [...plan.operations, ...operations] };
}

function isGate({ kind }: Operation): boolean {
  return kind === "start-container" || kind === "wait-for" || kind === "run-hook";
}

/** What an earlier run left goes, the command runs, and its mark is set. */
function jobSteps(
  { job, cause, digest, mark }: DueJob,
  after: readonly string[],
  where: Surroundings & { readonly plan: Plan },
): Operation[] {
  const { project, containers, version } = where;
  const name = `${project.name}-dev-${job.name}`;
  const left = containers.find((container) => container.name === name);
  const steps: Operation[] = [];
  const add = (operation: OperationKind, reason: string, isStep: boolean) => {
    const id = `${operation.kind} ${jobTitle(job)}`;
    const edges = steps.length === 0 ? [...after] : [steps.at(-1)?.id ?? ""];
    steps.push({ ...operation, id, cause: { reason }, after: edges, ...(isStep ? { isStep: true } : {}) });
  };
  if (left) {
    const container = { name, service: job.service, id: left.id };
    add({ kind: "remove-container", container, force: true, volumes: true }, "left by a run that failed", true);
  }
  add(commandOf(job, name, where), cause, false);
  if (job.repeats) return steps;
  if (mark) add({ kind: "remove-volume", name: mark.name }, "of an earlier run", true);
  const Labels = { ...markLabels(project, version), [devJobLabel]: digest };
  add({ kind: "create-volume", body: { Name: markName(project, job), Labels } }, "marks that it has run", true);
  return steps;
}

function commandOf(job: DevJob, name: string, where: Surroundings & { readonly plan: Plan }): OperationKind {
  const hook = jobTitle(job);
  if (job.exec) {
    const { command = [], environment, user, working_dir } = job;
    const as = { ...(user === undefined ? {} : { user }), ...(working_dir === undefined ? {} : { working_dir }) };
    return {
      kind: "run-hook",
      container: replicaOf(job.service, where),
      hook,
      body: execBody({ command, environment, ...as }),
    };
  }
  return { kind: "run-job", service: job.service, name, hook, body: jobBody(job, where) };
}

/** The first replica, which the plan may be about to make. */
function replicaOf(service: string, { plan, containers }: Surroundings & { readonly plan: Plan }): ContainerRef {
  const started = plan.operations.flatMap((op) =>
    op.kind === "start-container" && op.container.service === service ? [op.container] : [],
  );
  const known = containers.find((one) => one.service === service && !one.isOneOff);
  return started[0] ?? { name: known?.name ?? service, service, ...(known ? { id: known.id } : {}) };
}

/** As the service's own container, without its ports, names and restarts. */
function jobBody(job: DevJob, { project, version }: Surroundings): ContainerCreateBody {
  const original = project.services.get(job.service);
  if (!original) throw new TypeError(`job ${job.name} of a service that is not there`); // judged before
  const { restart: _restart, container_name: _name, healthcheck: _check, command, ...rest } = original;
  const own = job.command ?? command;
  const service: Service = {
    ...rest,
    ...(own === undefined ? {} : { command: own }),
    ...(job.user === undefined ? {} : { user: job.user }),
    ...(job.working_dir === undefined ? {} : { working_dir: job.working_dir }),
    environment: { ...rest.environment, ...job.environment },
    ports: [],
    healthcheck: { disable: true },
  };
  const labels = {
    ...markLabels(project, version),
    [composeLabels.service]: job.service,
    [composeLabels.hook]: jobTitle(job),
  };
  const body = containerBody(project, service, { labels, inherited: [] });
  const { EndpointsConfig } = body.NetworkingConfig ?? {};
  if (!EndpointsConfig) return body;
  // Nobody is to find the job where the service is looked for.
  const bare = Object.fromEntries(Object.keys(EndpointsConfig).map((network) => [network, {}]));
  return { ...body, NetworkingConfig: { EndpointsConfig: bare } };
}
