/**
 * What a Compose project may rely on, whichever engine runs it: one definition, run on each by the tests beside it.
 *
 * A scenario drives Gantry's commands as a user does and looks at the engine's own objects. `Traits` name what an
 * engine cannot do; then the scenario is that it is refused by name.
 */
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { describeEnginePromises } from "../../src/apply/pairs/engine-promises.suite.js";
import type { Project } from "../scenarios/harness/gantry.js";
import { type Backend, type BackendName, startBackend } from "./backend.js";
import { describeCommands } from "./scenarios/commands.js";
import { describeConnections } from "./scenarios/connections.js";
import { describeCost } from "./scenarios/cost.js";
import { describeDrift } from "./scenarios/drift.js";
import { describeEndings } from "./scenarios/endings.js";
import { describeHistory } from "./scenarios/history.js";
import { describeInstances } from "./scenarios/instances.js";
import { describeKilled } from "./scenarios/killed.js";
import { describeLifecycle } from "./scenarios/lifecycle.js";
import { describeOrder } from "./scenarios/order.js";
import { describePlans } from "./scenarios/plans.js";
import type { Stage, Traits } from "./scenarios/stage.js";
import { describeUpdates } from "./scenarios/updates.js";

/** Defines all scenarios for one engine. */
export function describeScenarios(name: BackendName, traits: Traits): void {
  describe(`a project on the ${name} engine`, () => {
    let backend: Backend;
    const projects: Project[] = [];
    beforeAll(async () => {
      backend = await startBackend(name);
    });
    afterEach(async () => {
      for (const project of projects.splice(0)) await project.clear();
    });
    afterAll(() => backend?.[Symbol.asyncDispose]());
    const stage: Stage = {
      get backend() {
        return backend;
      },
      get gantry() {
        return backend.gantry;
      },
      project: async (folder, text) => {
        const project = await backend.gantry.projectOf(folder, text);
        projects.push(project);
        return project;
      },
    };
    describeLifecycle(stage);
    describeConnections(stage);
    describeInstances(stage);
    describeCommands(stage, traits);
    describeOrder(stage, traits);
    describeEndings(stage, traits);
    describeKilled(stage, traits);
    describeDrift(stage, traits);
    describePlans(stage, traits);
    describeUpdates(stage, traits);
    if (traits.changesLimits) describeEnginePromises(name, () => backend.client);
    describeHistory(stage);
    describeCost(stage);
  });
}
