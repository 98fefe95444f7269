/** A container's environment as the API takes it. Pure. */
import type { Project, Service } from "../../compose/project.js";

/** `KEY=value`, or `KEY` alone to unset the image's value; with the names of the models that the service uses. */
export function containerEnv(project: Project, service: Service): string[] {
  const environment = { ...project.proxies, ...service.environment, ...modelNames(project, service) };
  return Object.entries(environment).map(([key, value]) => (value === null ? key : `${key}=${value}`));
}

/** The variables that tell the address of each model, sorted. */
export function modelEndpointVariables(service: Service): string[] {
  return Object.entries(service.models ?? {}).map(([key, use]) => use.endpoint_var ?? `${variablePrefix(key)}_URL`);
}

function modelNames(project: Project, service: Service): Record<string, string> {
  const uses = Object.entries(service.models ?? {});
  return Object.fromEntries(
    uses.map(([key, use]) => [use.model_var ?? `${variablePrefix(key)}_MODEL`, project.models?.get(key)?.model ?? key]),
  );
}

function variablePrefix(key: string): string {
  return key.toUpperCase().replaceAll("-", "_");
}
