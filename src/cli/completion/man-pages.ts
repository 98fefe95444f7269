/**
 * Manual pages made from the definitions of the commands: `gantry(1)`, and `gantry-up(1)` and its like. Pure.
 *
 * Written with the macros of man(7), which every man program renders.
 */
import type { Command, Option } from "commander";
import { commandsOf, type NamedCommand } from "../definitions.js";
import { examplesOf, exitCodesOf } from "../help.js";

export interface ManOptions {
  readonly version: string;
  /** In the page's foot, as `2026-11-28`. */
  readonly date: string;
}

const environment: Readonly<Record<string, string>> = {
  GANTRY_STATE_ROOT: "where the engine keeps images, containers and volumes (/var/lib/gantry)",
  GANTRY_RUN_DIR: "where its socket and what does not outlive a boot is (/run/gantry)",
  GANTRY_HOST: "the engine to talk to, as --engine; then DOCKER_HOST, DOCKER_CONTEXT and docker's current context",
  GANTRY_INSTANCE: "which copy of the project commands are about, as --instance",
  GANTRY_REGISTRY_MIRRORS: "registries to ask first, as docker.io=http://127.0.0.1:5000, with commas between them",
  GANTRY_OFFLINE: "no registry is asked anything",
  COMPOSE_FILE: "Compose files, as --file; with : between them",
  COMPOSE_PROJECT_NAME: "the project's name, as --project-name",
  COMPOSE_PROFILES: "profiles that are active, as --profile; with commas between them",
  NO_COLOR: "no colours",
};

const files: Readonly<Record<string, string>> = {
  "compose.yaml": "the project, in the current folder or one above; compose.yml and docker-compose.yaml too",
  ".env": "variables of the project, beside its Compose file",
  "/run/gantry/engine.sock": "the engine's socket, which speaks the API of Docker's engine",
  "~/.docker/config.json": "credentials of registries, and proxies",
};

/** Texts by file name, `gantry.1` first. */
export function manPages(program: Command, options: ManOptions): ReadonlyMap<string, string> {
  const commands = commandsOf(program);
  return new Map([
    ["gantry.1", programPage(program, commands, options)],
    ...commands.map((one): [string, string] => [`${pageName(one.path)}.1`, commandPage(one, commands, options)]),
  ]);
}

function programPage(program: Command, commands: readonly NamedCommand[], options: ManOptions): string {
  return page("gantry", options, [
    ...section("Name", [`gantry \\- ${escaped(clause(program.description()))}`]),
    ...section("Synopsis", [".B gantry", "[\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]"]),
    ...section("Commands", commandEntries(commands.filter(({ path }) => path.length === 1))),
    ...section("Options", optionEntries(program)),
    ...section("Exit status", entries(exitCodesOf(program))),
    ...section("Environment", entries(environment)),
    ...section("Files", entries(files)),
    ...section("Examples", exampleLines(program)),
    ...section("See also", [seeAlso(commands.filter(({ path }) => path.length === 1).map(({ path }) => path))]),
  ]);
}

function commandPage({ path, command }: NamedCommand, all: readonly NamedCommand[], options: ManOptions): string {
  const isNear = (other: NamedCommand) =>
    other.path !== path &&
    other.path.length > 1 &&
    other.path[0] === path[0] &&
    (path.length === 1 || other.path.length === path.length);
  const near = all.filter(isNear).map((other) => other.path);
  const parent = path.length > 1 ? [path.slice(0, -1)] : [];
  const aliases = command.aliases();
  const also =
    aliases.length > 0 ? [".PP", `Also: ${aliases.map((one) => `\\fB${escaped(one)}\\fR`).join(", ")}.`] : [];
  const described = command.registeredArguments.filter(({ description }) => description !== "");
  return page(pageName(path), options, [
    ...section("Name", [`${escaped(pageName(path))} \\- ${escaped(clause(command.description()))}`]),
    ...section("Synopsis", [`.B gantry ${escaped(path.join(" "))}`, escaped(command.usage())]),
    ...section("Description", [escaped(sentence(command.description())), ...also]),
    ...section(
      "Arguments",
      described.flatMap((one) => entry(one.name(), one.description)),
    ),
    ...section("Commands", commandEntries(path.length === 1 ? all.filter(isNear) : [])),
    ...section("Options", optionEntries(command)),
    ...section("Exit status", entries(exitCodesOf(command))),
    ...section("Examples", exampleLines(command)),
    ...section("See also", [seeAlso([[], ...parent, ...near])]),
  ]);
}

function page(name: string, { version, date }: ManOptions, body: readonly string[]): string {
  const words = [escaped(name.toUpperCase()), "1", date, `Gantry ${version}`, "Gantry"];
  const title = words.map((word) => `"${word}"`);
  const made = '.\\" Made from the definitions of the commands. Do not edit.';
  return `${[made, `.TH ${title.join(" ")}`, ".nh", ".ad l", ...body].join("\n")}\n`;
}

/** Nothing where there is nothing to say. */
function section(title: string, lines: readonly string[]): string[] {
  const said = lines.filter((line) => line !== "");
  return said.length > 0 ? [`.SH ${title.toUpperCase()}`, ...said] : [];
}

function entry(term: string, text: string): string[] {
  return [".TP 14", `\\fB${escaped(term)}\\fR`, escaped(sentence(text))];
}

function entries(table: Readonly<Record<string, string>>): string[] {
  return Object.entries(table).flatMap(([term, text]) => entry(term, text));
}

/** In the groups of the help, where there are any. */
function commandEntries(commands: readonly NamedCommand[]): string[] {
  const groups = Map.groupBy(commands, ({ command }) => command.helpGroup() ?? "");
  return [...groups].flatMap(([group, members]) => [
    ...(group === "" ? [] : [`.SS "${escaped(group.replace(/:$/, ""))}"`]),
    ...members.flatMap(({ path, command }) => entry(path.join(" "), command.description())),
  ]);
}

function optionEntries(command: Command): string[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => long !== "--help")
    .flatMap((option) => entry(option.flags, textOf(option)));
}

function textOf({ description, argChoices }: Option): string {
  return argChoices ? `${description} (${argChoices.join(", ")})` : description;
}

function exampleLines(command: Command): string[] {
  const lines = examplesOf(command);
  return lines.length > 0 ? [".nf", ...lines.map(escaped), ".fi"] : [];
}

function seeAlso(paths: ReadonlyArray<readonly string[]>): string {
  return paths.map((path) => `\\fB${escaped(pageName(path))}\\fR(1)`).join(", ");
}

function pageName(path: readonly string[]): string {
  return ["gantry", ...path].join("-");
}

/** What a terminal shows must be what was written: a minus is no hyphen, and no line begins a macro. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll('"', "\\(dq")
    .replace(/^(?=[.'])/, "\\&")
    .replaceAll(
      /[^\u0000-\u007f]/g,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`,
    );
}

/** As a name's explanation has it: no capital, no full stop. */
function clause(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`.replace(/\.$/, "");
}

function sentence(text: string): string {
  return text === "" ? "" : `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
