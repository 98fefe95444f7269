import { expect, it } from "vitest";
import type { CliContext } from "../context.js";
import { wholeProgram } from "../definitions.js";
import { readLine } from "./read-line.js";

const stream = { columns: 100, write: () => true } as unknown as NodeJS.WriteStream; // nothing is printed
const program = wholeProgram({ version: "0", stdout: stream, stderr: stream }, {} as CliContext); // no action runs
const ask = (line: string) => readLine(program, line.split(" "));
const words = (line: string) => ask(line).words.map(({ value }) => value);

it.each<[string, string[]]>([
  ["di", ["diff"]],
  ["resta", ["restart"]],
  ["container re", ["rename", "restart"]],
  ["up --wai", ["--wait", "--wait-timeout"]],
  ["--instance x --prof", ["--profile"]],
])("after “%s” stand commands and flags that begin so", (line, expected) => {
  expect(words(line).sort()).toEqual(expected);
});

it("hidden commands and flags are not offered", () => {
  expect(words("__")).toEqual([]);
  expect(words("up --y")).toEqual(["--yes"]);
});

it.each<[string, unknown]>([
  ["up ", { kind: "names", of: "service" }],
  ["logs -f --tail 5 web ", { kind: "names", of: "service" }],
  ["exec ", { kind: "names", of: "service" }],
  ["exec web ", undefined],
  ["up --exit-code-from ", { kind: "names", of: "service" }],
  ["scale ", { kind: "names", of: "service", suffix: "=" }],
  ["-p ", { kind: "names", of: "project" }],
  ["--profile=", { kind: "names", of: "profile" }],
  ["container rm -f ", { kind: "names", of: "container" }],
  ["container run ", { kind: "names", of: "image" }],
  ["container run --network ", { kind: "names", of: "network" }],
  ["volume rm ", { kind: "names", of: "volume" }],
  ["instances rm ", { kind: "names", of: "instance" }],
  ["--progress ", { kind: "words", words: ["auto", "tty", "plain", "json", "quiet", "none"] }],
  ["-f ", { kind: "files" }],
  ["--project-directory ", { kind: "dirs" }],
  ["completion ", { kind: "words", words: ["bash", "zsh", "fish"] }],
  ["nonsense ", undefined],
])("after “%s” stand values of that kind", (line, expected) => expect(ask(line).values).toEqual(expected));

it("knows what stands in front of a value, what is written of it, and the flags before the command", () => {
  expect(ask("-f a.yaml --file=b.yaml -p shop up --exit-code-from=we")).toMatchObject({
    ...{ before: "--exit-code-from=", partial: "we" },
    globals: { file: ["a.yaml", "b.yaml"], projectName: "shop" },
  });
});
