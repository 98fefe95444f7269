import { defineConfig } from "vitest/config";

// Engine tests share one kernel (bridges, nftables, mounts): one file at a time keeps their figures and failures readable.
export default defineConfig({
  test: {
    reporters: ["default", "./test/report-flaky.ts"],
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
          fileParallelism: false,
          // Real processes on a shared machine: once more tells a hiccup from a defect, and the reporter names it.
          retry: 1,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
