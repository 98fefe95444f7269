/**
 * Which one-time jobs have to run: those that have not, and those whose last run no longer counts.
 *
 * Pure. A job that succeeded leaves a small volume as its mark. It goes with the project's data (`down --volumes`), so
 * that a new database is filled again, and outlives `down`, so that an old one is not filled twice.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../../base/json.js";
import type { DevJob } from "../../compose/extension.js";
import type { Project } from "../../compose/project.js";
import type { ObservedContainer } from "../../plan/observed.js";
import { neededBy } from "../../plan/up-options.js";
import { composeLabels, devJobLabel } from "../../wire/labels.js";

/** A volume as far as jobs are concerned. */
export interface DatedVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

/** What the judgement needs to know. */
export interface JobFacts {
  readonly project: Project;
  /** The project's. */
  readonly volumes: readonly DatedVolume[];
  readonly containers: readonly ObservedContainer[];
  /** Services whose image this run pulls or builds. */
  readonly freshImages: ReadonlySet<string>;
  /** Services that get a container by this run. */
  readonly created: ReadonlySet<string>;
  /** Services of which this run starts a container. */
  readonly started: ReadonlySet<string>;
  /** Digest of the files under a job's `inputs`, by the job's name. */
  readonly inputs: ReadonlyMap<string, string>;
}

/** A job that has to run, and why. `mark` is the volume that its last run left. */
export interface DueJob {
  readonly job: DevJob;
  readonly cause: string;
  readonly digest: string;
  readonly mark?: DatedVolume;
}

/** By name, after those that they are to run behind. Jobs of services that are not selected are left out. */
export function judgeJobs(jobs: Iterable<DevJob>, facts: JobFacts): DueJob[] {
  return inOrder([...jobs]).flatMap((job) => {
    if (!facts.project.services.has(job.service)) return [];
    const digest = digestOf(job, facts);
    const mark = facts.volumes.find(({ labels, name }) => labels[devJobLabel] && name === markName(facts.project, job));
    const cause = whyDue(job, { mark, digest, facts });
    return cause === undefined ? [] : [{ job, cause, digest, ...(mark ? { mark } : {}) }];
  });
}

/** The volume that says that the job has run. */
export function markName({ name }: Pick<Project, "name">, job: Pick<DevJob, "name">): string {
  const plain = job.name.replace(/[^a-zA-Z0-9_.-]/g, "-");
  // Two names may come to the same: then one job's mark must not stand for the other's.
  const apart = plain === job.name ? "" : `-${createHash("sha256").update(job.name).digest("hex").slice(0, 8)}`;
  return `${name}_dev-${plain}${apart}`;
}

function whyDue(
  job: DevJob,
  { mark, digest, facts }: { mark: DatedVolume | undefined; digest: string; facts: JobFacts },
): string | undefined {
  if (job.repeats === "always") return "it runs each time";
  if (job.repeats === "start") return facts.started.has(job.service) ? "its container starts" : undefined;
  if (!mark) return "it has not run";
  if (mark.labels[devJobLabel] !== digest) return "it has changed";
  if (facts.freshImages.has(job.service)) return "its image is new";
  if (job.exec && (facts.created.has(job.service) || hasNewerContainer(job, mark, facts)))
    return "its container is new";
  const data = dataOf(job.service, facts.project);
  const newer = facts.volumes.find(({ name, createdAtMs }) => data.has(name) && createdAtMs > mark.createdAtMs);
  const isMissing = [...data].some((name) => !facts.volumes.some((volume) => volume.name === name));
  return newer || isMissing ? "the data is new" : undefined;
}

function hasNewerContainer({ service }: DevJob, mark: DatedVolume, { containers }: JobFacts): boolean {
  const own = containers.filter((one) => one.service === service && !one.isOneOff);
  // A container's time has whole seconds only.
  return own.some(({ createdAt }) => createdAt * 1000 > mark.createdAtMs);
}

/** Named volumes of the service and of all it depends on: what a job may have written to. */
function dataOf(service: string, project: Project): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<string>();
  const waiting = [service];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const one = project.services.get(next);
    if (!one || seen.has(next)) continue;
    seen.add(next);
    waiting.push(...neededBy(one));
    for (const { type, source = "" } of one.volumes) {
      const spec = type === "volume" ? project.volumes.get(source) : undefined;
      if (spec && !spec.external) names.add(spec.name);
    }
  }
  return names;
}

/** What the job does; what the service's container is otherwise does not count. */
function digestOf(job: DevJob, { project, inputs }: JobFacts): string {
  const { after: _after, inputs: _inputs, ...own } = job;
  const { environment = {}, image, volumes = [] } = project.services.get(job.service) ?? {};
  const given = { image, environment: Object.keys(environment).sort(), volumes };
  const model = { ...own, given, inputs: inputs.get(job.name) ?? "" };
  return createHash("sha256").update(canonicalJson(model)).digest("hex");
}

function inOrder(jobs: readonly DevJob[]): DevJob[] {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const placed = new Set<DevJob>();
  const place = (job: DevJob) => {
    if (placed.has(job)) return;
    for (const name of job.after) {
      const before = byName.get(name);
      if (before && before !== job) place(before);
    }
    placed.add(job);
  };
  for (const job of jobs) place(job);
  return [...placed];
}

/** True for a volume that is a job's mark of this project. */
export function isMark({ labels }: Pick<DatedVolume, "labels">, project: string): boolean {
  return labels[devJobLabel] !== undefined && labels[composeLabels.project] === project;
}
