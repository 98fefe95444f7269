import { expect, it } from "vitest";
import { composeLabels, digestsLabel, makerLabel } from "../wire/labels.js";
import type { ObservedState } from "./observed.js";
import { aProject, observedAfterUp, upLines } from "./plan.fixture.js";

const shown = { driver: "bridge", internal: false, attachable: false, enableIPv6: false, pools: [], options: {} };

function withoutDigests({ [digestsLabel]: _digests, ...labels }: Readonly<Record<string, string>>) {
  return labels;
}

/** The same objects, as docker compose would have made them: with digests of its own, and nothing of Gantry's. */
function byAnotherTool(observed: ObservedState): ObservedState {
  const relabel = (labels: Readonly<Record<string, string>>) => {
    const { [makerLabel]: _maker, ...others } = withoutDigests(labels);
    return { ...others, [composeLabels.configHash]: "0123" };
  };
  return {
    ...observed,
    containers: observed.containers.map((one) => ({ ...one, labels: relabel(one.labels) })),
    networks: observed.networks.map((one) => ({ ...one, labels: relabel(one.labels), shown })),
    volumes: observed.volumes.map((one) => ({ ...one, labels: relabel(one.labels) })),
  };
}

it("takes over what docker compose made, where nothing differs", () => {
  const project = aProject({ web: { environment: { A: "1" } }, db: {} });
  expect(upLines(project, byAnotherTool(observedAfterUp(project)))).toEqual([]);
});

it("replaces the container of another tool that differs, and no other", () => {
  const project = (value: string) => aProject({ web: { environment: { A: value } }, db: {} });
  const lines = upLines(project("2"), byAnotherTool(observedAfterUp(project("1"))));
  expect(lines.join("\n")).toContain("create-container shop-web-1: configuration changed");
  expect(lines.join("\n")).not.toContain("db");
});

it("makes the network of another tool anew where it visibly differs", () => {
  const project = aProject({ web: {} });
  const observed = byAnotherTool(observedAfterUp(project));
  const networks = observed.networks.map((one) => ({ ...one, shown: { ...shown, internal: true } }));
  expect(upLines(project, { ...observed, networks }).join("\n")).toContain("network shop_default");
});

it("replaces a container of its own from before digests of fields, whose whole digest differs", () => {
  const project = aProject({ web: {} });
  const observed = observedAfterUp(project);
  const containers = observed.containers.map((one) => ({
    ...one,
    labels: { ...withoutDigests(one.labels), [composeLabels.configHash]: "0123" },
  }));
  expect(upLines(project, { ...observed, containers }).join("\n")).toContain("made from another configuration");
});
