import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/longest-first.js";

// Every engine of a test has its own state, names and tables, so files run side by side; three, because most of their
// time they wait, and more would make figures and failures hard to read.
export default defineConfig({
  test: {
    reporters: ["default", "./test/report-flaky.ts"],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.{ts,tsx}", "test/*.test.ts"],
          exclude: ["src/**/*.engine.test.ts"],
        },
      },
      {
        test: {
          name: "engine",
          include: ["src/**/*.engine.test.ts", "test/*/**/*.test.ts"],
          globalSetup: ["test/engine/global-setup.ts"],
          maxWorkers: 3,
          sequence: { groupOrder: 1 }, // after the unit tests, which take all processors
          // Real processes on a shared machine: once more tells a hiccup from a defect, and the reporter names it.
          retry: 1,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
