/**
 * A Dockerfile from its text: stages with their instructions, and every problem at once.
 *
 * Pure. Follows the Dockerfile reference of frontend 1.x.
 */
import type { Diagnostic } from "../base/diagnostic.js";
import { type CheckSettings, type Finding, isChecked, readCheckSettings } from "./checks/check.js";
import { checkBases } from "./checks/check-bases.js";
import { checkInstructions, type WrittenInstruction } from "./checks/check-instructions.js";
import type { Dockerfile, FromInstruction, Instruction, Place, Stage } from "./dockerfile.js";
import { joinLines, type LogicalLine } from "./logical-lines.js";
import { InstructionProblem, parseInstruction } from "./parse-instruction.js";

interface OpenStage {
  readonly from: FromInstruction;
  readonly steps: Instruction[];
}

/** `file` is what problems call it. `checkText` are settings of the checks over those of the file's own directive. */
export function parseDockerfile(source: string, file: string, checkText?: string): Dockerfile {
  const problems: Diagnostic[] = [];
  const { lines, escapeToken, syntax, check, problems: lineProblems } = joinLines(source);
  const checks = readCheckSettings(checkText || check || "");
  const at = ({ line, column }: Place) => ({ file, line, column });
  const report: Report = (message, place, hint) => {
    problems.push({ severity: "error", code: "dockerfile", message, source: at(place), ...(hint ? { hint } : {}) });
  };
  for (const { message, place, warning } of lineProblems) if (!warning) report(message, place);
  const written = lines.flatMap((line) => readLine(line, escapeToken, report));
  const { globalArgs, stages } = splitStages(written, report);
  if (stages.length === 0 && problems.length === 0) {
    const message =
      lines.length === 0 ? "the Dockerfile cannot be empty" : "no build stage: the Dockerfile has no FROM";
    report(message, { line: 1, column: 1, endLine: 1 });
  }
  const findings = [
    ...lineProblems.flatMap((one) => (one.warning ? [{ ...one, rule: "NoEmptyContinuation" }] : [])),
    ...checkInstructions(written),
    ...checkBases(
      stages.map(({ from }) => from),
      { globalArgs, escapeToken },
    ),
  ];
  problems.push(
    ...findings.filter(({ rule }) => isChecked(rule, checks)).map((one) => diagnosticOf(one, checks, file)),
  );
  problems.sort(
    (a, b) => (a.source?.line ?? 0) - (b.source?.line ?? 0) || (a.source?.column ?? 0) - (b.source?.column ?? 0),
  );
  const closed = stages.map(closeStage);
  return { escapeToken, globalArgs, stages: closed, checks, problems, ...(syntax ? { syntax } : {}) };
}

/** A finding as a problem: a warning, unless the file wants errors. */
export function diagnosticOf(
  { rule, message, place, hint }: Finding,
  { error }: CheckSettings,
  file: string,
): Diagnostic {
  const source = { file, line: place.line, column: place.column };
  const severity = error ? "error" : "warning";
  return { severity, code: rule, message: `${rule}: ${message}`, source, ...(hint ? { hint } : {}) };
}

/** One instruction of an ONBUILD trigger. Throws `InstructionProblem`. */
export function parseTrigger(text: string, place: Place): Instruction[] {
  const problems: InstructionProblem[] = [];
  const { lines, escapeToken } = joinLines(text);
  const report: Report = (message) => problems.push(new InstructionProblem(message, 0));
  const found = lines.flatMap((line) => readLine(line, escapeToken, report));
  if (problems[0]) throw problems[0];
  return found.map(({ instruction }) => ({ ...instruction, place }));
}

type Report = (message: string, place: Place, hint?: string) => void;

function splitStages(written: readonly WrittenInstruction[], report: Report) {
  const globalArgs: Array<Extract<Instruction, { kind: "arg" }>> = [];
  const stages: OpenStage[] = [];
  for (const { instruction } of written) {
    if (instruction.kind === "from") stages.push({ from: instruction, steps: [] });
    else if (stages.length > 0) stages.at(-1)?.steps.push(instruction);
    else if (instruction.kind === "arg") globalArgs.push(instruction);
    else report(`no build stage in current context: ${instruction.kind.toUpperCase()} before FROM`, instruction.place);
  }
  return { globalArgs, stages };
}

function readLine(line: LogicalLine, escapeToken: string, report: Report): WrittenInstruction[] {
  try {
    const kind = parseInstruction(line.text, line.heredocs, escapeToken);
    return [{ instruction: { ...kind, place: line.place, text: shownText(line.text) }, source: line.text }];
  } catch (error) {
    if (!(error instanceof InstructionProblem)) throw error;
    report(error.message, line.at(error.offset), error.hint);
    return [];
  }
}

/** The name in capitals, as progress has always shown it. */
function shownText(text: string): string {
  const name = /^\S+/.exec(text)?.[0] ?? "";
  return `${name.toUpperCase()} ${text.slice(name.length).trim()}`;
}

function closeStage({ from, steps }: OpenStage, index: number): Stage {
  return { index, from, steps, ...(from.name === undefined ? {} : { name: from.name }) };
}
