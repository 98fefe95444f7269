import { defineConfig } from "vitest/config";

// Engine tests share one kernel (bridges, nftables, mounts): one file at a time keeps their figures and failures readable.
export default defineConfig({
  test: {
    reporters: ["default"],
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
          include: ["src/**/*.engine.test.ts", "test/engine/**/*.test.ts", "test/scenarios/**/*.test.ts"],
          globalSetup: ["test/engine/global-setup.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
