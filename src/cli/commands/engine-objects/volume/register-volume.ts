/** Registers `volume …`. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples } from "../../../help.js";
import { collect, formatOption } from "../../../options.js";
import { refuseFlags } from "../../../refused-flags.js";
import { registerPrune } from "../system.register.js";

/** Flags of Swarm's volumes. */
const clusterFlags = [
  ...["availability", "group", "limit-bytes", "required-bytes", "scope", "secret", "sharing"],
  ...["topology-preferred", "topology-required", "type"],
];
const onlySwarm = "is for cluster volumes, which only a Swarm has";

/** Adds it to `program`. */
export function registerVolumeCommands(program: Command, context: CliContext): void {
  const volume = program.command("volume").description("manage volumes");
  const commands = () => import("./volume.js");
  const ls = volume
    .command("ls")
    .alias("list")
    .description("list volumes")
    .option("-q, --quiet", "names alone")
    .option("-f, --filter <filter>", "as dangling=true or label=a=b", collect)
    .addOption(formatOption())
    .action(async (options) => (await commands()).volumeLs(context, options));
  refuseFlags(ls, onlySwarm, "--cluster");
  withExamples(ls, "gantry volume ls --filter dangling=true");
  const create = volume
    .command("create [name]")
    .description("create a volume and print its name")
    .option("-d, --driver <name>", "volume driver", "local")
    .option("-o, --opt <name=value>", "an option of the driver, as type=tmpfs", collect)
    .option("--label <name=value>", "set a label", collect)
    .action(async (name: string | undefined, options) =>
      (await commands()).volumeCreate(context, options, name === undefined ? [] : [name]),
    );
  refuseFlags(create, onlySwarm, ...clusterFlags.map((flag) => `--${flag} <value>`));
  withExamples(create, "gantry volume create data", "gantry volume create -o type=tmpfs -o device=tmpfs scratch");
  const inspect = volume
    .command("inspect <volume...>")
    .description("print all that is known about volumes, as JSON")
    .option("-f, --format <format>", "json in one line, or a Go template, as '{{.Mountpoint}}'")
    .action(async (names: string[], options) => (await commands()).volumeInspect(context, options, names));
  withExamples(inspect, "gantry volume inspect --format '{{.Mountpoint}}' data");
  const rm = volume
    .command("rm <volume...>")
    .alias("remove")
    .description("remove volumes and what is in them")
    .option("-f, --force", "a missing one is fine")
    .action(async (names: string[], options) => (await commands()).volumeRm(context, options, names));
  withExamples(rm, "gantry volume rm data");
  const update = volume
    .command("update <volume>")
    .description("change a cluster volume; not supported: only a Swarm has them")
    .option("--availability <availability>", "of the volume in the Swarm")
    .action(async () => {
      throw (await commands()).clusterOnly("volume update");
    });
  withExamples(update, "gantry volume update data");
  registerPrune(volume, context, { name: "volume", kind: "volumes", all: "named ones too" });
}
