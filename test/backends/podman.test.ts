/** Compose scenarios on the podman engine. */
import { describeScenarios } from "./scenarios.js";

describeScenarios("podman", { checksHealth: false, changesLimits: false, keepsEvents: false });
