/** Chooses the services of a run: by profiles, by names with their dependencies. Pure. */
import { didYouMean } from "../did-you-mean.js";
import type { DraftService } from "../normalize/service/service.js";
import type { Service } from "../project.js";
import { nowhere, type Report } from "../report.js";

export interface Selection {
  readonly profiles: readonly string[];
  /** Named services; undefined or empty for all. */
  readonly services?: readonly string[] | undefined;
  /** False leaves out what the named services depend on. */
  readonly withDependencies?: boolean | undefined;
  /** True keeps every dependency as it is written: nothing is about to run. */
  readonly forReading?: boolean | undefined;
}
export interface Selected {
  /** Sorted by name; dependencies on services that are left out are gone. */
  readonly services: ReadonlyMap<string, DraftService>;
  readonly disabled: readonly string[];
}

/**
 * Services that the active profiles enable, narrowed to the named ones and what they need. Naming a service activates
 * its profiles. A required dependency on a disabled service is an error.
 */
export function selectServices(all: ReadonlyMap<string, DraftService>, selection: Selection, report: Report): Selected {
  const named = (selection.services ?? []).flatMap((name) => matches(name, all));
  for (const name of named) {
    if (all.has(name)) continue;
    report.error(nowhere, "undefined-service", `no such service: ${name}`, { hint: didYouMean(name, [...all.keys()]) });
  }
  const active = new Set([...selection.profiles, ...named.flatMap((name) => all.get(name)?.service.profiles ?? [])]);
  const { forReading = false } = selection;
  const enabled = new Map([...all].filter(([, draft]) => isEnabled(draft.service, active)));
  checkDisabledDependencies(enabled, all, report);
  const wanted =
    named.length === 0 ? new Set(enabled.keys()) : closure(named, enabled, selection.withDependencies ?? true);
  const services = new Map<string, DraftService>();
  for (const name of [...enabled.keys()].filter((key) => wanted.has(key)).sort()) {
    const draft = enabled.get(name);
    if (draft) services.set(name, forReading ? draft : withoutDependencies(draft, wanted));
  }
  return { services, disabled: [...all.keys()].filter((name) => !services.has(name)).sort() };
}

/** The services that `web*` or `db-?` stands for; the name itself when it is no pattern or nothing fits. */
function matches(name: string, all: ReadonlyMap<string, DraftService>): readonly string[] {
  if (all.has(name) || !/[*?[]/.test(name)) return [name];
  const escaped = name
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  const pattern = globPattern(escaped);
  const found = [...all.keys()].filter((key) => pattern?.test(key));
  return found.length > 0 ? found : [name];
}

function globPattern(source: string): RegExp | undefined {
  try {
    return new RegExp(`^${source.replaceAll("[!", "[^")}$`);
  } catch {
    return undefined; // a bracket that is not closed: no pattern
  }
}

function isEnabled({ profiles }: Service, active: ReadonlySet<string>): boolean {
  return profiles.length === 0 || active.has("*") || profiles.some((profile) => active.has(profile));
}

function checkDisabledDependencies(
  enabled: ReadonlyMap<string, DraftService>,
  all: ReadonlyMap<string, DraftService>,
  report: Report,
): void {
  for (const { service, place } of enabled.values()) {
    for (const [name, { required }] of service.depends_on) {
      const target = all.get(name);
      if (!required || !target || enabled.has(name)) continue;
      const profiles = target.service.profiles.join(", ");
      const message = `Service "${service.name}" needs "${name}", which is disabled`;
      report.error(place, "disabled-dependency", message, { hint: `Activate it: --profile ${profiles}` });
    }
  }
}

function closure(names: readonly string[], all: ReadonlyMap<string, DraftService>, deep: boolean): Set<string> {
  const found = new Set<string>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    if (deep) waiting.push(...(all.get(name)?.service.depends_on.keys() ?? []));
  }
  return found;
}

/** Names that nothing defines stay, so that the consistency check can report them. */
function withoutDependencies(draft: DraftService, kept: ReadonlySet<string>): DraftService {
  const depends_on = new Map([...draft.service.depends_on].filter(([name]) => kept.has(name)));
  return { ...draft, service: { ...draft.service, depends_on } };
}
