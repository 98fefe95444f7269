/** Registers `login`, `logout` and `inspect`. */
import type { Command } from "commander";
import type { CliContext } from "../../context.js";
import { withExamples } from "../../help.js";

/** Adds `login` and `logout` to `program`. */
export function registerLogin(program: Command, context: CliContext): void {
  const login = program
    .command("login [registry]")
    .description("log in to a registry; its credentials are kept where the docker CLI keeps them")
    .option("-u, --username <name>", "user")
    .option("-p, --password <password>", "password; others may see it")
    .option("--password-stdin", "read the password from standard input")
    .action(async (registry: string | undefined, options) =>
      (await import("./login.js")).login(context, options, registry),
    );
  withExamples(
    login,
    "gantry login registry.example",
    "gantry login --username ci --password-stdin registry.example < token",
  );
  const logout = program
    .command("logout [registry]")
    .description("forget the credentials of a registry")
    .action(async (registry: string | undefined) => (await import("./login.js")).logout(context, registry));
  withExamples(logout, "gantry logout registry.example");
}

/** Adds `inspect`, which finds out what a name is of. */
export function registerInspect(program: Command, context: CliContext): void {
  const inspect = program
    .command("inspect <name...>")
    .description("print all that is known about containers, images, networks and volumes, as JSON")
    .option("-f, --format <format>", "json in one line, or a Go template, as '{{.Name}}'")
    .option("-s, --size", "with the size of what containers wrote")
    .option("--type <kind>", "look among container, image, network or volume alone")
    .action(async (names: string[], options) => (await import("./inspect.js")).inspect(context, options, names));
  withExamples(inspect, "gantry inspect web", "gantry inspect --type network --format '{{.Driver}}' front");
}
