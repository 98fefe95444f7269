/** The reference: pages of Markdown made from the definitions of the commands. Pure. */
import type { Command } from "commander";
import { commandsOf, type NamedCommand } from "../definitions.js";
import { examplesOf } from "../help.js";

/** Texts by file name. `npm run reference` writes them to `docs/reference`; a test holds them against the program. */
export function referencePages(program: Command): ReadonlyMap<string, string> {
  const pages = Map.groupBy(commandsOf(program), (one) => pageOf(program, one));
  const names = [...pages.keys()];
  const index = names.map((name) => {
    const members = pages.get(name) ?? [];
    const words = members.map(({ path }) => `[\`${path.join(" ")}\`](${fileOf(name)}#${anchorOf(path)})`);
    return `## ${name}\n\n${words.join(" · ")}\n`;
  });
  const globals = flagTable(program);
  return new Map([
    [
      "README.md",
      [madeBy, "# Reference of the commands", "", ...index, "## Flags before every command", "", ...globals].join("\n"),
    ],
    ...names.map((name): [string, string] => [fileOf(name), pageText(name, pages.get(name) ?? [])]),
  ]);
}

const madeBy = "<!-- Made by `npm run reference` from the definitions of the commands. Do not edit. -->\n";

/** A group of commands has a page, the others stand together as in the help. */
function pageOf(program: Command, { path }: NamedCommand): string {
  const top = program.commands.find((command) => command.name() === path[0]);
  if (top && top.commands.length > 0) return top.name();
  return (top?.helpGroup() || "Commands").replace(/:$/, "");
}

function fileOf(page: string): string {
  return `${page.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.md`;
}

function anchorOf(path: readonly string[]): string {
  return `gantry-${path.join("-").toLowerCase()}`;
}

function pageText(name: string, commands: readonly NamedCommand[]): string {
  return [madeBy, `# ${name}`, "", ...commands.flatMap(commandText)].join("\n");
}

function commandText({ path, command }: NamedCommand): string[] {
  const aliases = command.aliases();
  const examples = examplesOf(command);
  const flags = flagTable(command);
  return [
    `## gantry ${path.join(" ")}`,
    "",
    `${sentence(command.description())}${aliases.length > 0 ? ` Also: \`${aliases.join("`, `")}\`.` : ""}`,
    "",
    ...[
      "```",
      `gantry ${path.join(" ")} ${command.usage()}`.trimEnd(),
      ...examples.map((line) => `$ ${line}`),
      "```",
      "",
    ],
    ...(flags.length > 0 ? [...flags, ""] : []),
  ];
}

function flagTable(command: Command): string[] {
  const shown = command.createHelp().visibleOptions(command);
  const rows = shown
    .filter(({ long }) => long !== "--help")
    .map(({ flags, description, argChoices }) => {
      const choices = argChoices ? ` (${argChoices.join(", ")})` : "";
      return `| \`${flags.replaceAll("|", "\\|")}\` | ${description.replaceAll("|", "\\|")}${choices} |`;
    });
  return rows.length > 0 ? ["| flag | |", "|---|---|", ...rows, ""] : [];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
