import { Command } from "commander";
import { expect, it } from "vitest";
import { registerOnly } from "./only-command.js";

function register(program: Command): void {
  program.command("up [services...]").description("one").option("-d").option("-t <n>", "", Number);
  const group = program.command("image").description("two");
  group.command("ls").alias("list").option("-q");
  group.command("rm <image>");
}

it("registers the command that is asked for, with all that belongs to it, and no other", () => {
  const program = new Command();
  expect(registerOnly(program, "image", register)).toBe(true);
  expect(program.commands.map((command) => command.name())).toEqual(["image"]);
  expect(program.commands[0]?.commands.map((command) => command.name())).toEqual(["ls", "rm"]);
});

it("registers none for a word that is no command, a flag or a command with arguments in its name", () => {
  for (const word of ["nope", "--help", "", "up [services...]"]) {
    const program = new Command();
    expect(registerOnly(program, word, register)).toBe(false);
    expect(program.commands).toEqual([]);
  }
});
