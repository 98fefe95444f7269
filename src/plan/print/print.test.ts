import { expect, it } from "vitest";
import { driftOf } from "../compare/drift.js";
import { aProject, aVolume, observedAfterUp, offNetworks, onlyImages } from "../plan.fixture.js";
import { planUp } from "../plan-up.js";
import { defaultUpOptions } from "../up-options.js";
import { planToDot } from "./print-dot.js";
import { printDrift } from "./print-drift.js";

const mount = { type: "volume", source: "data", target: "/data", read_only: false } as const;
const volumes = new Map([["data", aVolume("data")]]);
const project = aProject(
  { db: { volumes: [mount] }, web: { depends_on: { db: {} }, command: ["say", '"hi"'] } },
  { volumes },
);
const textOf = (...asked: Parameters<typeof driftOf>) => printDrift("shop", driftOf(...asked), { baseDir: "/" });

it("draws a plan as a graph, an arrow for everything that an operation waits for", () => {
  const dot = planToDot(planUp(aProject({ web: {} }), onlyImages, defaultUpOptions));
  expect(dot).toBe(
    [
      'digraph "shop" {',
      '  "create-network shop_default" [shape=box label="create-network shop_default\\nnetwork is missing"];',
      '  "create-container shop-web-1" [shape=box label="create-container shop-web-1\\ncontainer is missing"];',
      '  "start-container shop-web-1" [shape=box label="start-container shop-web-1\\ncontainer is new"];',
      '  "create-network shop_default" -> "create-container shop-web-1";',
      '  "create-container shop-web-1" -> "start-container shop-web-1";',
      "}",
      "",
    ].join("\n"),
  );
});

it("tells of a project as its files say that it is so", () => {
  expect(textOf(project, observedAfterUp(project), defaultUpOptions)).toBe("shop: as its files say\n");
});

it("tells what is missing, what differs and what is too much, object by object", () => {
  const observed = observedAfterUp(project);
  const [db, web] = observed.containers;
  if (!db || !web) throw new Error("missing in the fixture");
  const others = observedAfterUp(aProject({ old: {} })).containers;
  const state = {
    ...observed,
    volumes: [],
    containers: [offNetworks(db), { ...web, state: "exited" as const }, ...others],
  };
  const changed = aProject(
    { db: { volumes: [mount] }, new: {}, web: { command: ["say", '"hi"'], user: "7", depends_on: { db: {} } } },
    { volumes },
  );
  expect(textOf(changed, state, defaultUpOptions)).toBe(
    [
      "~ container shop-db-1  changed by hand",
      "    services.db.networks.default: (unset) → db",
      "+ container shop-new-1  container is missing",
      "~ container shop-web-1  configuration changed",
      "    services.web.user: (unset) → 7",
      '- container shop-old-1  no service "old"',
      "+ volume shop_data  volume is missing",
      "",
    ].join("\n"),
  );
  expect(
    textOf(project, { ...state, volumes: observed.volumes }, { ...defaultUpOptions, services: ["web"], noDeps: true }),
  ).toBe("~ container shop-web-1  container is exited\n");
});
