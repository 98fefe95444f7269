/** Registers `network …`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples } from "../../../help.js";
import { collect, formatOption } from "../../../options.js";
import { registerPrune } from "../system.register.js";

/** Adds it to `program`. */
export function registerNetworkCommands(program: Command, context: CliContext): void {
  const network = program.command("network").description("manage networks");
  registerListing(network, context);
  registerCreate(network, context);
  registerMembers(network, context);
  const rm = network
    .command("rm <network...>")
    .alias("remove")
    .description("remove networks without containers")
    .option("-f, --force", "a missing one is fine")
    .action(async (names: string[], options) => (await import("./network.js")).networkRm(context, options, names));
  withExamples(rm, "gantry network rm front");
  registerPrune(network, context, { name: "network", kind: "networks" });
}

function registerListing(network: Command, context: CliContext): void {
  const ls = network
    .command("ls")
    .alias("list")
    .description("list networks")
    .option("-q, --quiet", "ids alone")
    .option("--no-trunc", "do not shorten ids")
    .option("-f, --filter <filter>", "as driver=bridge or label=a=b", collect)
    .addOption(formatOption())
    .action(async (options) => (await import("./network.js")).networkLs(context, options));
  withExamples(ls, "gantry network ls --format '{{.Name}} {{.Driver}}'");
  const inspect = network
    .command("inspect <network...>")
    .description("print all that is known about networks, as JSON")
    .option("-f, --format <format>", "json in one line, or a Go template, as '{{range .Containers}}{{.Name}} {{end}}'")
    .option("-v, --verbose", "with what a Swarm would tell")
    .action(async (names: string[], options) => (await import("./network.js")).networkInspect(context, options, names));
  withExamples(inspect, "gantry network inspect --format '{{(index .IPAM.Config 0).Subnet}}' front");
}

function registerCreate(network: Command, context: CliContext): void {
  const create = network
    .command("create <name>")
    .description("create a network and print its id")
    .option("-d, --driver <name>", "network driver", "bridge")
    .option("-o, --opt <name=value>", "an option of the driver", collect)
    .option("--label <name=value>", "set a label", collect)
    .option("--internal", "without a way out")
    .option("--attachable", "for compatibility; every network is")
    .optionsGroup("Addresses:")
    .option("--subnet <range>", "addresses in CIDR notation", collect)
    .option("--gateway <address>", "gateway of the subnet that holds it", collect)
    .option("--ip-range <range>", "part of a subnet that is given out", collect)
    .option("--aux-address <name=address>", "an address that others use", collect)
    .option("--ipam-driver <name>", "who gives out the addresses")
    .option("--ipam-opt <name=value>", "an option of that driver", collect)
    .option("--ipv4", "with IPv4 addresses (the default)")
    .option("--no-ipv4", "without IPv4 addresses")
    .option("--ipv6", "with IPv6 addresses")
    .addOption(new Option("--config-from <network>").hideHelp())
    .addOption(new Option("--config-only").hideHelp())
    .addOption(new Option("--ingress").hideHelp())
    .addOption(new Option("--scope <scope>").hideHelp())
    .action(async (name: string, options) => (await import("./network.js")).networkCreate(context, options, [name]));
  withExamples(
    create,
    "gantry network create front",
    "gantry network create --subnet 10.7.0.0/24 --gateway 10.7.0.1 --internal back",
  );
}

function registerMembers(network: Command, context: CliContext): void {
  const connect = network
    .command("connect <network> <container>")
    .description("add a container to a network")
    .option("--alias <name>", "a further name there", collect)
    .option("--ip <address>", "fixed IPv4 address")
    .option("--ip6 <address>", "fixed IPv6 address")
    .option("--link <container[:alias]>", "know another container by a name", collect)
    .option("--link-local-ip <address>", "a link-local address", collect)
    .option("--driver-opt <name=value>", "an option of the network's driver", collect)
    .option("--gw-priority <number>", "the network with the highest one is the way out")
    .action(async (name: string, container: string, options) =>
      (await import("./network.js")).networkConnect(context, options, [name, container]),
    );
  withExamples(connect, "gantry network connect --alias db front shop-db-1");
  const disconnect = network
    .command("disconnect <network> <container>")
    .description("take a container off a network")
    .option("-f, --force", "even if it is not running")
    .action(async (name: string, container: string, options) =>
      (await import("./network.js")).networkDisconnect(context, options, [name, container]),
    );
  withExamples(disconnect, "gantry network disconnect front shop-db-1");
}
