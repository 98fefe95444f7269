/** Normalises what a service asks of devices: block I/O limits, and devices by what they can do. Pure. */
import type { BlkioSpec, DeviceRate, DeviceRequestSpec } from "../../project.js";
import { child, descend, itemsOf, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import { compact, readBytes, readInteger, readText, readTextMap, readTexts } from "../read.js";

const weights = { min: 0, max: 1000 };

/** Undefined when nothing is limited. */
export function normalizeBlkio(node: Tree | undefined, context: Context): BlkioSpec | undefined {
  if (node?.kind !== "map") return undefined;
  const rates = (key: string) => itemsOf(child(node, key)).flatMap((item) => deviceRate(item, context));
  return compact({
    weight: readInteger(child(node, "weight"), context, weights),
    weight_device: itemsOf(child(node, "weight_device")).flatMap((item) => {
      const path = readText(child(item, "path"));
      const weight = readInteger(child(item, "weight"), context, weights);
      return path === undefined || weight === undefined ? [] : [{ path, weight }];
    }),
    device_read_bps: rates("device_read_bps"),
    device_read_iops: rates("device_read_iops"),
    device_write_bps: rates("device_write_bps"),
    device_write_iops: rates("device_write_iops"),
  });
}

function deviceRate(node: Tree, context: Context): DeviceRate[] {
  const path = readText(child(node, "path"));
  const rate = readBytes(child(node, "rate"), context);
  return path === undefined || rate === undefined ? [] : [{ path, rate }];
}

/** Of `gpus`, of CDI names under `devices`, and of the reservations under `deploy`. Undefined when there are none. */
export function normalizeDeviceRequests(service: Tree, context: Context): DeviceRequestSpec[] | undefined {
  const gpus = child(service, "gpus");
  const reserved = itemsOf(descend(service, "deploy", "resources", "reservations", "devices"));
  const requests = [
    ...(gpus?.kind === "scalar" ? [request(gpus, countOf(gpus, context), ["gpu"])] : []),
    ...itemsOf(gpus).map((item) => memberRequest(item, ["gpu"], context)),
    ...cdiRequests(child(service, "devices")),
    ...reserved.map((item) => memberRequest(item, [], context)),
  ];
  return requests.length > 0 ? requests : undefined;
}

/** True for the name of a device in the Container Device Interface, `vendor.com/class=name`. */
export function isCdiName(source: string): boolean {
  return /^[^/=]+\/[^/=]+=/.test(source);
}

function cdiRequests(devices: Tree | undefined): DeviceRequestSpec[] {
  const sources = itemsOf(devices).map((item) => readText(item.kind === "map" ? child(item, "source") : item) ?? "");
  const names = sources.filter(isCdiName);
  return names.length === 0 ? [] : [{ driver: "cdi", device_ids: names, capabilities: [], options: {} }];
}

function memberRequest(node: Tree, more: readonly string[], context: Context): DeviceRequestSpec {
  const ids = readTexts(child(node, "device_ids"));
  const count = child(node, "count");
  return request(node, ids.length > 0 ? undefined : count ? countOf(count, context) : -1, more);
}

function request(node: Tree, count: number | undefined, more: readonly string[]): DeviceRequestSpec {
  return compact({
    driver: readText(child(node, "driver")),
    count,
    device_ids: readTexts(child(node, "device_ids")),
    capabilities: [...new Set([...readTexts(child(node, "capabilities")), ...more])],
    options: readTextMap(child(node, "options")),
  });
}

function countOf(node: Tree, context: Context): number | undefined {
  return readText(node) === "all" ? -1 : readInteger(node, context);
}
