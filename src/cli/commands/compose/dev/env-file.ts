/** Brings `.env` about: from the example beside the Compose file, with what is generated and what somebody answers. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { GantryError, messageOf } from "../../../../base/errors.js";
import { writeUserFile } from "../../../../base/user-file.js";
import { completeEnv, type MissingVariables, makeSecret, missingVariables } from "../../../../dev/env/complete-env.js";
import { type ExampleVariable, readExample } from "../../../../dev/env/read-example.js";
import type { CliContext } from "../../../context.js";

const exampleNames = [".env.example", ".env.sample", ".env.template", ".env.dist"];
/** It holds secrets. */
const envFileMode = 0o600;

/** What there is and what is missing. `example` is the file's name. */
export interface EnvNeeds extends MissingVariables {
  readonly path: string;
  readonly example: string;
  readonly exampleText: string;
  readonly current: string | undefined;
}

/** Undefined when there is nothing to do: no example, or `.env` has all of it. */
export function envNeeds(context: CliContext, directory: string): EnvNeeds | undefined {
  const example = exampleNames.find((name) => existsSync(join(directory, name)));
  if (example === undefined) return undefined;
  const path = join(directory, ".env");
  const current = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  const exampleText = readFileSync(join(directory, example), "utf8");
  const missing = missingVariables(readExample(exampleText), current, context.env);
  if (current !== undefined && missing.variables.length === 0) return undefined;
  return { ...missing, path, example, exampleText, current };
}

/** Those that only a person can give. */
export function askedFor({ variables }: MissingVariables): ExampleVariable[] {
  return variables.filter(({ wish }) => wish.kind === "ask" && wish.suggestion === undefined);
}

/** For all that are missing at once. */
export function cannotAsk({ path, example }: EnvNeeds, names: readonly string[]): GantryError {
  const message = `${basename(path)} needs what ${example} does not say: ${names.join(", ")}`;
  return new GantryError("variable-missing", message, {
    hint: `Set them in the environment or in ${path}; on a terminal gantry dev asks for them.`,
  });
}

/** What `.env` is to be; nothing is written yet. */
export interface DraftedEnv {
  readonly values: ReadonlyMap<string, string>;
  /** What the draft came from, as a clause. */
  readonly said: string;
  /** What else is to be said of it, as the clause's end. */
  write(): Promise<string>;
}

/** Asks and generates. Throws "variable-missing" where nobody can be asked. */
export async function draftEnv(context: CliContext, needs: EnvNeeds): Promise<DraftedEnv> {
  const answers = await ask(context, needs);
  const values = new Map<string, string>();
  for (const { name, wish } of needs.variables) {
    if (wish.kind === "keep") values.set(name, wish.value);
    else if (wish.kind === "generate") values.set(name, makeSecret(wish.length, randomBytes));
    else values.set(name, answers.get(name) ?? wish.suggestion ?? "");
  }
  const { path, current, exampleText } = needs;
  const text = completeEnv({ example: exampleText, current }, needs, values);
  return { values, said: whatWasDone(needs, answers.size), write: () => writeWhole(path, text) };
}

/** What is to be said of it, if anything. Throws "read-only" where the folder cannot be written to. */
async function writeWhole(path: string, text: string): Promise<string> {
  try {
    const { isTightened } = await writeUserFile(path, text, { mode: envFileMode, isSecret: true });
    return isTightened ? "; only its owner can read it now" : "";
  } catch (cause) {
    throw new GantryError("read-only", messageOf(cause), {
      hint: "Make the folder writable, or name a file that is there with --env-file.",
      cause,
    });
  }
}

function whatWasDone({ variables, given, current, example }: EnvNeeds, answered: number): string {
  const generated = variables.filter(({ wish }) => wish.kind === "generate").length;
  const parts = [
    ...(generated > 0 ? [`${generated} generated`] : []),
    ...(answered > 0 ? [`${answered} answered`] : []),
    ...(given.length > 0 ? [`${given.length} from the environment`] : []),
  ];
  const what =
    current === undefined ? `made from ${example}` : `completed: ${variables.map(({ name }) => name).join(", ")}`;
  return parts.length > 0 ? `${what} (${parts.join(", ")})` : what;
}

async function ask(context: CliContext, needs: EnvNeeds): Promise<ReadonlyMap<string, string>> {
  const { stdin, stderr, signal, env } = context;
  const wanted = needs.variables.filter(({ wish }) => wish.kind === "ask");
  const answers = new Map<string, string>();
  if (!stdin.isTTY || !stderr.isTTY || env.CI) {
    const open = askedFor(needs);
    if (open.length > 0)
      throw cannotAsk(
        needs,
        open.map(({ name }) => name),
      );
    return answers;
  }
  if (wanted.length === 0) return answers;
  const prompt = createInterface({ input: stdin, output: stderr, terminal: true });
  const closed = new AbortController();
  prompt.once("close", () => closed.abort());
  try {
    stderr.write(`${basename(needs.path)} needs a few values:\n`);
    for (const { name, about, wish } of wanted) {
      if (about !== "") stderr.write(`  ${about}\n`);
      const suggestion = wish.kind === "ask" ? wish.suggestion : undefined;
      const question = suggestion === undefined ? `${name}: ` : `${name} [${suggestion}]: `;
      const answer = (await prompt.question(question, { signal: AbortSignal.any([signal, closed.signal]) })).trim();
      if (answer !== "" || suggestion === undefined) answers.set(name, answer);
    }
  } catch (cause) {
    throw new GantryError("cancelled", `${basename(needs.path)} was not written`, { cause });
  } finally {
    prompt.close();
  }
  return answers;
}
