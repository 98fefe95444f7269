/**
 * Plans what `restart: true` asks for: a service restarts after what it depends on was replaced by this plan. As in
 * Docker Compose it is down while its dependency is; where that serves on, it does too.
 *
 * Pure. Follows the Compose Specification, section "depends_on": an explicit operation of Compose counts, a restart by
 * the engine does not. A restart is such an operation too, so that it is handed on from service to service, as
 * `restart` does. Containers of services that were not named are restarted like all others.
 */
import type { Service } from "../../compose/project.js";
import type { ObservedContainer } from "../observed.js";
import { isUp, refOf, requestStart, stopOnce, type UpDraft } from "../up-draft.js";
import { addPreStop, addStarted } from "./hooks.js";

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

/**
 * Restarts the containers of a service that depends on what was updated while it served: once the update is through, so
 * that they are not down for as long as it takes. What stops and starts for another reason has seen the new ones then.
 */
export function restartAfterUpdates(draft: UpDraft, service: Service): void {
  const { builder, project, options, rollouts, restarted } = draft;
  const followed = [...service.depends_on].flatMap(([name, { restart }]) =>
    restart && (rollouts.has(name) || restarted.has(name)) ? [name] : [],
  );
  if (followed.length === 0) return;
  const after = followed.flatMap((name) => draft.starts.get(name) ?? []);
  const { timeoutS } = options;
  for (const replica of stayingOf(draft, service).filter((one) => isUp(one) && !draft.stops.has(one.id))) {
    const container = refOf(replica);
    const restart = { kind: "restart-container", container, ...(timeoutS === undefined ? {} : { timeoutS }) } as const;
    const started = builder.add(
      restart,
      `restarts with ${followed.join(", ")}`,
      addPreStop(builder, project, replica, { after }),
    );
    addStarted(draft, container, started);
    restarted.add(service.name);
  }
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
