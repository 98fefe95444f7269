/** Refuses, before anything changes, what no engine here can do for a service that is about to run. Pure. */
import { GantryError } from "../../base/errors.js";
import type { Project, Service } from "../../compose/project.js";
import { placeOf } from "../service/field-changes.js";

/** Throws "not-supported" with the place in the file. */
export function checkSupported(project: Project, services: readonly Service[]): void {
  for (const service of services) {
    const path = `services.${service.name}`;
    if (service.isolation !== undefined && service.isolation !== "default") {
      const message = `Service "${service.name}": isolation "${service.isolation}" is for Windows containers`;
      refuse(project, `${path}.isolation`, { message, hint: "Remove isolation." });
    }
    for (const [at, hook] of (service.pre_start ?? []).entries()) {
      if (!hook.per_replica) continue;
      const place = `${path}.pre_start[${at}].per_replica`;
      const message = `${place} is not supported: the hook runs once for the service`;
      refuse(project, place, { message, hint: "Remove per_replica." });
    }
  }
}

function refuse(project: Project, path: string, { message, hint }: { message: string; hint: string }): never {
  const source = placeOf(project, path);
  throw new GantryError("not-supported", message, { hint, ...(source ? { source } : {}) });
}
