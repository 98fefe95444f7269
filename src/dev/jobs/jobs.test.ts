import { describe, expect, it } from "vitest";
import type { DevJob } from "../../compose/extension.js";
import { anImage, aProject, aVolume, observedAfterUp } from "../../plan/plan.fixture.js";
import { planUp } from "../../plan/plan-up.js";
import { printOperation } from "../../plan/print-plan.js";
import { defaultUpOptions } from "../../plan/up-options.js";
import { devJobLabel } from "../../wire/labels.js";
import { tasksOf } from "../plan-tasks.js";
import { type DatedVolume, type JobFacts, judgeJobs, markName } from "./judge-jobs.js";
import { withJobs } from "./plan-jobs.js";

const project = aProject(
  {
    db: { volumes: [{ type: "volume", source: "data", target: "/data", read_only: false }] },
    api: { depends_on: { db: {} }, environment: { A: "1" }, ports: [{ target: 80, protocol: "tcp", mode: "ingress" }] },
  },
  { volumes: new Map([["data", aVolume("data")]]) },
);
const job = (name: string, more: Partial<DevJob> = {}): DevJob => ({
  ...{ name, service: "api", command: ["seed"], exec: false, after: [], inputs: [], environment: {} },
  ...more,
});
const data: DatedVolume = { name: "shop_data", labels: {}, createdAtMs: 1000 };
const facts = (more: Partial<JobFacts> = {}): JobFacts => ({
  ...{
    project,
    volumes: [data],
    containers: [],
    freshImages: new Set(),
    created: new Set(),
    started: new Set(),
    inputs: new Map(),
  },
  ...more,
});
/** What is there after the job has run. */
function afterwards(one: DevJob, createdAtMs = 2000, more: Partial<JobFacts> = {}): JobFacts {
  const [due] = judgeJobs([one], facts(more));
  const mark = { name: `shop_dev-${one.name}`, labels: { [devJobLabel]: due?.digest ?? "" }, createdAtMs };
  return facts({ ...more, volumes: [data, mark] });
}
const causes = (jobs: readonly DevJob[], known: JobFacts) => judgeJobs(jobs, known).map(({ cause }) => cause);

describe("a job has to run", () => {
  const seed = job("seed");
  it("when it has not, and not again", () => {
    expect(causes([seed], facts())).toEqual(["it has not run"]);
    expect(causes([seed], afterwards(seed))).toEqual([]);
  });

  it("again when it says something else, or what it reads has changed", () => {
    expect(causes([job("seed", { command: ["other"] })], afterwards(seed))).toEqual(["it has changed"]);
    const known = afterwards(seed, 2000, { inputs: new Map([["seed", "one"]]) });
    expect(causes([seed], known)).toEqual([]);
    expect(causes([seed], { ...known, inputs: new Map([["seed", "two"]]) })).toEqual(["it has changed"]);
  });

  it("again when the data is younger than its last run, or is yet to be made", () => {
    expect(causes([seed], afterwards(seed, 999))).toEqual(["the data is new"]);
    const known = afterwards(seed);
    const withoutData = { ...known, volumes: known.volumes.filter(({ name }) => name !== "shop_data") };
    expect(causes([seed], withoutData)).toEqual(["the data is new"]);
  });

  it("again when its image is made anew", () => {
    expect(causes([seed], { ...afterwards(seed), freshImages: new Set(["api"]) })).toEqual(["its image is new"]);
    expect(causes([seed], { ...afterwards(seed), freshImages: new Set(["db"]) })).toEqual([]);
  });

  it("again in a new container, when it runs in the service's own", () => {
    const inside = job("inside", { exec: true });
    const known = afterwards(inside);
    expect(causes([inside], known)).toEqual([]);
    expect(causes([inside], { ...known, created: new Set(["api"]) })).toEqual(["its container is new"]);
    const { containers } = observedAfterUp(project);
    const at = (createdAt: number) => containers.map((one) => ({ ...one, createdAt }));
    expect(causes([inside], { ...known, containers: at(3) })).toEqual(["its container is new"]);
    expect(causes([inside], { ...known, containers: at(1) })).toEqual([]);
  });

  it("behind those that it names, and only when its service is there", () => {
    const jobs = [job("a", { after: ["c"] }), job("b"), job("c"), job("gone", { service: "off" })];
    expect(judgeJobs(jobs, facts()).map((due) => due.job.name)).toEqual(["c", "a", "b"]);
  });
});

describe("the plan with jobs", () => {
  const observed = { ...observedAfterUp(project), containers: [], networks: [], volumes: [] };
  const images = new Map([["busybox", anImage()]]);
  const planned = (jobs: readonly DevJob[], known = facts()) => {
    const plan = planUp(project, { ...observed, images }, { ...defaultUpOptions, wait: true });
    return withJobs(plan, judgeJobs(jobs, known), { project, containers: known.containers, version: "1" });
  };

  it("runs them when everything is ready, then sets their marks", () => {
    const plan = planned([job("seed", { after: ["migrate"] }), job("migrate", { exec: true })]);
    const own = plan.operations.filter(({ id }) => / job /.test(id));
    expect(own.map(({ id, after }) => `${id} after ${after.at(-1)}`)).toEqual([
      expect.stringMatching(/^run-hook job migrate after (wait-for|start-container) /),
      "create-volume job migrate after run-hook job migrate",
      "run-job job seed after create-volume job migrate",
      "create-volume job seed after run-job job seed",
    ]);
    expect(own[2]?.after).toContain("wait-for api running-or-healthy");
    expect(own.map(printOperation)[2]).toContain("it has not run");
  });

  it("gives a job what its service has, but for its ports and names", () => {
    const plan = planned([job("seed", { environment: { B: "2" }, user: "root" })]);
    const op = plan.operations.find(({ kind }) => kind === "run-job");
    expect(op?.kind === "run-job" && op.body).toMatchObject({
      ...{ Image: "busybox", Cmd: ["seed"], User: "root", Env: ["A=1", "B=2"] },
      HostConfig: { PortBindings: {} },
      NetworkingConfig: { EndpointsConfig: { shop_default: {} } },
    });
    expect(JSON.stringify(op)).not.toContain("Aliases");
  });

  it("first takes away what a run that failed has left, and replaces an older mark", () => {
    const [left] = observedAfterUp(project).containers;
    const known = afterwards(job("seed"));
    const containers = left ? [{ ...left, name: "shop-dev-seed", isOneOff: true }] : [];
    const plan = planned([job("seed", { command: ["other"] })], { ...known, containers });
    expect(plan.operations.flatMap(({ id }) => (/ job /.test(id) ? [id.split(" ")[0]] : []))).toEqual([
      ...["remove-container", "run-job", "remove-volume", "create-volume"],
    ]);
  });

  it("is shown as a task for each service and job, and one for what lies below", () => {
    const tasks = tasksOf(planned([job("seed")]));
    expect(tasks.map(({ title }) => title)).toEqual([
      ...["Networks and volumes", "Service db", "Service api", "Job seed"],
    ]);
    expect(tasks.at(-1)?.operations).toEqual(["run-job job seed", "create-volume job seed"]);
  });
});

it("marks jobs apart whose names come to the same", () => {
  const [plain, odd] = ["a-b", "a b"].map((name) => markName({ name: "p" }, { name }));
  expect(plain).toBe("p_dev-a-b");
  expect(odd).toMatch(/^p_dev-a-b-[0-9a-f]{8}$/);
});
