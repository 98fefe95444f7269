/**
 * What a container's configuration becomes when the image's defaults are filled in.
 *
 * Pure. Follows the Docker Engine's `merge` of a create request and an image config.
 */
import { GantryError } from "../../../base/errors.js";
import type { ContainerConfig, HealthConfig } from "../../../wire/container.js";

/**
 * The request's fields win; environment and labels are united by key, ports and volumes by name. An entrypoint of the
 * request (`[""]` to have none) also drops the image's command. Throws "bad-parameter" when no command is left.
 */
export function mergeConfig(request: ContainerConfig, image: ContainerConfig): ContainerConfig {
  const Healthcheck = mergeHealthcheck(request.Healthcheck, image.Healthcheck);
  const merged: ContainerConfig = {
    ...request,
    ...mergeCommand(request, image),
    User: request.User || image.User || "",
    WorkingDir: request.WorkingDir || image.WorkingDir || "",
    Env: mergeEnv(request.Env ?? [], image.Env ?? []),
    Labels: { ...image.Labels, ...request.Labels },
    ExposedPorts: unite(image.ExposedPorts, request.ExposedPorts),
    Volumes: unite(image.Volumes, request.Volumes),
    StopSignal: request.StopSignal || image.StopSignal || undefined,
    Shell: request.Shell?.length ? request.Shell : (image.Shell ?? undefined),
    Healthcheck,
    OnBuild: request.OnBuild ?? null,
  };
  if (commandLine(merged).length === 0) throw new GantryError("bad-parameter", "No command specified");
  return merged;
}

/** Entrypoint and command in one list: what is executed. */
export function commandLine({ Entrypoint, Cmd }: ContainerConfig): string[] {
  return [...(Entrypoint ?? []), ...(Cmd ?? [])];
}

/** The request's variables, then the image's that it does not set; a bare `K` of the request removes `K`. */
export function mergeEnv(request: readonly string[], image: readonly string[]): string[] {
  const asked = new Set(request.map(keyOf));
  return [...request.filter((entry) => entry.includes("=")), ...image.filter((entry) => !asked.has(keyOf(entry)))];
}

function mergeCommand(request: ContainerConfig, image: ContainerConfig): Pick<ContainerConfig, "Entrypoint" | "Cmd"> {
  const asked = request.Entrypoint ?? [];
  const own = request.Cmd?.length ? request.Cmd : undefined;
  if (asked.length === 0) return { Entrypoint: image.Entrypoint ?? null, Cmd: own ?? image.Cmd ?? null };
  const isReset = asked.length === 1 && asked[0] === "";
  return { Entrypoint: isReset ? null : asked, Cmd: own ?? null };
}

function mergeHealthcheck(
  request: HealthConfig | null | undefined,
  image: HealthConfig | null | undefined,
): HealthConfig | undefined {
  if (!request) return image ?? undefined;
  if (!image) return request.Test?.length ? request : undefined;
  return {
    Test: request.Test?.length ? request.Test : image.Test,
    Interval: request.Interval || image.Interval,
    Timeout: request.Timeout || image.Timeout,
    StartPeriod: request.StartPeriod || image.StartPeriod,
    StartInterval: request.StartInterval || image.StartInterval,
    Retries: request.Retries || image.Retries,
  };
}

function unite(
  image: Record<string, object> | null | undefined,
  request: Record<string, object> | null | undefined,
): Record<string, object> | undefined {
  const united = { ...image, ...request };
  return Object.keys(united).length > 0 ? united : undefined;
}

function keyOf(entry: string): string {
  const at = entry.indexOf("=");
  return at < 0 ? entry : entry.slice(0, at);
}
