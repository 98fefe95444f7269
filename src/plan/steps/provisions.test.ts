import { expect, it } from "vitest";
import type { ModelSpec } from "../../compose/project.js";
import { receivedLabel } from "../../wire/labels.js";
import { aProject, edgesOf, observedAfterUp, onlyImages, upLines } from "../plan.fixture.js";
import { planDown } from "../plan-down.js";
import { planUp } from "../plan-up.js";
import { printOperation } from "../print-plan.js";
import { defaultUpOptions } from "../up-options.js";
import { mustProvideFirst, type Provided, planUpProvisions, withReceived } from "./provisions.js";

const cloud = { provider: { type: "cloud", options: { size: ["2"] } } };
const project = aProject({ db: cloud, web: { depends_on: { db: {} } } });
const provided = (url: string): Provided => ({
  services: new Map([["db", { prefixed: { URL: url }, raw: { R: "1" } }]]),
});

it("asks a provider before the containers that are told of it are made", () => {
  expect(upLines(project, onlyImages)).toEqual([
    "run-provider up db: provided by another program",
    "create-network shop_default: network is missing",
    "create-container shop-web-1: container is missing",
    "start-container shop-web-1: container is new",
  ]);
  expect(edgesOf(project, onlyImages).get("create-container shop-web-1")).toContain("run-provider up db");
});

it("tells providers after the stop of what was told of them", () => {
  const { operations } = planDown(project, observedAfterUp(project), {
    services: [],
    volumes: false,
    removeOrphans: false,
  });
  const down = operations.find((op) => op.kind === "run-provider");
  expect(down && [printOperation(down), down.settled]).toEqual([
    "run-provider down db: no longer needed",
    ["stop-container shop-web-1"],
  ]);
});

it("gives variables under the service's name, and raw ones as they are, over the container's own", () => {
  const body = { Env: ["DB_URL=old", "A=b"], Labels: { x: "y" } };
  const told = withReceived(body, [{ kind: "provider", service: "db" }], provided("u"));
  expect(told.Env).toEqual(["A=b", "DB_URL=u", "R=1"]);
  expect(told.Labels?.x).toBe("y");
  expect(JSON.stringify(told.Labels)).not.toContain('"u"');
});

it("replaces a container when its providers answer otherwise, and keeps it when they say the same", () => {
  const labels = withReceived({}, [{ kind: "provider", service: "db" }], provided("u")).Labels ?? {};
  const fresh = observedAfterUp(project);
  const containers = fresh.containers.map((one) => ({ ...one, labels: { ...one.labels, ...labels } }));
  const observed = { ...fresh, containers };
  expect(mustProvideFirst(project, observed, defaultUpOptions)).toBe(true);
  expect(mustProvideFirst(project, onlyImages, defaultUpOptions)).toBe(false);
  expect(upLines(project, observed, { provided: provided("u") })).toEqual([]);
  const [first = ""] = upLines(project, observed, { provided: provided("v") });
  expect(first).toBe("create-container shop-web-1: providers gave other variables");
});

it("tells of models: their names at once, their address when it is known", () => {
  const llm: ModelSpec = { key: "my-llm", name: "my-llm", model: "ai/x", runtime_flags: [] };
  const chat = aProject(
    { web: { models: { "my-llm": {} } }, other: { models: { "my-llm": { endpoint_var: "E" } } } },
    {
      models: new Map([["my-llm", llm]]),
    },
  );
  const { operations } = planUp(chat, onlyImages, defaultUpOptions);
  const made = operations.flatMap((op) =>
    op.kind === "create-container" ? [[op.body.Env, op.receives, op.after]] : [],
  );
  expect(operations.filter((op) => op.kind === "prepare-model").map((op) => op.id)).toEqual(["prepare-model my-llm"]);
  expect(made.map(([env, receives]) => [env, receives])).toEqual([
    [["MY_LLM_MODEL=ai/x"], [{ kind: "model", variable: "E" }]],
    [["MY_LLM_MODEL=ai/x"], [{ kind: "model", variable: "MY_LLM_URL" }]],
  ]);
  expect(planUpProvisions(chat, defaultUpOptions).operations.map(printOperation)).toEqual([
    "prepare-model my-llm: a service uses it",
  ]);
  const known = planUp(chat, onlyImages, {
    ...defaultUpOptions,
    provided: { services: new Map(), modelEndpoint: "http://m" },
  });
  const [first] = known.operations.flatMap((op) => (op.kind === "create-container" ? [op.body] : []));
  expect(first?.Env).toEqual(["MY_LLM_MODEL=ai/x", "E=http://m"]);
  expect(first?.Labels).toHaveProperty([receivedLabel]);
});
