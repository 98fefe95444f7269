/** Registers `image …`, `volume …` and `network …`. */
import type { Command } from "commander";
import type { CliContext } from "../../context.js";
import { collect } from "../../options.js";
import { formatOption } from "./engine.register.js";

/** Adds it to `program`. */
export function registerImageCommands(program: Command, context: CliContext): void {
  const image = program.command("image").description("fetch and manage images");
  const commands = () => import("./image.js");
  image
    .command("pull <image>")
    .description("fetch an image from its registry")
    .option("--platform <os/arch>", "platform to fetch")
    .option("-q, --quiet", "no progress")
    .action(async (name: string, options) => (await commands()).imagePull(context, options, [name]));
  image
    .command("import <file> [name]")
    .description("make an image of a root file system tarball; `-` reads standard input")
    .option("-c, --change <instruction>", 'a Dockerfile instruction, as CMD ["/bin/sh"]', collect)
    .option("-m, --message <text>", "a comment")
    .option("--platform <os/arch>", "platform of the files")
    .action(async (file: string, name: string | undefined, options) =>
      (await commands()).imageImport(context, options, name === undefined ? [file] : [file, name]),
    );
  image
    .command("ls [reference]")
    .alias("list")
    .description("list images")
    .option("-a, --all", "intermediate ones too")
    .option("-q, --quiet", "ids alone")
    .option("--no-trunc", "do not shorten ids")
    .option("--filter <filter>", "as dangling=true or label=a=b", collect)
    .addOption(formatOption())
    .action(async (reference: string | undefined, options) =>
      (await commands()).imageLs(context, options, reference === undefined ? [] : [reference]),
    );
  image
    .command("inspect <image...>")
    .description("print all that is known about images, as JSON")
    .addOption(formatOption().choices(["json"]).default("json"))
    .action(async (names: string[]) => (await commands()).imageInspect(context, names));
  image
    .command("rm <image...>")
    .alias("remove")
    .description("remove names, and images that have none left")
    .option("-f, --force", "even if stopped containers use it")
    .action(async (names: string[], options) => (await commands()).imageRm(context, options, names));
  image
    .command("tag <image> <name>")
    .description("give an image a further name")
    .action(async (name: string, reference: string) => (await commands()).imageTag(context, [name, reference]));
}

/** Adds it to `program`. */
export function registerVolumeCommands(program: Command, context: CliContext): void {
  const volume = program.command("volume").description("manage volumes");
  const commands = () => import("./volume.js");
  addListOptions(volume.command("ls"))
    .description("list volumes")
    .action(async (options) => (await commands()).volumeLs(context, options));
  volume
    .command("create [name]")
    .description("create a volume and print its name")
    .option("-d, --driver <name>", "volume driver", "local")
    .option("-o, --opt <name=value>", "an option of the driver, as type=tmpfs", collect)
    .option("--label <name=value>", "set a label", collect)
    .action(async (name: string | undefined, options) =>
      (await commands()).volumeCreate(context, options, name === undefined ? [] : [name]),
    );
  volume
    .command("inspect <volume...>")
    .description("print all that is known about volumes, as JSON")
    .addOption(formatOption().choices(["json"]).default("json"))
    .action(async (names: string[]) => (await commands()).volumeInspect(context, names));
  volume
    .command("rm <volume...>")
    .alias("remove")
    .description("remove volumes and what is in them")
    .option("-f, --force", "a missing one is fine")
    .action(async (names: string[], options) => (await commands()).volumeRm(context, options, names));
}

/** Adds it to `program`. */
export function registerNetworkCommands(program: Command, context: CliContext): void {
  const network = program.command("network").description("manage networks");
  const commands = () => import("./network.js");
  addListOptions(network.command("ls"))
    .description("list networks")
    .action(async (options) => (await commands()).networkLs(context, options));
  network
    .command("create <name>")
    .description("create a network and print its id")
    .option("-d, --driver <name>", "network driver", "bridge")
    .option("-o, --opt <name=value>", "an option of the driver", collect)
    .option("--label <name=value>", "set a label", collect)
    .option("--subnet <range>", "addresses in CIDR notation", collect)
    .option("--gateway <address>", "gateway of the subnet", collect)
    .option("--ip-range <range>", "part of the subnet that is given out", collect)
    .option("--internal", "without a way out")
    .option("--attachable", "for compatibility; every network is")
    .option("--ipv6", "with IPv6 addresses")
    .action(async (name: string, options) => (await commands()).networkCreate(context, options, [name]));
  network
    .command("inspect <network...>")
    .description("print all that is known about networks, as JSON")
    .addOption(formatOption().choices(["json"]).default("json"))
    .action(async (names: string[]) => (await commands()).networkInspect(context, names));
  network
    .command("rm <network...>")
    .alias("remove")
    .description("remove networks without containers")
    .action(async (names: string[]) => (await commands()).networkRm(context, names));
  network
    .command("connect <network> <container>")
    .description("add a container to a network")
    .option("--alias <name>", "a further name there", collect)
    .option("--ip <address>", "fixed IPv4 address")
    .action(async (name: string, container: string, options) =>
      (await commands()).networkConnect(context, options, [name, container]),
    );
  network
    .command("disconnect <network> <container>")
    .description("take a container off a network")
    .option("-f, --force", "even if it is not running")
    .action(async (name: string, container: string, options) =>
      (await commands()).networkDisconnect(context, options, [name, container]),
    );
}

function addListOptions(command: Command): Command {
  return command
    .alias("list")
    .option("-q, --quiet", "names or ids alone")
    .option("--filter <filter>", "as label=a=b", collect)
    .addOption(formatOption());
}
