/** `gantry pull` and `push`: images of services, from and to their registries. */
import { GantryError, messageOf } from "../../../base/errors.js";
import { isRecord } from "../../../base/json.js";
import { printable } from "../../../base/printable.js";
import type { Service } from "../../../compose/project.js";
import type { CliContext } from "../../context.js";
import { loadModel } from "./load.js";
import { runPlan } from "./run-plan.js";

export interface PullFlags {
  readonly policy?: string;
  readonly includeDeps?: boolean;
  readonly ignoreBuildable?: boolean;
  readonly ignorePullFailures?: boolean;
  readonly quiet?: boolean;
}

/** Pulls the images of the services, each once. */
export async function pull(context: CliContext, flags: PullFlags, services: readonly string[]): Promise<void> {
  const { policy } = flags;
  if (policy !== undefined && policy !== "always" && policy !== "missing") {
    throw new GantryError("bad-usage", "--policy: use always or missing");
  }
  const project = await loadModel(context, services);
  if (!project) return;
  const client = await context.connect();
  const [{ observeImages }, { planPull }, { selectServices }, { nothingObserved }] = await Promise.all([
    import("../../../apply/observe.js"),
    import("../../../plan/plan-images.js"),
    import("../../../plan/up-options.js"),
    import("../../../plan/observed.js"),
  ]);
  const images = await observeImages(client, project, { signal: context.signal });
  const selected = selectServices(project, services, !flags.includeDeps).filter(
    (service) => !flags.ignoreBuildable || !service.build,
  );
  const pulls = planPull(project, { ...nothingObserved, images }, selected, policy);
  await runPlan(context, client, pulls, {
    command: "pull",
    quiet: flags.quiet === true,
    failuresAreWarnings: flags.ignorePullFailures === true,
  });
}

export interface PushFlags {
  readonly includeDeps?: boolean;
  readonly ignorePushFailures?: boolean;
  readonly quiet?: boolean;
}

/** Sends the images, and the further tags, of services that both build and name one. Exit code 1 when one failed. */
export async function push(context: CliContext, flags: PushFlags, services: readonly string[]): Promise<void> {
  const project = await loadModel(context, services);
  if (!project) return;
  const { selectServices } = await import("../../../plan/up-options.js");
  const names = imagesToPush(selectServices(project, services, !flags.includeDeps));
  const { stderr, stdout, signal } = context;
  if (context.globals.dryRun) return void stdout.write(names.map((name) => `push-image ${name}: asked for\n`).join(""));
  if (names.length === 0) return void stderr.write("No service both builds and names an image\n");
  const client = await context.connect();
  for (const name of names) {
    try {
      if (!flags.quiet) stderr.write(` Image ${name}  Pushing\n`);
      for await (const _progress of client.upkeep.pushImage(name, {}, { signal })) signal.throwIfAborted();
      if (!flags.quiet) stderr.write(` Image ${name}  Pushed\n`);
    } catch (error) {
      signal.throwIfAborted();
      if (!flags.ignorePushFailures) context.finish(1);
      const word = flags.ignorePushFailures ? "warning" : "error";
      stderr.write(`${word}: ${printable(messageOf(error))}\n`);
    }
  }
}

/** Each once, by name. */
export function imagesToPush(services: readonly Service[]): string[] {
  const names = services.flatMap(({ build, image }) => (build && image ? [image, ...tagsOf(build)] : []));
  return [...new Set(names)].sort();
}

function tagsOf(build: unknown): string[] {
  const tags: unknown = isRecord(build) ? build.tags : undefined;
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
}
