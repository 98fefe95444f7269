/** The services of a project and what they depend on, as a graph for Graphviz: what `viz` prints. Pure. */
import type { Project, Service } from "../../compose/project.js";
import { imageNameOf } from "../../plan/service/names.js";

export interface GraphOptions {
  readonly networks: boolean;
  readonly ports: boolean;
  readonly image: boolean;
  readonly indentation: string;
}

/** Docker Compose's text, services and edges in name order. */
export function dependencyGraph(project: Project, options: GraphOptions): string {
  const services = [...project.services.values()];
  const edges = services.flatMap(({ name, depends_on }) =>
    [...depends_on.keys()].map((other) => [name, other] as const),
  );
  return [
    `digraph ${quoted(project.name)} {`,
    `${options.indentation}layout=dot;`,
    ...services.map((service) => `${options.indentation}${node(service, project.name, options)}`),
    "",
    ...edges.map(([from, to]) => `${options.indentation}${quoted(from)} -> ${quoted(to)};`),
    "}",
    "",
  ].join("\n");
}

function node(service: Service, project: string, { networks, ports, image }: GraphOptions): string {
  const parts = [
    `<font point-size="15">${escaped(service.name)}</font>`,
    ...(networks ? section("Networks", [...service.networks.keys()]) : []),
    ...(ports ? section("Ports", service.ports.map(portText)) : []),
    ...(image ? section("Image", [imageNameOf(project, service)]) : []),
  ];
  return `${quoted(service.name)} [style="filled" label=<${parts.join("")}>];`;
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const body = lines.map((line) => `<br/>${escaped(line)}`).join("");
  return [`<font point-size="10"><br/><br/><b>${title}:</b>${body}</font>`];
}

function portText({ host_ip, published = "", target, protocol, mode }: Service["ports"][number]): string {
  return `${host_ip ? `${host_ip}:` : ""}${published}:${target} (${protocol}, ${mode})`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '\\"')}"`;
}

/** Labels are a kind of HTML. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
