/** Builds projects from texts for the tests of the pure rooms: no file is read. */
import type { Diagnostic } from "../base/diagnostic.js";
import { interpolateTree } from "./interpolate/interpolate-tree.js";
import { parseYaml } from "./load/parse-yaml.js";
import { mergeFiles } from "./merge/merge.js";
import { buildProject } from "./normalize/build-project.js";
import type { Project, Service } from "./project.js";
import { Report } from "./report.js";
import type { Tree } from "./tree.js";
import { checkSchema } from "./validate/check-schema.js";

export interface TextOptions {
  readonly environment?: Record<string, string>;
  readonly profiles?: readonly string[];
  readonly services?: readonly string[];
  readonly withDependencies?: boolean;
  readonly forReading?: boolean;
}
export interface TextResult {
  readonly project: Project;
  readonly diagnostics: readonly Diagnostic[];
}

/** The project of some files' texts, called `a.yaml`, `b.yaml`, … in the project `demo` at `/demo`. */
export function projectOf(texts: string | readonly string[], options: TextOptions = {}): TextResult {
  const report = new Report();
  const { environment = {}, profiles = [] } = options;
  let model: Tree | undefined;
  [texts].flat().forEach((text, index) => {
    for (const document of parseYaml(text, `${"abcdef"[index]}.yaml`, report)) {
      const tree = interpolateTree(document, { values: environment, warned: new Set() }, report);
      model = mergeFiles(model, tree, report);
    }
  });
  if (!model) throw new Error(`No model: ${JSON.stringify(report.sorted())}`);
  checkSchema(model, report);
  const project = buildProject(model, {
    name: "demo",
    directory: "/demo",
    files: ["/demo/a.yaml"],
    envFiles: [],
    environment,
    selection: { ...options, profiles },
    report,
    readServiceFiles: ({ service }) => service,
    checkFileSpecs: () => undefined,
  });
  return { project, diagnostics: report.sorted() };
}

/** The service `web` of a file that has only it: `body` are its attributes, `image` is added. */
export function serviceOf(body: string, rest = "", options: TextOptions = {}): Service & { problems: string[] } {
  const { project, diagnostics } = projectOf(fileOf(body, rest), options);
  const service = project.services.get("web");
  if (!service) throw new Error(`No service: ${lines(diagnostics).join("; ")}`);
  return { ...service, problems: lines(diagnostics) };
}

/** The problems of such a file, each as `line:column code message`. */
export function problemsOf(body: string, rest = ""): string[] {
  return lines(projectOf(fileOf(body, rest)).diagnostics);
}

function fileOf(body: string, rest: string): string {
  const attributes = body.split("\n").map((line) => `    ${line}`);
  return ["services:", "  web:", "    image: app", ...attributes, rest].join("\n");
}

/** Diagnostics as lines to compare. */
export function lines(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(({ source, code, message }) => {
    const place = source ? `${source.line}:${source.column} ` : "";
    return `${place}${code} ${message}`;
  });
}
