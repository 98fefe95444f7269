/** Registers `completion`, and the hidden commands that its scripts, `npm run reference` and `npm run man` ask. */
import { Argument, type Command } from "commander";
import type { CliContext } from "../context.js";
import { withExamples } from "../help.js";
import { type Shell, shells } from "./shell-scripts.js";

const howTo = `
In ~/.bashrc:                  source <(gantry completion bash)
In ~/.zshrc, after compinit:   source <(gantry completion zsh)
In ~/.config/fish/config.fish: gantry completion fish | source`;

/** Adds them to `program`. */
export function registerCompletion(program: Command, context: CliContext): void {
  const completion = program
    .command("completion")
    .description("print what a shell loads to complete command lines")
    .addArgument(new Argument("<shell>", "the shell").choices([...shells]))
    .action(async (shell: Shell) => (await import("./complete.js")).printScript(context, shell));
  completion.addHelpText("after", howTo);
  withExamples(completion, "gantry completion bash", "gantry completion zsh", "gantry completion fish");
  program
    .command("__complete [words...]", { hidden: true })
    .allowUnknownOption()
    .action(async (words: string[]) => (await import("./complete.js")).complete(context, words));
  program
    .command("__reference <directory>", { hidden: true })
    .action(async (directory: string) => (await import("./write-reference.js")).writeReference(context, directory));
  program
    .command("__man <directory>", { hidden: true })
    .action(async (directory: string) => (await import("./write-reference.js")).writeManPages(context, directory));
}
