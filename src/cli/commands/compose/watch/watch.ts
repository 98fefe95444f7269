/** `gantry watch`: brings the services up that have watch rules, then follows their files until Ctrl-C. */
import { GantryError } from "../../../../base/errors.js";
import type { Project } from "../../../../compose/project.js";
import type { CliContext } from "../../../context.js";
import { withFinish } from "../../../with-finish.js";
import { loadModel } from "../load.js";
import { warn } from "../output/notice.js";
import { up } from "../up.js";
import { openWatch } from "./open-watch.js";
import { WatchSession, watchedPaths } from "./watch-session.js";

export interface WatchFlags {
  /** False with `--no-up`. */
  readonly up: boolean;
  /** Images that a rebuild leaves without a name are removed. */
  readonly prune: boolean;
  /** Nothing is shown of what builds say. */
  readonly quiet?: boolean;
  /** False with `--no-wait-lock`. */
  readonly waitLock: boolean;
}

/** Exit code 130 once it was ended; 1 when there is nothing to watch, or the services do not come up. */
export async function watch(context: CliContext, flags: WatchFlags, services: readonly string[]): Promise<void> {
  const project = await loadModel(context, services);
  if (!project) return;
  const rules = await openWatch(project, services);
  for (const warning of rules.warnings) warn(context, warning);
  if (flags.up) {
    const started = { detach: true, recreate: true, deps: true, start: true, color: true, logPrefix: true };
    const builds = { build: true, quietBuild: flags.quiet === true, waitLock: flags.waitLock };
    let exitCode = 0;
    const inner = withFinish(context, (code) => {
      exitCode = code;
    });
    await up(inner, { ...started, ...builds }, watchedServices(project, services));
    if (exitCode !== 0) return context.finish(exitCode);
  }
  const { dryRun } = context.globals;
  if (dryRun) return void context.stdout.write(`Would watch ${watchedPaths(rules.active).join(", ")}\n`);
  const client = await context.connect();
  const session = new WatchSession(context, client, { project, rules: rules.active, flags });
  await session.run(context.signal);
}

/** Those of the named services, or of all, that have rules. Throws "bad-parameter" when none has. */
export function watchedServices(project: Project, services: readonly string[]): string[] {
  const named = [...project.services.values()].filter(({ name }) => services.length === 0 || services.includes(name));
  const watched = named.filter(({ untyped }) => untyped?.develop !== undefined).map(({ name }) => name);
  if (watched.length > 0) return watched;
  throw new GantryError("bad-parameter", "none of the services has something to watch", {
    hint: 'Add rules under "develop.watch" of a service: path, action, target',
  });
}
