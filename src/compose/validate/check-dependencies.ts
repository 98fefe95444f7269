/** Checks that every dependency exists and that none leads back to where it began. Pure. */
import type { DraftService } from "../normalize/service/service.js";
import type { Place, Report } from "../report.js";

/** Among many cycles the first ones show what to cut; a dense graph has millions. */
const maxCycles = 10;

type Services = ReadonlyMap<string, DraftService>;

/** Reports unknown services and one cycle of each group that is cyclic. */
export function checkDependencies(services: Services, sources: ReadonlyMap<string, Place["at"]>, report: Report): void {
  for (const { service, place } of services.values()) {
    for (const name of service.depends_on.keys()) {
      if (services.has(name)) continue;
      const path = `${place.path}.depends_on.${name}`;
      const others = [...services.keys()].filter((key) => key !== service.name);
      report.undefinedName({ path, at: sources.get(path) ?? place.at }, "service", name, others);
    }
  }
  for (const cycle of findCycles(services)) {
    const [first = "", second = first] = cycle;
    const path = `services.${first}.depends_on.${second}`;
    const place = { path, at: sources.get(path) ?? services.get(first)?.place.at ?? [] };
    report.error(
      place,
      "dependency-cycle",
      `Services depend on each other: ${[...shortened(cycle), first].join(" → ")}`,
      {
        hint: "Remove one of these dependencies",
      },
    );
  }
}

/** A long way round by its two ends. */
function shortened(cycle: readonly string[]): readonly string[] {
  return cycle.length <= 12 ? cycle : [...cycle.slice(0, 6), `… ${cycle.length - 9} more …`, ...cycle.slice(-3)];
}

/** Walks without recursion, so that a chain of thousands of services cannot exhaust the stack. */
function findCycles(services: Services): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  for (const start of [...services.keys()].sort()) {
    const path: string[] = [];
    const onPath = new Set<string>();
    const pending: Array<{ name: string; leave: boolean }> = [{ name: start, leave: false }];
    for (let step = pending.pop(); step; step = pending.pop()) {
      const { name, leave } = step;
      if (leave) {
        onPath.delete(name);
        path.pop();
        done.add(name);
      } else if (onPath.has(name)) {
        if (cycles.length < maxCycles) cycles.push(path.slice(path.indexOf(name)));
      } else if (!done.has(name)) {
        onPath.add(name);
        path.push(name);
        pending.push({ name, leave: true });
        for (const next of services.get(name)?.service.depends_on.keys() ?? [])
          pending.push({ name: next, leave: false });
      }
    }
  }
  return cycles;
}
