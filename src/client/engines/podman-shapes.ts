/**
 * Where Podman's Docker-compatible replies differ from Docker's, they are made the same. Pure.
 *
 * Seen with Podman 4.3: a container without a health check has one without a status, an empty log is null, networks of
 * a container bear their names in place of their ids, images their full names, and stop signals are numbers.
 */
import { constants } from "node:os";
import type { ContainerInspect, ContainerSummary } from "../../wire/container.js";
import type { EndpointSettings } from "../../wire/network.js";

/** One element of the container list. */
export function summaryFromPodman(summary: ContainerSummary): ContainerSummary {
  const { NetworkSettings, Image } = summary;
  return {
    ...summary,
    Image: familiarName(Image),
    Ports: summary.Ports ?? [],
    Mounts: summary.Mounts ?? [],
    NetworkSettings: { Networks: withoutNames(NetworkSettings?.Networks ?? {}) },
  };
}

/** An inspection. */
export function inspectionFromPodman(inspection: ContainerInspect): ContainerInspect {
  const { State, Config, NetworkSettings } = inspection;
  const { Health, ...state } = State;
  return {
    ...inspection,
    State: Health?.Status ? { ...state, Health: { ...Health, Log: Health.Log ?? [] } } : state,
    Config: { ...Config, Image: familiarName(Config.Image ?? ""), ...signalName(Config.StopSignal) },
    NetworkSettings: { ...NetworkSettings, Networks: withoutNames(NetworkSettings.Networks ?? {}) },
  };
}

/** An id that is the network's name says nothing: unknown, as before a first start. */
function withoutNames<Place extends EndpointSettings>(networks: Record<string, Place>): Record<string, Place> {
  return Object.fromEntries(
    Object.entries(networks).map(([name, place]) => [
      name,
      place.NetworkID === name ? { ...place, NetworkID: "" } : place,
    ]),
  );
}

/** As Docker would show it, and people write it: no default registry, no default tag. */
function familiarName(name: string): string {
  return name.replace(/^docker\.io\/(library\/)?/, "").replace(/:latest$/, "");
}

function signalName(text: string | undefined): { StopSignal?: string } {
  if (text === undefined || !/^\d+$/.test(text)) return {};
  const name = Object.entries(constants.signals).find(([, number]) => number === Number(text))?.[0];
  return name === undefined ? {} : { StopSignal: name };
}
