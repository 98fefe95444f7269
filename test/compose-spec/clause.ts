/**
 * Clauses of the Compose Specification as small projects, each with what Gantry makes of it.
 *
 * A file of `clauses/` holds those of one subject. In expectations the project's folder is `/here/demo`.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Document, isCollection, isMap, isScalar, parse } from "yaml";

export interface Clause {
  /** A sentence; for single attributes, the attribute as it is written. Unique among all files. */
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The words of the command line, the same for Gantry and for docker compose; without any, `config --format json`. */
  readonly args?: readonly string[];
  /** Texts by their path in the project's folder. */
  readonly files: Readonly<Record<string, string>>;
  readonly expected?: Outcome;
}

/** `refused` holds `FILE:LINE:COLUMN CODE` of each error, or the error of the command line; `printed` may be JSON. */
export type Outcome = { readonly refused: readonly string[] } | { readonly printed: unknown };

/** How a run of one of the tools ended. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const clausesFolder = fileURLToPath(new URL("clauses", import.meta.url));

/** The clauses of every subject, by the subject's name. */
export function readClauses(): ReadonlyMap<string, readonly Clause[]> {
  const files = readdirSync(clausesFolder).sort();
  return new Map(files.map((file) => [file.replace(/\.yaml$/, ""), readYaml(join(clausesFolder, file)) as Clause[]]));
}

/** Reasons why docker compose does something else, by the names of clauses. */
export function readDifferences(): ReadonlyMap<string, string> {
  const table = readYaml(fileURLToPath(new URL("differences.yaml", import.meta.url)));
  return new Map((table as Difference[]).flatMap(({ reason, clauses }) => clauses.map((name) => [name, reason])));
}

interface Difference {
  readonly reason: string;
  readonly clauses: readonly string[];
}

/** Writes a subject's file anew: one line for the environment, the arguments and the expectation. */
export function writeClauses(subject: string, clauses: readonly Clause[]): void {
  const document = new Document(clauses);
  for (const clause of isCollection(document.contents) ? document.contents.items : []) {
    if (!isMap(clause)) continue;
    for (const { key, value } of clause.items) {
      if (isCollection(value) && isScalar(key) && key.value !== "files") value.flow = true;
    }
  }
  writeFileSync(join(clausesFolder, `${subject}.yaml`), document.toString({ lineWidth: 0 }));
}

/** A folder with the clause's project in `demo`, until it is disposed. */
export function layOut(clause: Clause): { readonly folder: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), "gantry-clause-"));
  for (const [path, text] of Object.entries(clause.files)) {
    const file = join(folder, "demo", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

/** The environment of both tools: none of this machine's. */
export function environmentOf({ env }: Clause): Record<string, string> {
  return { HOME: "/home/user", ...env };
}

/** The words after the program's name. */
export function wordsOf({ args = ["config", "--format", "json"] }: Clause): readonly string[] {
  return args;
}

/** What a run says, without the places of this machine. */
export function outcomeOf({ exitCode, stdout, stderr }: Ended, folder: string): Outcome {
  const anywhere = (text: string) => text.replaceAll(folder, "/here");
  if (exitCode === 0) return { printed: parsed(anywhere(stdout)) };
  const places = [...anywhere(stderr).matchAll(/^(?:(\S+): )?error(?:\[(.+?)\])?: (.*)/gm)];
  return { refused: places.map(([, place, code, message]) => [place, code ?? message].filter(Boolean).join(" ")) };
}

function parsed(text: string): unknown {
  return text.startsWith("{") ? JSON.parse(text) : text;
}

function readYaml(file: string): unknown {
  return parse(readFileSync(file, "utf8"), { maxAliasCount: -1 });
}
