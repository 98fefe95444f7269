/**
 * Gantry takes the place of docker compose and of the docker CLI's object commands: every command and flag of theirs is
 * here, or stands below with the reason why not.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { expect, it } from "vitest";
import { registerComposeCommands } from "./commands/compose/register/register-compose.js";
import { registerEngineObjects } from "./commands/engine-objects/register.js";
import { referencePages } from "./completion/reference.js";
import type { CliContext, CliEnvironment } from "./context.js";
import { commandsOf } from "./definitions.js";
import { examplesOf } from "./help.js";
import { createProgram } from "./program.js";
import { composeSurface, dockerSurface, type Surface } from "./surface.fixture.js";

/** Commands that answer with their name and a reason, and take no flags of their own. */
const refusedCommands: Readonly<Record<string, string>> = {
  bridge: "turns projects into those of other platforms by images of Docker's",
};

/** Not even a name of their own. */
const missingFlags: Readonly<Record<string, string>> = {
  "build --progress": "hidden in docker compose too, for the flag of that name before the command",
};

/** Command lines with flags that are refused by name. */
const refusedLines = [
  "container run --use-api-socket busybox",
  "container create --use-api-socket busybox",
  "container start --checkpoint c web",
  "container start --checkpoint-dir /c web",
  "image ls --tree",

  "volume ls --cluster",
  "volume create --availability drain v",
];

const program = wholeProgram();

it("has every command and flag of docker compose, or refuses it by name", () => {
  expect(missing(composeSurface)).toEqual([]);
});

it("has every command and flag of the docker CLI's objects, or refuses it by name", () => {
  expect(missing(dockerSurface)).toEqual([]);
});

it.each(refusedLines)("refuses %s, and says why", async (line) => {
  await expect(parsed(line.split(" "))).rejects.toMatchObject({ code: "not-supported" });
});

it("describes each command, and shows how it is used", () => {
  const bare = leaves(program).filter((command) => !command.description() || examplesOf(command).length === 0);
  expect(bare.map(pathOf)).toEqual([]);
});

it("describes each flag that its help shows", () => {
  const bare = leaves(program).flatMap((command) =>
    command.options
      .filter((option) => !option.hidden && !option.description)
      .map((option) => `${pathOf(command)} ${option.flags}`),
  );
  expect(bare).toEqual([]);
});

it("takes each example of its own help for a command line", async () => {
  for (const command of leaves(program)) {
    for (const example of examplesOf(command)) {
      const [tool, ...words] = shellWords(example);
      expect(tool).toBe("gantry");
      const ran = await parsed(words);
      expect(ran, example).toBe(pathOf(command));
    }
  }
}, 30_000); // each of them makes the whole program

it("takes each command line of the documentation", async () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const folders = ["", "docs/", ...readdirSync(`${root}samples`).map((name) => `samples/${name}/`)];
  const files = folders.flatMap((folder) => {
    const names = readdirSync(root + folder).filter((name) => name.endsWith(".md") && name !== "CHANGELOG.md");
    return names.map((name) => folder + name);
  });
  const refused: string[] = [];
  for (const file of files) {
    for (const line of commandLines(readFileSync(root + file, "utf8"))) {
      const reached = await parsed(shellWords(line).slice(1)).catch((error: Error) => error.message);
      const isMeant = /^\(outputHelp\)$|missing/.test(reached ?? ""); // a text that speaks of a command or a flag
      if (!isMeant && !find(reached ?? "nothing")) refused.push(`${file}: ${line}: ${reached}`);
    }
  }
  expect(refused).toEqual([]);
}, 60_000); // each of them makes the whole program

it("stands in docs/reference as it is; if not, run: npm run reference", () => {
  const folder = fileURLToPath(new URL("../../docs/reference/", import.meta.url));
  const pages = referencePages(program);
  expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort());
  const stale = [...pages].filter(([name, text]) => readFileSync(`${folder}${name}`, "utf8") !== text);
  expect(
    stale.map(([name]) => name),
    "run: npm run reference",
  ).toEqual([]);
});

