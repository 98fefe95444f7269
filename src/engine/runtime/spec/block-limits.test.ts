import { expect, it } from "vitest";
import { blockDevicePaths } from "./block-limits.js";
import { buildSpec } from "./build-spec.js";
import { anInput } from "./spec.fixture.js";

const limits = {
  BlkioWeight: 300,
  BlkioWeightDevice: [{ Path: "/dev/sda", Weight: 200 }],
  BlkioDeviceReadBps: [{ Path: "/dev/sda", Rate: 1 }],
  BlkioDeviceWriteBps: [{ Path: "/dev/sdb", Rate: 2 }],
  BlkioDeviceReadIOps: [{ Path: "/dev/sda", Rate: 3 }],
  BlkioDeviceWriteIOps: [{ Path: "/dev/sdb", Rate: 4 }],
};
const blockDevices = new Map([
  ["/dev/sda", { major: 8, minor: 0 }],
  ["/dev/sdb", { major: 8, minor: 16 }],
]);
const blockIo = (blockWeights: boolean) =>
  buildSpec(anInput(limits, {}, { blockDevices, host: { blockWeights } })).linux.resources?.blockIO;

it("names each block device once, whatever is asked of it", () => {
  expect(blockDevicePaths(limits)).toEqual(["/dev/sda", "/dev/sdb"]);
});

it("says limits of block devices by their numbers", () => {
  expect(blockIo(true)).toEqual({
    weight: 300,
    weightDevice: [{ major: 8, minor: 0, weight: 200 }],
    throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1 }],
    throttleWriteBpsDevice: [{ major: 8, minor: 16, rate: 2 }],
    throttleReadIOPSDevice: [{ major: 8, minor: 0, rate: 3 }],
    throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 4 }],
  });
});

it("leaves weights out where the kernel has none", () => {
  expect(blockIo(false)).not.toHaveProperty("weight");
  expect(blockIo(false)).not.toHaveProperty("weightDevice");
});
