/**
 * Plans what `restart: true` asks for: a service restarts after what it depends on was replaced by this plan.
 *
 * Pure. Follows the Compose Specification, section "depends_on": an explicit operation of Compose counts, a restart by
 * the engine does not. A restart is such an operation too, so that it is handed on from service to service, as
 * `restart` does. Containers of services that were not named are restarted like all others.
 */
import type { Service } from "../../compose/project.js";
import type { ObservedContainer } from "../observed.js";
import { isUp, refOf, requestStart, stopOnce, type UpDraft } from "../up-draft.js";

/**
 * Stops the followers of a service that is replaced, those of a follower before it, and has them started again; the
 * operations after which they are down. What is not started in the end is not stopped either.
 */
export function stopFollowers(draft: UpDraft, name: string, seen: ReadonlySet<string> = new Set()): string[] {
  if (draft.options.noStart || seen.has(name)) return [];
  const onTheWay = new Set([...seen, name]);
  return followersOf(draft, name).flatMap((follower) => {
    const containers = stayingOf(draft, follower).filter(isUp);
    // One that is down, or is made anew, does not restart; what follows it is told when its own turn comes.
    if (containers.length === 0) return [];
    const before = stopFollowers(draft, follower.name, onTheWay);
    return containers.flatMap((container) => {
      const isKnown = draft.stops.has(container.id);
      const stopped = stopOnce(draft, container, `restarts with ${name}`, { settled: before });
      if (!isKnown && !draft.verdicts.has(follower.name)) {
        requestStart(draft, { container: refOf(container), after: stopped, cause: "was stopped for this change" });
      }
      return stopped;
    });
  });
}

function followersOf({ project, selected, options }: UpDraft, name: string): Service[] {
  const concerned = options.noDeps ? selected : [...project.services.values()];
  return concerned.filter((service) => service.depends_on.get(name)?.restart);
}

/** Its containers that are not replaced or removed; those of a service that was not named all stay. */
function stayingOf({ verdicts, observed }: UpDraft, service: Service): ObservedContainer[] {
  const verdict = verdicts.get(service.name);
  if (verdict) return verdict.keep.map(({ container }) => container);
  return observed.containers.filter((container) => container.service === service.name && !container.isOneOff);
}
