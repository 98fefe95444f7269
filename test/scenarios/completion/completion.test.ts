/** The shells themselves must complete commands, flags and names, and nothing may be started for it. */
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aGantry, type Gantry } from "../harness/gantry.js";

const execute = promisify(execFile);
const program = fileURLToPath(new URL("../../../bin/gantry", import.meta.url));

let gantry: Gantry;
let cwd: string;
let env: Record<string, string>;

beforeAll(async () => {
  gantry = await aGantry();
  ({ cwd } = await gantry.projectOf(
    "complete",
    "services:\n  migrate: { image: a }\n  web: { image: a, profiles: [debug] }\n  worker: { image: a }\n",
  ));
  const bin = `${gantry.workDir}/bin`;
  mkdirSync(bin);
  symlinkSync(program, `${bin}/gantry`);
  writeFileSync(`${cwd}/other.yaml`, "services: { elsewhere: { image: a } }\n");
  env = {
    ...{ PATH: `${bin}:${process.env.PATH}`, HOME: gantry.workDir, LANG: "C.UTF-8", TERM: "dumb" },
    ...{ GANTRY_STATE_ROOT: gantry.stateRoot, GANTRY_RUN_DIR: `${gantry.workDir}/run` },
  };
});
afterAll(() => gantry?.[Symbol.asyncDispose]());

const shell = async (file: string, ...args: string[]) =>
  (await execute(file, args, { cwd, env, timeout: 30_000 })).stdout;

/** What bash offers for a line: its words are split as readline does, and the function is called as by the Tab key. */
async function inBash(line: string): Promise<string[]> {
  const script = `
    source <(gantry completion bash)
    COMP_LINE=$1 COMP_POINT=\${#1}
    read -ra COMP_WORDS < <(sed 's/[=:]/ & /g' <<<"$1")
    [[ $1 == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _gantry
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  return (await shell("bash", "--norc", "-c", script, "bash", line)).split("\n").filter(Boolean);
}

/** What zsh makes of a line when Tab is pressed at its end, in a terminal of its own. */
async function inZsh(line: string): Promise<string> {
  const script = `
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell 'PS1=; autoload -Uz compinit; compinit -D -u; source <(gantry completion zsh); echo REA''DY'
    zpty -r shell seen '*READY*'
    zpty -w -n shell "$1"$'\\t'$'\\x01echo "<\\x05>"\\n'
    zpty -r shell seen '*'$'\\n''<*>*'
    print -r -- "$seen"`;
  const seen = await shell("zsh", "-f", "-c", script, "zsh", line);
  return /\n<([^\n]*?) ?>/.exec(seen.replaceAll("\r", ""))?.[1] ?? seen;
}

/** What fish offers, each with its description behind a tab. */
async function inFish(line: string): Promise<string[]> {
  const script = "gantry completion fish | source; complete -C $argv[1]";
  return (await shell("fish", "--no-config", "-c", script, line)).split("\n").filter(Boolean);
}

describe.each([
  ["gantry ver", ["version"]],
  ["gantry up mi", ["migrate"]],
  ["gantry up --exit-code-from wo", ["worker"]],
  ["gantry container ren", ["rename"]],
  ["gantry --progress js", ["json"]],
  ["gantry -f other.yaml up ", ["elsewhere"]],
])("%s", (line, expected) => {
  const whole = `${line.slice(0, line.lastIndexOf(" ") + 1)}${expected[0]}`;
  it("in bash", async () => expect(await inBash(line)).toEqual(expected));
  it("in zsh", async () => expect(await inZsh(line)).toBe(whole));
  it("in fish", async () => {
    expect((await inFish(line)).map((offer) => offer.split("\t")[0])).toEqual(expected);
  });
});

it("values behind an equals sign are what the shell takes for the rest of the word", async () => {
  expect(await inBash("gantry up --exit-code-from=wo")).toEqual(["worker"]);
  expect(await inBash("gantry scale wor")).toEqual(["worker="]);
  expect((await inFish("gantry --profile=de")).map((offer) => offer.split("\t")[0])).toEqual(["--profile=debug"]);
});

it("paths are completed by the shell", async () => {
  expect(await inBash("gantry -f oth")).toEqual(["other.yaml"]);
  expect((await inFish("gantry -f oth")).map((offer) => offer.split("\t")[0])).toEqual(["other.yaml"]);
});

it("starts no engine, and asks one that runs", async () => {
  expect(await inBash("gantry network rm br")).toEqual([]);
  expect((await gantry.run(["engine", "status"])).output).toContain("not running");
  await gantry.ok(["network", "create", "breeze"]);
  expect(await inBash("gantry network rm bre")).toEqual(["breeze"]);
  await gantry.ok(["network", "rm", "breeze"]);
});

it("a word that is none is answered with the one that was perhaps meant", async () => {
  const told = async (...words: string[]) => (await gantry.run(words, { cwd })).stderr;
  expect(await told("upp")).toContain("Did you mean up?");
  expect(await told("up", "--detahc")).toContain("Did you mean --detach?");
  expect(await told("container", "inspcet")).toContain("Did you mean inspect?");
  expect(await told("config", "migrat")).toContain('Did you mean "migrate"?');
});
