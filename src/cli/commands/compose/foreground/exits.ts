/** What the exit of a container means to a foreground `up`: nothing, or the end of all, and with which code. Pure. */
import type { Project } from "../../../../compose/project.js";

/** As commander gives them. */
export interface ExitFlags {
  readonly abortOnContainerExit?: boolean;
  readonly abortOnContainerFailure?: boolean;
  readonly exitCodeFrom?: string;
}

/** What has been heard so far: the code of the exit that ends all, and the one that `--exit-code-from` asks for. */
export interface ExitState {
  readonly trigger?: number;
  readonly asked?: number;
}

export interface Exit {
  readonly service: string;
  readonly code: number;
}

/**
 * The state after one more exit. As in Docker Compose, `--exit-code-from` ends all at the first exit of any container,
 * and only says whose code counts. Otherwise than there, a job that others wait for and that ends with 0 is done: it
 * ends nothing.
 */
export function afterExit(
  state: ExitState,
  { service, code }: Exit,
  { project, flags, watched }: { project: Project; flags: ExitFlags; watched: ReadonlySet<string> },
): ExitState {
  const { abortOnContainerExit, abortOnContainerFailure, exitCodeFrom } = flags;
  const known = exitCodeFrom === service && state.asked === undefined ? { ...state, asked: code } : state;
  const endsAtAny = abortOnContainerExit || (exitCodeFrom !== undefined && !abortOnContainerFailure);
  const counts = endsAtAny || (abortOnContainerFailure && code !== 0);
  if (known.trigger !== undefined || !counts || !watched.has(service)) return known;
  const isDone = code === 0 && service !== exitCodeFrom && isAwaitedAsJob(project, service);
  return isDone ? known : { ...known, trigger: code };
}

function isAwaitedAsJob(project: Project, name: string): boolean {
  return [...project.services.values()].some(
    (service) => service.depends_on.get(name)?.condition === "service_completed_successfully",
  );
}
