/**
 * Follows the files of a project and does what its watch rules ask for.
 *
 * Life: `run` ends when its signal is aborted. Batches are worked off one after the other; what changes meanwhile is
 * the next batch. A step that fails is told, and watching goes on.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { Project } from "../../../../compose/project.js";
import { type ChangedPath, judgeChanges, type WatchStep } from "../../../../plan/watch/judge-changes.js";
import type { ActiveRule } from "../../../../plan/watch/watch-rules.js";
import { composeLabels } from "../../../../wire/labels.js";
import type { CliContext } from "../../../context.js";
import { styleFor } from "../../../views/style.js";
import { withFinish } from "../../../with-finish.js";
import { say, warn } from "../output/notice.js";
import { wantsColor } from "../output/terminal.js";
import { runPlan, takeLock } from "../run-plan.js";
import { planOrPull, upOptions } from "../up.js";
import type { WatchFlags } from "./watch.js";

export interface WatchJob {
  readonly project: Project;
  readonly rules: readonly ActiveRule[];
  readonly flags: Pick<WatchFlags, "prune" | "quiet" | "waitLock">;
  /** Ends without grace what is under way. Default: the program's own. */
  readonly forced?: AbortSignal;
}

type StepOf<Kind extends WatchStep["kind"]> = Extract<WatchStep, { kind: Kind }>;

/** As many containers as docker compose copies into at once. */
const copiesAtOnce = 16;
/** More than anybody saves at once: a rule may take in what it should not. */
const manyChanges = 1000;

export class WatchSession {
  readonly #context: CliContext;
  readonly #client: EngineClient;
  readonly #job: WatchJob;

  constructor(context: CliContext, client: EngineClient, job: WatchJob) {
    this.#context = context;
    this.#client = client;
    this.#job = job;
  }

  /** Rejects only when files cannot be watched at all. */
  async run(signal: AbortSignal): Promise<void> {
    const { watchFiles } = await import("../../../../apply/watch/watch-files.js");
    const { rules } = this.#job;
    await using files = await watchFiles(rules);
    for (const rule of rules.filter(({ copiesFirst }) => copiesFirst)) {
      await this.#attempt(() => this.#copyAll(rule, signal), signal);
    }
    this.#say(`Watching ${watchedPaths(rules).join(", ")}`);
    for (;;) {
      const changes = await files.next(signal);
      if (!changes) return;
      await this.#work(changes, signal);
    }
  }

  async #work(changes: readonly ChangedPath[], signal: AbortSignal): Promise<void> {
    if (changes.length > manyChanges) {
      this.#say(`${changes.length} files changed at once; "ignore" leaves out what does not matter`);
    }
    for (const step of judgeChanges(this.#job.rules, changes)) {
      if (signal.aborted) return;
      await this.#attempt(() => this.#take(step, signal), signal);
    }
  }

