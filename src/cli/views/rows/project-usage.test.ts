import { expect, it } from "vitest";
import type { DiskUsage } from "../../../client/upkeep-calls.js";
import { composeLabels } from "../../../wire/labels.js";
import { projectUsageRows } from "./project-usage.js";

const of = (project: string) => ({ [composeLabels.project]: project });

it("gives each project what its containers wrote, its volumes, and its images, shared ones to each user", () => {
  const usage = {
    LayersSize: 300,
    Images: [
      { Id: "shared", Size: 200_000, SharedSize: 0 },
      { Id: "own", Size: 100_000, SharedSize: 40_000 },
      { Id: "idle", Size: 7, SharedSize: 0 },
    ],
    Containers: [
      { ImageID: "shared", Labels: of("shop"), SizeRw: 1000 },
      { ImageID: "own", Labels: of("shop"), SizeRw: 500 },
      { ImageID: "shared", Labels: of("blog") },
      { ImageID: "shared", Labels: {}, SizeRw: 1 },
    ],
    Volumes: [
      { Labels: of("shop"), UsageData: { Size: 2000, RefCount: 1 } },
      { Labels: null, UsageData: { Size: -1, RefCount: 0 } },
    ],
    BuildCache: null,
  } as unknown as DiskUsage; // what is read of it
  expect(projectUsageRows(usage).map((row) => Object.values(row).join(" "))).toEqual([
    "blog 1 0B 0 0B 1 200kB 0B",
    "shop 2 1.5kB 1 2kB 2 300kB 60kB",
    "- 1 1B 1 0B 1 200kB 0B",
  ]);
});
