import { Command } from "commander";
import { expect, it } from "vitest";
import { registerComposeCommands } from "./commands/compose/register/register-compose.js";
import type { CliContext } from "./context.js";
import { expandShortName } from "./short-names.js";

it("takes docker's short names for commands of containers, images and the system", () => {
  expect(expandShortName(["rmi", "-f", "a"])).toEqual(["image", "rm", "-f", "a"]);
  expect(expandShortName(["info"])).toEqual(["system", "info"]);
  expect(expandShortName(["alpha", "viz", "--ports"])).toEqual(["viz", "--ports"]);
});

it("leaves Compose's commands, and everything behind the first word, alone", () => {
  const program = new Command().enablePositionalOptions();
  registerComposeCommands(program, {} as CliContext);
  for (const command of program.commands) expect(expandShortName([command.name()])).toEqual([command.name()]);
  expect(expandShortName(["exec", "web", "tag"])).toEqual(["exec", "web", "tag"]);
  expect(expandShortName([])).toEqual([]);
});