it("has examples in the help of each group of commands too", () => {
  const bare = commandsOf(program).filter(({ command }) => examplesOf(command).length === 0);
  expect(bare.map(({ path }) => path.join(" "))).toEqual([]);
});

/** What stands in a line of its own or between backquotes and begins with the program's name; no patterns (`[X]`). */
function commandLines(text: string): string[] {
  const own = [...text.matchAll(/^(?:\$ | {4})?(gantry .*)$/gm)].map(([, line = ""]) => line);
  const quoted = [...text.matchAll(/`(gantry [^`]+)`/g)].map(([, line = ""]) => line);
  const lines = [...own, ...quoted].map((line) => line.split(/ +#| *\\?\| | && |; |, | <|\)$/)[0] ?? "");
  return [...new Set(lines.map((line) => line.replaceAll("\n", " ").trim()))].filter(
    (line) => !/[…[│─]|\w\|\w/.test(line),
  );
}

/** `COMMAND` or `COMMAND --flag` for what is neither there nor refused. */
function missing(surface: Surface): string[] {
  return [...surface].flatMap(([path, flags]) => {
    if (path in refusedCommands) return [];
    const command = path === "gantry" ? program : find(path);
    if (!command) return [path];
    const knows = (name: string) => command.options.some(({ long, short }) => long === name || short === name);
    return flags
      .filter((names) => !names.every(knows))
      .map((names) => `${path} ${names.at(-1)}`)
      .filter((name) => !(name in missingFlags));
  });
}

function find(path: string): Command | undefined {
  return path
    .split(" ")
    .filter(Boolean)
    .reduce<Command | undefined>(
      (command, word) => command?.commands.find((one) => one.name() === word || one.aliases().includes(word)),
      program,
    );
}

/** Commands that do something and are shown. */
function leaves(command: Command): Command[] {
  const shown = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== "help");
  return shown.flatMap((one) => (one.commands.length > 0 ? leaves(one) : [one]));
}

function pathOf(command: Command): string {
  const { parent } = command;
  return parent && parent !== program && parent.parent ? `${pathOf(parent)} ${command.name()}` : command.name();
}

/** The command that a line reaches, its action left out. */
async function parsed(words: readonly string[]): Promise<string | undefined> {
  const fresh = wholeProgram();
  let reached: string | undefined;
  for (const command of allCommands(fresh)) {
    command.exitOverride();
    if (command.commands.length > 0) continue;
    command.action(() => {
      reached = pathOf(command);
    });
  }
  await fresh.parseAsync([...words], { from: "user" });
  return reached;
}

it("keeps every line of help but long examples within 80 columns", () => {
  const wide = allCommands(wholeProgram(80)).flatMap((command) => {
    let help = "";
    command.configureOutput({
      writeOut: (text) => {
        help += text;
      },
    });
    command.outputHelp();
    const [table = ""] = help.split(/^Examples?:$/m);
    return table.split("\n").filter((line) => line.length > 80 && !line.startsWith("Usage:"));
  });
  expect(wide).toEqual([]);
});

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((one) => [one, ...allCommands(one)]);
}

function wholeProgram(columns = 100): Command {
  const quiet = { write: () => true, columns } as unknown as NodeJS.WriteStream;
  const made = createProgram({ version: "1", stdout: quiet, stderr: quiet } as unknown as CliEnvironment);
  const context = {} as CliContext;
  registerComposeCommands(made, context);
  registerEngineObjects(made, context);
  return made;
}

/** Words as a shell splits them: single and double quotes, no expansions; redirections left out. */
function shellWords(line: string): string[] {
  const [command = ""] = line.split(/ [<>] /);
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|[^\s'"]+/g)].map(
    ([word, single, double]) => single ?? double ?? word,
  );
}
