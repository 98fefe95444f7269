/** `gantry build`: the images of services that have a `build:` section. */
import { GantryError } from "../../../../base/errors.js";
import type { Project, Service } from "../../../../compose/project.js";
import type { BuildOptions } from "../../../../plan/build/image-build.js";
import type { Plan } from "../../../../plan/operation.js";
import type { CliContext } from "../../../context.js";
import { parseBytes } from "../../../options.js";
import { loadModel } from "../load.js";
import { runPlan } from "../run-plan.js";

/** As commander gives them. */
export interface BuildFlags {
  readonly buildArg?: readonly string[];
  /** False with `--no-cache`. */
  readonly cache: boolean;
  readonly pull?: boolean;
  readonly push?: boolean;
  readonly quiet?: boolean;
  readonly ssh?: string | true;
  readonly withDependencies?: boolean;
  readonly provenance?: string;
  readonly sbom?: string;
  readonly check?: boolean;
  readonly print?: boolean;
  readonly memory?: string;
  readonly builder?: string;
}

/** Exit code 1 when an image could not be built; a card tells the line of the Dockerfile. */
export async function build(context: CliContext, flags: BuildFlags, services: readonly string[]): Promise<void> {
  refuseOthers(flags);
  const project = await loadModel(context, services);
  if (!project) return;
  const plan = await drawPlan(context, flags, { project, services });
  if (plan.operations.length === 0) return void context.stderr.write("No services to build\n");
  if (flags.print) return void context.stdout.write(`${JSON.stringify(describe(plan), null, 2)}\n`);
  const client = await context.connect();
  const { outcome } = await runPlan(context, client, plan, {
    command: "build",
    project,
    quiet: flags.quiet === true,
    ...(flags.check ? { builds: { checkOnly: true } } : {}),
  });
  if (outcome !== "succeeded" || !flags.push || context.globals.dryRun) return;
  const { push } = await import("../images.js");
  await push(context, { quiet: flags.quiet === true }, services);
}

async function drawPlan(
  context: CliContext,
  flags: BuildFlags,
  { project, services }: { project: Project; services: readonly string[] },
): Promise<Plan> {
  const [{ planBuilds }, { selectServices }] = await Promise.all([
    import("../../../../plan/build/plan-builds.js"),
    import("../../../../plan/up-options.js"),
  ]);
  const selected: Service[] = selectServices(project, services, !flags.withDependencies);
  return planBuilds(project, selected, buildOptions(context, flags, project));
}

function buildOptions({ version }: CliContext, flags: BuildFlags, project: Project): BuildOptions {
  return {
    version,
    args: parseArgs(flags.buildArg ?? [], project.environment),
    noCache: !flags.cache,
    pull: flags.pull === true,
    ...(flags.ssh === undefined ? {} : { ssh: [flags.ssh === true || flags.ssh === "" ? "default" : flags.ssh] }),
    ...(flags.memory === undefined ? {} : { memoryBytes: parseBytes(flags.memory, "--memory") }),
  };
}

/** `KEY=value`; a bare `KEY` takes the environment's value, and is left out when it has none. */
export function parseArgs(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const pairs = words.flatMap((word): Array<[string, string]> => {
    const at = word.indexOf("=");
    if (at >= 0) return [[word.slice(0, at), word.slice(at + 1)]];
    const known = environment[word];
    return known === undefined ? [] : [[word, known]];
  });
  return Object.fromEntries(pairs);
}

function refuseOthers({ builder, provenance, sbom }: BuildFlags): void {
  const isAsked = (value: string | undefined) => value !== undefined && value !== "false";
  const refused = isAsked(provenance) ? "--provenance" : isAsked(sbom) ? "--sbom" : undefined;
  if (refused) {
    throw new GantryError("not-supported", `${refused} is not supported: images are built without attestations`);
  }
  if (builder !== undefined && builder !== "default") {
    throw new GantryError("not-supported", `--builder ${builder}: the engine builds by itself`, {
      hint: "Choose another engine with --engine",
    });
  }
}

/** What would be built, in the words of docker compose's own output. */
function describe({ operations }: Plan): object {
  const builds = operations.flatMap((op) => (op.kind === "build-image" ? [op] : []));
  const target = Object.fromEntries(
    builds.map(({ build, services: [service = ""] }) => [
      service,
      {
        context: build.context,
        dockerfile: build.dockerfile,
        ...(build.dockerfileText === undefined ? {} : { "dockerfile-inline": build.dockerfileText }),
        ...(Object.keys(build.args).length > 0 ? { args: build.args } : {}),
        ...(Object.keys(build.contexts).length > 0 ? { contexts: build.contexts } : {}),
        labels: build.labels,
        tags: [build.image, ...build.tags],
        ...(build.target === undefined ? {} : { target: build.target }),
        ...(build.platform === undefined ? {} : { platforms: [build.platform] }),
        ...(build.network === undefined ? {} : { network: build.network }),
        ...(build.noCache ? { "no-cache": true } : {}),
        ...(build.pull ? { pull: true } : {}),
      },
    ]),
  );
  return { group: { default: { targets: Object.keys(target) } }, target };
}
