/** Limits of block devices: weights and rates. Pure. */
import { GantryError } from "../../../base/errors.js";
import type { HostConfig, Resources } from "../../../wire/container.js";
import type { BlockDevice, SpecHost } from "./spec-input.js";

/** The lists of `Resources` that name block devices by their paths, and what the specification calls each. */
const throttles = {
  BlkioDeviceReadBps: "throttleReadBpsDevice",
  BlkioDeviceWriteBps: "throttleWriteBpsDevice",
  BlkioDeviceReadIOps: "throttleReadIOPSDevice",
  BlkioDeviceWriteIOps: "throttleWriteIOPSDevice",
} as const;
const throttleNames = Object.keys(throttles) as ReadonlyArray<keyof typeof throttles>;

/** Weights are left out where the kernel has none; the create reply warned. */
export function blockLimits(
  hostConfig: HostConfig,
  host: SpecHost,
  devices: ReadonlyMap<string, BlockDevice>,
): Record<string, unknown> {
  const numbers = (path: string): BlockDevice => {
    const device = devices.get(path);
    if (!device) throw new GantryError("bad-parameter", `stat ${path}: no such block device`);
    return { major: device.major, minor: device.minor };
  };
  const weights = (hostConfig.BlkioWeightDevice ?? []).map(({ Path = "", Weight = 0 }) => ({
    ...numbers(Path),
    weight: Weight,
  }));
  const rates = throttleNames.flatMap((name) => {
    const asked = (hostConfig[name] ?? []).map(({ Path = "", Rate = 0 }) => ({ ...numbers(Path), rate: Rate }));
    return asked.length > 0 ? [[throttles[name], asked] as const] : [];
  });
  return {
    ...(hostConfig.BlkioWeight && host.blockWeights ? { weight: hostConfig.BlkioWeight } : {}),
    ...(weights.length > 0 && host.blockWeights ? { weightDevice: weights } : {}),
    ...Object.fromEntries(rates),
  };
}

/** Paths of block devices that the limits name. */
export function blockDevicePaths(limits: Resources): string[] {
  const named = [limits.BlkioWeightDevice, ...throttleNames.map((name) => limits[name])];
  return [...new Set(named.flatMap((list) => (list ?? []).map(({ Path = "" }) => Path)))];
}
