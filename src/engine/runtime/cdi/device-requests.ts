/**
 * Which devices of the Container Device Interface a create request asks for, and what they change. Pure.
 *
 * Requests with the driver `cdi` name them; `--gpus` asks for a capability, which a kind of the class `gpu` has.
 */
import { GantryError } from "../../../base/errors.js";
import type { DeviceRequest } from "../../../wire/container.js";
import type { DeviceEdits } from "../spec/spec-input.js";
import { type CdiEdits, type CdiNode, parseCdiName } from "./cdi-file.js";
import type { CdiRegistry } from "./cdi-registry.js";

/** Vendors of GPUs by the name of their driver; without one the first that is there. */
const gpuKinds: Readonly<Record<string, readonly string[]>> = {
  "": ["nvidia.com/gpu", "amd.com/gpu", "intel.com/gpu"],
  nvidia: ["nvidia.com/gpu"],
  amd: ["amd.com/gpu"],
};
/** What a request for GPUs may list beside `gpu`: a description gives all of them. */
const gpuCapabilities = ["gpu", "compute", "compat32", "graphics", "utility", "video", "display"];
const allDevices = "all";

/** Qualified names, each once. Throws "bad-parameter" for what this host does not describe. */
export function requestedDevices(requests: readonly DeviceRequest[], registry: CdiRegistry): string[] {
  return [...new Set(requests.flatMap((request) => devicesOf(request, registry)))];
}

/** The changes of these devices put together: a file's common ones first, once for all devices of the file. */
export function combineEdits(names: readonly string[], registry: CdiRegistry): DeviceEdits & { nodes: CdiNode[] } {
  const seen = new Set<string>();
  const edits = names.flatMap((name): CdiEdits[] => {
    const device = registry.devices.get(name);
    if (!device) return [];
    const isFirst = !seen.has(device.file);
    seen.add(device.file);
    return isFirst ? [device.common, device.edits] : [device.edits];
  });
  const hooks: Record<string, Array<Readonly<Record<string, unknown>>>> = {};
  for (const { name, hook } of edits.flatMap((one) => one.hooks)) hooks[name] = [...(hooks[name] ?? []), hook];
  return {
    env: edits.flatMap(({ env }) => env),
    nodes: edits.flatMap(({ nodes }) => nodes),
    mounts: edits.flatMap(({ mounts }) => mounts),
    additionalGids: edits.flatMap(({ additionalGids }) => additionalGids),
    hooks,
  };
}

function devicesOf(request: DeviceRequest, registry: CdiRegistry): string[] {
  if (Object.keys(request.Options ?? {}).length > 0) {
    throw new GantryError("bad-parameter", "DeviceRequests: Options are not supported: a CDI device has none");
  }
  return request.Driver === "cdi" ? namedDevices(request, registry) : gpus(request, registry);
}

function namedDevices({ DeviceIDs }: DeviceRequest, registry: CdiRegistry): string[] {
  const names = DeviceIDs ?? [];
  for (const name of names) {
    if (!parseCdiName(name)) throw new GantryError("bad-parameter", `invalid CDI device name: ${name}`);
    if (!registry.devices.has(name)) throw unresolvable([name], registry);
  }
  return [...names];
}

function gpus(request: DeviceRequest, registry: CdiRegistry): string[] {
  const { Driver = "", Count = 0, DeviceIDs, Capabilities } = request;
  const asksGpu = (Capabilities ?? []).some(
    (all) => all.includes("gpu") && all.every((name) => gpuCapabilities.includes(name)),
  );
  const kind = asksGpu ? gpuKinds[Driver]?.find((one) => devicesOfKind(one, registry).length > 0) : undefined;
  if (!kind) throw noDriver(request, registry);
  if (DeviceIDs?.length && Count > 0) {
    throw new GantryError("bad-parameter", "cannot set both Count and DeviceIDs on device request");
  }
  if (DeviceIDs?.length) {
    const names = DeviceIDs.map((id) => (parseCdiName(id) ? id : `${kind}=${id}`));
    const unknown = names.filter((name) => !registry.devices.has(name));
    if (unknown.length > 0) throw unresolvable(unknown, registry);
    return names;
  }
  const there = devicesOfKind(kind, registry);
  const single = there.filter((name) => name !== `${kind}=${allDevices}`);
  if (Count < 0) return there.includes(`${kind}=${allDevices}`) ? [`${kind}=${allDevices}`] : single;
  // A description may name each device twice, by number and by UUID: numbers are what is counted.
  const numbered = single.filter((name) => /=\d+$/.test(name));
  const counted = numbered.length > 0 ? numbered : single;
  if (Count > counted.length) {
    throw new GantryError(
      "bad-parameter",
      `DeviceRequests: ${Count} of ${kind} asked for, ${counted.length} described`,
    );
  }
  return counted.slice(0, Count === 0 ? 1 : Count);
}

function devicesOfKind(kind: string, { devices }: CdiRegistry): string[] {
  return [...devices.keys()].filter((name) => name.startsWith(`${kind}=`)).sort(byNumber);
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** Docker's text. */
function noDriver({ Driver = "", Capabilities }: DeviceRequest, { problems }: CdiRegistry): GantryError {
  const asked = (Capabilities ?? []).map((all) => `[${all.join(" ")}]`).join(" ");
  return new GantryError("bad-parameter", `could not select device driver "${Driver}" with capabilities: [${asked}]`, {
    hint: hintOf("Describe the GPU by a CDI specification in /etc/cdi (nvidia-ctk cdi generate writes one)", problems),
  });
}

function unresolvable(names: readonly string[], { problems }: CdiRegistry): GantryError {
  return new GantryError(
    "bad-parameter",
    `CDI device injection failed: unresolvable CDI devices ${names.join(", ")} of DeviceRequests`,
    { hint: hintOf("Put its CDI specification into /etc/cdi or /var/run/cdi", problems) },
  );
}

function hintOf(text: string, problems: readonly string[]): string {
  return problems.length > 0 ? `${text}; not usable: ${problems.join("; ")}` : text;
}
