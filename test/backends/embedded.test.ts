/** Compose scenarios on the embedded engine. */
import { describeScenarios } from "./scenarios.js";

describeScenarios("embedded", { checksHealth: true, changesLimits: true, keepsEvents: true });
