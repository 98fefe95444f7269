/**
 * The devices of a container, as this host has them now: nodes, block devices of limits, and what the Container Device
 * Interface describes. Reads /dev and the CDI directories.
 */
import type { HostConfig } from "../../../wire/container.js";
import { readCdiRegistry } from "../../runtime/cdi/cdi-registry.js";
import { combineEdits, requestedDevices } from "../../runtime/cdi/device-requests.js";
import { allHostDevices, resolveBlockDevices, resolveCdiNode, resolveDevices } from "../../runtime/container-files.js";
import type { SpecInput } from "../../runtime/spec/spec-input.js";
import type { Rooms } from "../rooms.js";

export type PreparedDevices = Required<Pick<SpecInput, "devices" | "blockDevices">> & Pick<SpecInput, "edits">;

/** Throws "bad-parameter" for what this host does not have. Changes nothing, so create asks it too. */
export async function prepareDevices({ host }: Pick<Rooms, "host">, hostConfig: HostConfig): Promise<PreparedDevices> {
  const devices = hostConfig.Privileged ? allHostDevices() : resolveDevices(hostConfig.Devices ?? []);
  const blockDevices = resolveBlockDevices(hostConfig);
  const requests = hostConfig.DeviceRequests ?? [];
  if (requests.length === 0) return { devices, blockDevices, edits: undefined };
  const registry = await readCdiRegistry(host.cdiDirectories);
  const { nodes, ...edits } = combineEdits(requestedDevices(requests, registry), registry);
  const described = nodes.map(resolveCdiNode);
  const paths = new Set(described.map(({ path }) => path));
  return { devices: [...devices.filter(({ path }) => !paths.has(path)), ...described], blockDevices, edits };
}
