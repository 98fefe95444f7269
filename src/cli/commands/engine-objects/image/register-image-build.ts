/** Registers `image build` and `builder …`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples, withExitCodes } from "../../../help.js";
import { collect } from "../../../options.js";

/** Adds `build` to the group `image`, or to `builder`. */
export function registerImageBuild(
  group: Command,
  context: CliContext,
  groupName: "image" | "builder" = "image",
): void {
  const build = group
    .command("build <path>")
    .description("build an image of a Dockerfile; `-` reads it from standard input")
    .option("-t, --tag <name>", "a name for it, repeatable", collect)
    .option("-f, --file <path>", "the Dockerfile, by default PATH/Dockerfile; `-` reads standard input")
    .option("--target <stage>", "build this stage and what it needs")
    .option("--platform <os/arch>", "platform of the image, as linux/arm64")
    .option("--label <key=value>", "a label, repeatable", collect)
    .option("-q, --quiet", "print the id alone")
    .addOption(
      new Option("--progress <type>", "how progress is shown").choices([
        "auto",
        "plain",
        "tty",
        "quiet",
        "json",
        "rawjson",
      ]),
    )
    .option("--iidfile <file>", "write the id to a file")
    .option("--metadata-file <file>", "write what the image is to a file, as JSON")
    .option("--check", "check the Dockerfile, build nothing");
  addOutputs(build.optionsGroup("What becomes of it:"));
  addInputs(build.optionsGroup("What steps get:"));
  addCache(build.optionsGroup("Cache:"));
  addLimits(build.optionsGroup("Limits of steps:"));
  for (const flag of ["--compress", "--disable-content-trust", "--force-rm", "-D, --debug"]) {
    build.addOption(new Option(flag).hideHelp());
  }
  build.action(async (path: string, flags) => (await import("./image-build.js")).imageBuild(context, flags, [path]));
  withExitCodes(build, { else: "of the command that failed; 1 for other failures" });
  const name = `gantry ${groupName} build`;
  withExamples(build, `${name} -t shop/web:1 .`, `${name} --secret id=npm,src=.npmrc -t web app`);
}

/** Adds `builder prune` to `program`. */
export function registerBuilder(program: Command, context: CliContext): void {
  const builder = program.command("builder").description("builds and the build cache");
  registerImageBuild(builder, context, "builder");
  const prune = builder
    .command("prune")
    .description("remove build cache that no image uses")
    .option("-a, --all", "also what images use")
    .option("-f, --force", "do not ask")
    .option("--filter <filter>", "as until=24h or type=exec.cachemount", collect)
    .option("--keep-storage <bytes>", "leave this much, the most recently used")
    .option("--reserved-space <bytes>", "the same")
    .option("--max-used-space <bytes>", "the same")
    .action(async (flags) => (await import("./image-build.js")).builderPrune(context, flags));
  withExamples(prune, "gantry builder prune --force --filter until=24h");
}

function addOutputs(build: Command): void {
  build
    .option(
      "-o, --output <place>",
      "its files to a directory, or type=tar|local|oci|docker|registry, repeatable",
      collect,
    )
    .option("--push", "send it to the registries in its names")
    .option("--load", "keep it in the engine (it always is)")
    .option("--annotation <key=value>", "not supported", collect)
    .option("--attest <attestation>", "not supported", collect)
    .option("--provenance <mode>", "not supported; false is taken")
    .option("--sbom <mode>", "not supported; false is taken");
  build.addOption(new Option("--call <method>", "check: the same as --check").default(undefined));
  build.addOption(new Option("--builder <name>").hideHelp());
}

function addInputs(build: Command): void {
  build
    .option("--build-arg <key=value>", "a build argument, repeatable", collect)
    .option("--build-context <name=path>", "a further context, repeatable", collect)
    .option("--secret <secret>", "as id=NAME,src=FILE or id=NAME,env=VARIABLE, repeatable", collect)
    .option("--ssh <agent>", "an agent: default, or ID=SOCKET, repeatable", collect)
    .option("--add-host <host:ip>", "a line of the hosts file, repeatable", collect)
    .option("--network <mode>", "network of RUN steps")
    .option("--allow <entitlement>", "network.host or security.insecure, repeatable", collect);
}

function addCache(build: Command): void {
  build
    .option("--no-cache", "do every step anew")
    .option("--no-cache-filter <stages>", "do these stages anew", collect)
    .option("--pull", "look for newer base images")
    .option(
      "--cache-from <place>",
      "steps of elsewhere: an image, type=registry,ref=NAME or type=local,src=DIR",
      collect,
    )
    .option(
      "--cache-to <place>",
      "leave the steps there: type=registry, local or inline; mode=max for all stages",
      collect,
    )
    .option("--rm [flag]", "remove the containers of steps (the default); false keeps them")
    .option("--squash", "not supported");
}

function addLimits(build: Command): void {
  build
    .option("-m, --memory <bytes>", "memory")
    .option("--memory-swap <bytes>", "memory and swap, -1 for no limit")
    .option("-c, --cpu-shares <weight>", "weight among containers")
    .option("--cpu-period <microseconds>", "period of the processor quota")
    .option("--cpu-quota <microseconds>", "processor time in each period")
    .option("--cpuset-cpus <list>", "processors, as 0-2")
    .option("--cpuset-mems <list>", "memory nodes")
    .option("--cgroup-parent <path>", "cgroup above the steps' own")
    .option("--shm-size <bytes>", "size of /dev/shm")
    .option("--ulimit <name=soft:hard>", "as nofile=1024:2048, repeatable", collect)
    .option("--security-opt <option>", "as seccomp=unconfined, repeatable", collect)
    .option("--isolation <name>", "default; others are refused");
}