  #take(step: WatchStep, signal: AbortSignal): Promise<void> {
    switch (step.kind) {
      case "rebuild":
        return this.#rebuild(step, signal);
      case "sync":
        return this.#sync(step, signal);
      case "restart":
        return this.#restart(step, signal);
      case "exec":
        return this.#exec(step, signal);
    }
  }

  /** As `up --build` of the services alone; what they were is removed when nobody has a name for it. */
  async #rebuild({ services }: StepOf<"rebuild">, signal: AbortSignal): Promise<void> {
    const { project, flags, forced = this.#context.forced } = this.#job;
    this.#say(`Rebuilding ${services.join(", ")}`);
    const { waitLock: wait } = flags;
    const locked = { project: project.name, command: "watch", wait, signal };
    await using _lock = await takeLock(this.#context, this.#client, locked);
    const before = await this.#imagesOf(services);
    const options = upOptions(this.#quietly(), { build: true, deps: false }, services);
    const quietBuilds = flags.quiet === true;
    const asked = { project, options, signal, quietBuilds };
    const { plan, isFailed } = await planOrPull(this.#quietly(), this.#client, asked);
    if (isFailed) return;
    const run = { command: "watch", project, signal, forced, quietBuilds, failuresAreWarnings: true };
    const { outcome } = await runPlan(this.#quietly(), this.#client, plan, run);
    if (outcome !== "succeeded") return;
    this.#say(`${services.join(", ")} ${services.length === 1 ? "is" : "are"} up to date`);
    if (flags.prune) await this.#removeUnnamed(before, await this.#imagesOf(services));
    const copied = this.#job.rules.filter((rule) => rule.copiesFirst && services.includes(rule.service));
    for (const rule of copied) await this.#copyAll(rule, signal);
  }

  async #sync({ service, copies, removals }: StepOf<"sync">, signal: AbortSignal): Promise<void> {
    const { syncFiles } = await import("../../../../apply/watch/sync-files.js");
    const running = await this.#running([service]);
    for (let at = 0; at < running.length; at += copiesAtOnce) {
      const some = running.slice(at, at + copiesAtOnce);
      await Promise.all(some.map(({ Id }) => syncFiles(this.#client, Id, { copies, removals }, signal)));
    }
    const [first] = [...copies.map(({ to }) => to), ...removals];
    const count = copies.length + removals.length;
    const what = count === 1 ? first : `${count} files`;
    this.#say(running.length === 0 ? `${service} does not run: nothing was copied` : `Copied ${what} to ${service}`);
  }

  async #restart({ services }: StepOf<"restart">, signal: AbortSignal): Promise<void> {
    const { project, forced = this.#context.forced } = this.#job;
    const { observeResources } = await import("../../../../apply/observe.js");
    const { planRestart } = await import("../../../../plan/plan-lifecycle.js");
    const observed = await observeResources(this.#client, project.name);
    const plan = planRestart(project, observed, { services, noDeps: true });
    const run = { command: "watch", signal, forced, failuresAreWarnings: true };
    const { outcome } = await runPlan(this.#quietly(), this.#client, plan, run);
    if (outcome === "succeeded") this.#say(`Restarted ${services.join(", ")}`);
  }

  async #exec({ service, hook }: StepOf<"exec">, signal: AbortSignal): Promise<void> {
    const { project, forced = this.#context.forced } = this.#job;
    const { observeResources } = await import("../../../../apply/observe.js");
    const { planWatchExec } = await import("../../../../plan/watch/plan-watch-exec.js");
    const plan = planWatchExec(project, await observeResources(this.#client, project.name), { service, hook });
    const run = { command: "watch", signal, forced, failuresAreWarnings: true };
    const { outcome } = await runPlan(this.#quietly(), this.#client, plan, run);
    if (outcome === "succeeded") this.#say(`Ran ${hook.command.join(" ")} in ${service}`);
  }

  /** `initial_sync`: everything that the rule names, as if it had changed. */
  async #copyAll(rule: ActiveRule, signal: AbortSignal): Promise<void> {
    const { path } = rule.place;
    const changes = await everythingBelow(rule, path);
    const only = judgeChanges([rule], changes).filter((step) => step.kind === "sync");
    for (const step of only) await this.#attempt(() => this.#take(step, signal), signal);
  }

  async #attempt(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (signal.aborted) return;
      const hint = error instanceof Error && "hint" in error && typeof error.hint === "string" ? error.hint : undefined;
      this.#say(`${messageOf(error)}${hint === undefined ? "" : `\n  hint: ${hint}`}`, "red");
    }
  }

  #running(services: readonly string[]) {
    const { name } = this.#job.project;
    const label = [`${composeLabels.project}=${name}`];
    return this.#client.containers
      .list({ filters: { label, status: ["running"] } })
      .then((all) => all.filter(({ Labels }) => services.includes(Labels[composeLabels.service] ?? "")));
  }

  async #imagesOf(services: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set((await this.#running(services)).map(({ ImageID }) => ImageID));
  }

  async #removeUnnamed(before: ReadonlySet<string>, after: ReadonlySet<string>): Promise<void> {
    for (const id of before) {
      if (after.has(id)) continue;
      const image = await this.#client.images.inspect(id).catch(() => undefined);
      // Somebody else's container may still have it: then it stays.
      if (image?.RepoTags?.length === 0) await this.#client.images.remove(id).catch(() => {});
    }
  }

  /** Failures are told, and are not the command's: its exit code is its end's. */
  #quietly(): CliContext {
    return withFinish(this.#context, () => {});
  }

  #say(text: string, paint: "cyan" | "red" = "cyan"): void {
    const style = styleFor(wantsColor(this.#context, this.#context.stderr));
    const line = `${style[paint]("⦿")} ${text}`;
    if (paint === "red") warn(this.#context, text, { text: line });
    else say(this.#context, line);
  }
}

/** Files and folders that the rules are about, sorted. */
export function watchedPaths(rules: readonly ActiveRule[]): string[] {
  return [...new Set(rules.map(({ place }) => place.path))].sort();
}

async function everythingBelow(rule: ActiveRule, path: string): Promise<ChangedPath[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOTDIR") return undefined;
    if (error.code === "ENOENT") return []; // gone since it was listed: a build tool is at work
    throw error;
  });
  if (!entries) return [{ path, isGone: false, isDirectory: false }];
  const found: ChangedPath[] = [];
  for (const entry of entries) {
    const inner = join(path, entry.name);
    found.push({ path: inner, isGone: false, isDirectory: entry.isDirectory() });
    if (entry.isDirectory() && !rule.skips(inner)) found.push(...(await everythingBelow(rule, inner)));
  }
  return found;
}
