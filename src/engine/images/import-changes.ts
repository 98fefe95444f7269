/**
 * The `--change` instructions of an import or commit: Dockerfile instructions that set the image's defaults.
 *
 * Does not touch the world. Of the Dockerfile's instructions, those that only change the configuration are allowed.
 */
import { GantryError } from "../../base/errors.js";
import {
  applyMetadata,
  type Draft,
  type Metadata,
  variablesOf,
  workingDirectory,
} from "../../dockerfile/apply-metadata.js";
import { expandInstruction } from "../../dockerfile/expand-instruction.js";
import { InstructionProblem, parseInstruction } from "../../dockerfile/parse-instruction.js";
import type { ContainerConfig } from "../../wire/container.js";

const allowed = ["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "SHELL", "STOPSIGNAL"];
const allAllowed = [...allowed, "USER", "VOLUME", "WORKDIR"];
const escapeToken = "\\";

/** The configuration after the changes, in order. Throws "bad-parameter" naming the instruction. */
export function applyChanges(changes: readonly string[], before: ContainerConfig = {}): ContainerConfig {
  const lines = changes.flatMap((change) => change.split("\n")).map((line) => line.trim());
  const kept = lines.filter((line) => line !== "" && !line.startsWith("#"));
  return kept.reduce(applyChange, { config: before, commandIsOwn: true }).config;
}

function applyChange(draft: Draft, line: string): Draft {
  const name = /^\S*/.exec(line)?.[0] ?? "";
  if (!allAllowed.includes(name.toUpperCase())) throw bad(`${name.toLowerCase()} is not a valid change command`);
  const place = { line: 1, column: 1, endLine: 1 };
  const variables = variablesOf(draft.config.Env);
  const step = expandInstruction({ ...parsed(line), place, text: line }, { escapeToken, variables });
  if (step.kind !== "workdir") return applyMetadata(draft, step as Metadata).draft; // by the list of names above
  const WorkingDir = workingDirectory(draft.config.WorkingDir, step.path);
  return { ...draft, config: { ...draft.config, WorkingDir } };
}

function parsed(line: string) {
  try {
    return parseInstruction(line, [], escapeToken);
  } catch (error) {
    throw error instanceof InstructionProblem ? bad(error.message) : error;
  }
}

function bad(message: string): GantryError {
  return new GantryError("bad-parameter", message);
}
