/** Block I/O limits and requests for devices, as the API takes them. Pure. */
import type { BlkioSpec, DeviceRate, DeviceRequestSpec } from "../../compose/project.js";
import type { DeviceRequest, Resources, ThrottleDevice } from "../../wire/container.js";
import { when } from "./when.js";

export function blkioLimits(limits: BlkioSpec | undefined): Resources {
  if (!limits) return {};
  const devices = limits.weight_device.map(({ path, weight }) => ({ Path: path, Weight: weight }));
  return {
    ...when("BlkioWeight", limits.weight),
    ...when("BlkioWeightDevice", devices.length > 0 ? devices : undefined),
    ...when("BlkioDeviceReadBps", throttles(limits.device_read_bps)),
    ...when("BlkioDeviceReadIOps", throttles(limits.device_read_iops)),
    ...when("BlkioDeviceWriteBps", throttles(limits.device_write_bps)),
    ...when("BlkioDeviceWriteIOps", throttles(limits.device_write_iops)),
  };
}

function throttles(rates: readonly DeviceRate[]): ThrottleDevice[] | undefined {
  return rates.length > 0 ? rates.map(({ path, rate }) => ({ Path: path, Rate: rate })) : undefined;
}

/** All capabilities of a request must hold together. */
export function deviceRequests(requests: readonly DeviceRequestSpec[]): DeviceRequest[] {
  return requests.map(({ driver, count, device_ids, capabilities, options }) => ({
    ...when("Driver", driver),
    ...when("Count", count),
    ...(device_ids.length > 0 ? { DeviceIDs: [...device_ids] } : {}),
    ...(capabilities.length > 0 ? { Capabilities: [[...capabilities]] } : {}),
    ...(Object.keys(options).length > 0 ? { Options: { ...options } } : {}),
  }));
}
