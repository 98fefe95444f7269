import { describe, expect, it } from "vitest";
import { type MeasuredUsage, parseKinds, shapeUsage } from "./disk-usage.js";

const usage = {
  layersSize: 300,
  images: [
    { Id: "sha256:used", Size: 200, SharedSize: 100, Containers: 1 },
    { Id: "sha256:idle", Size: 200, SharedSize: 100, Containers: 0 },
  ],
  containers: [
    { Id: "runs", State: "running", SizeRw: 5 },
    { Id: "ended", State: "exited", SizeRw: 7 },
  ],
  volumes: [{ Name: "data", UsageData: { Size: 11, RefCount: 0 } }],
  buildCache: [{ InUse: true, Size: 3 }],
} as unknown as MeasuredUsage; // just the fields that are summed

describe("disk usage", () => {
  it("is lists up to 1.51, empty ones for what was not asked for", () => {
    const asked = { ...usage, images: undefined, layersSize: 0 };
    expect(shapeUsage(asked, { version: 51, verbose: false })).toEqual({
      ...{
        LayersSize: 0,
        Images: [],
        Containers: usage.containers,
        Volumes: usage.volumes,
        BuildCache: usage.buildCache,
      },
    });
  });

  it("is sums from 1.52 on, and tells what a prune would give back", () => {
    expect(shapeUsage(usage, { version: 52, verbose: false })).toEqual({
      ImageUsage: { ActiveCount: 1, TotalCount: 2, Reclaimable: 200, TotalSize: 300 },
      ContainerUsage: { ActiveCount: 1, TotalCount: 2, Reclaimable: 7, TotalSize: 12 },
      VolumeUsage: { ActiveCount: 0, TotalCount: 1, Reclaimable: 11, TotalSize: 11 },
      BuildCacheUsage: { ActiveCount: 1, TotalCount: 1, Reclaimable: 0, TotalSize: 3 },
    });
    expect(shapeUsage({ ...usage, images: undefined }, { version: 52, verbose: true })).toMatchObject({
      ContainerUsage: { Items: [{ Id: "runs" }, { Id: "ended" }] },
    });
  });

  it("knows the kinds that may be asked for, alone or together", () => {
    expect([...parseKinds(["volume", "image"])]).toEqual(["image", "volume"]);
    expect(parseKinds([]).size).toBe(4);
    expect(() => parseKinds(["pods"])).toThrow("unknown object type: pods");
  });
});
