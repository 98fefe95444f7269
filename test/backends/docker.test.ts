/** Compose scenarios on the docker engine. */
import { describeScenarios } from "./scenarios.js";

describeScenarios("docker", { checksHealth: true, changesLimits: true, keepsEvents: true });
