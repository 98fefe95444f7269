/** `gantry url`: where the published ports of the project's services are reached. */
import { GantryError } from "../../../../base/errors.js";
import type { Project } from "../../../../compose/project.js";
import type { ContainerSummary } from "../../../../wire/container.js";
import type { CliContext } from "../../../context.js";
import { type ServiceUrl, urlsOf } from "../../../views/service-urls.js";
import { loadProjectOrName } from "../load.js";
import { findReplicasOf, serviceOf } from "../replicas.js";

export interface UrlFlags {
  readonly open?: boolean;
  readonly format?: string;
}

/** The first published port of a service, or the one named; without a service those of all. */
export async function url(
  context: CliContext,
  { open = false, format = "text" }: UrlFlags,
  [service, port]: readonly [string?, string?],
): Promise<void> {
  if (format !== "text" && format !== "json") throw new GantryError("bad-usage", "--format: use text or json");
  const known = await loadProjectOrName(context);
  if (!known) return;
  const replicas = await findReplicasOf(context, known, { services: service === undefined ? [] : [service] });
  const found = (await serviceUrls(context, replicas, known.project)).filter(
    ({ target }) => port === undefined || target === Number(port),
  );
  if (found.length === 0 && service !== undefined) throw notPublished(service, port, replicas);
  const [first] = found;
  const shown = service !== undefined && first ? [first] : found;
  if (format === "json") context.stdout.write(`${JSON.stringify(shown)}\n`);
  else context.stdout.write(shown.map((one) => lineOf(one, service === undefined)).join(""));
  if (open) await (await import("./open-url.js")).openUrl(context, shown[0]?.url ?? "");
}

/** Sorted by service; of replicas each published port once. */
export async function serviceUrls(
  context: CliContext,
  replicas: readonly ContainerSummary[],
  project: Project | undefined,
): Promise<ServiceUrl[]> {
  const host = await engineHost(context);
  return replicas.flatMap((one) => {
    const ports = project?.services.get(serviceOf(one))?.ports ?? [];
    const protocols = new Map(ports.flatMap(({ target, app_protocol: name }) => (name ? [[target, name]] : [])));
    return urlsOf(serviceOf(one), one.Ports, { host, protocols });
  });
}

function lineOf({ service, url: text }: ServiceUrl, isNamed: boolean): string {
  return isNamed ? `${service} ${text}\n` : `${text}\n`;
}

function notPublished(service: string, port: string | undefined, replicas: readonly unknown[]): GantryError {
  if (replicas.length === 0) {
    const hint = `Start it: gantry up -d ${service}`;
    return new GantryError("container-not-running", `service "${service}" is not running`, { hint });
  }
  const what = port === undefined ? "no port" : `no port ${port}`;
  return new GantryError("bad-parameter", `service "${service}" has ${what} that is published`, {
    hint: "Publish one under ports: in the Compose file.",
  });
}

/** The host whose ports the engine's are. */
async function engineHost(context: CliContext): Promise<string> {
  const choice = await context.chooseEngine();
  if (choice.kind === "embedded" || choice.endpoint.kind === "unix") return "localhost";
  const { host } = choice.endpoint;
  return host.includes(":") ? `[${host}]` : host;
}
