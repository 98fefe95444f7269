/**
 * A Dockerfile from its text: stages with their instructions, and every problem at once.
 *
 * Pure. Follows the Dockerfile reference of frontend 1.x.
 */
import type { Diagnostic } from "../base/diagnostic.js";
import type { Dockerfile, FromInstruction, Instruction, Place, Stage } from "./dockerfile.js";
import { joinLines, type LogicalLine } from "./logical-lines.js";
import { InstructionProblem, parseInstruction } from "./parse-instruction.js";

interface OpenStage {
  readonly from: FromInstruction;
  readonly steps: Instruction[];
}

/** `file` is what problems call it. */
export function parseDockerfile(source: string, file: string): Dockerfile {
  const problems: Diagnostic[] = [];
  const { lines, escapeToken, syntax, check, problems: lineProblems } = joinLines(source);
  const checks = readChecks(check ?? "");
  const report: Report = (message, place, { rule, hint } = {}) => {
    if (rule !== undefined && (checks.skip.has("all") || checks.skip.has(rule.toLowerCase()))) return;
    const severity = rule === undefined || checks.error ? "error" : "warning";
    const at = { file, line: place.line, column: place.column };
    problems.push({ severity, code: "dockerfile", message, source: at, ...(hint ? { hint } : {}) });
  };
  for (const { message, place, warning } of lineProblems) {
    report(message, place, warning ? { rule: "NoEmptyContinuation" } : {});
  }
  const globalArgs: Array<Extract<Instruction, { kind: "arg" }>> = [];
  const stages: OpenStage[] = [];
  for (const instruction of lines.flatMap((line) => readLine(line, escapeToken, report))) {
    if (instruction.kind === "from") stages.push({ from: instruction, steps: [] });
    else if (stages.length > 0) stages.at(-1)?.steps.push(instruction);
    else if (instruction.kind === "arg") globalArgs.push(instruction);
    else report(`no build stage in current context: ${instruction.kind.toUpperCase()} before FROM`, instruction.place);
  }
  if (stages.length === 0 && problems.every(({ severity }) => severity === "warning")) {
    const message =
      lines.length === 0 ? "the Dockerfile cannot be empty" : "no build stage: the Dockerfile has no FROM";
    report(message, { line: 1, column: 1, endLine: 1 });
  }
  checkStages(stages, report);
  problems.sort(
    (a, b) => (a.source?.line ?? 0) - (b.source?.line ?? 0) || (a.source?.column ?? 0) - (b.source?.column ?? 0),
  );
  return { escapeToken, globalArgs, stages: stages.map(closeStage), problems, ...(syntax ? { syntax } : {}) };
}

/** One instruction of an ONBUILD trigger. Throws `InstructionProblem`. */
export function parseTrigger(text: string, place: Place): Instruction[] {
  const problems: InstructionProblem[] = [];
  const { lines, escapeToken } = joinLines(text);
  const report: Report = (message) => problems.push(new InstructionProblem(message, 0));
  const found = lines.flatMap((line) => readLine(line, escapeToken, report));
  if (problems[0]) throw problems[0];
  return found.map((instruction) => ({ ...instruction, place }));
}

/** `rule` is the name of a check, whose finding is a warning; without one it is an error. */
type Report = (message: string, place: Place, extra?: { rule?: string; hint?: string }) => void;

/** `# check=skip=RULE,RULE;error=true`: checks that are left out, and whether findings are errors. */
function readChecks(text: string): { skip: ReadonlySet<string>; error: boolean } {
  const fields = new Map(
    text.split(";").map((field) => [field.split("=")[0]?.trim(), field.split("=")[1]?.trim() ?? ""]),
  );
  const skip = (fields.get("skip") ?? "").split(",").map((rule) => rule.trim().toLowerCase());
  return { skip: new Set(skip), error: fields.get("error")?.toLowerCase() === "true" };
}

function readLine(line: LogicalLine, escapeToken: string, report: Report): Instruction[] {
  try {
    const kind = parseInstruction(line.text, line.heredocs, escapeToken);
    return [{ ...kind, place: line.place, text: shownText(line.text) }];
  } catch (error) {
    if (!(error instanceof InstructionProblem)) throw error;
    report(error.message, line.at(error.offset), error.hint ? { hint: error.hint } : {});
    return [];
  }
}

/** The name in capitals, as progress has always shown it. */
function shownText(text: string): string {
  const name = /^\S+/.exec(text)?.[0] ?? "";
  return `${name.toUpperCase()} ${text.slice(name.length).trim()}`;
}

/** A second stage of the same name would never be found; a second CMD takes the first one's place without a word. */
function checkStages(stages: readonly OpenStage[], report: Report): void {
  const names = new Set<string>();
  for (const { from, steps } of stages) {
    const { name, place } = from;
    if (name !== undefined && names.has(name)) report(`duplicate name ${name}: stage names must be unique`, place);
    if (name !== undefined) names.add(name);
    for (const kind of ["cmd", "entrypoint", "healthcheck"] as const) {
      for (const earlier of steps.filter((step) => step.kind === kind).slice(0, -1)) {
        const message = `Multiple ${kind.toUpperCase()} instructions in one stage: only the last one counts`;
        report(message, earlier.place, { rule: "MultipleInstructionsDisallowed" });
      }
    }
    for (const step of steps) {
      if (step.kind !== "maintainer") continue;
      const hint = 'Use LABEL org.opencontainers.image.authors="…" instead';
      report("MAINTAINER is deprecated", step.place, { rule: "MaintainerDeprecated", hint });
    }
  }
}

function closeStage({ from, steps }: OpenStage, index: number): Stage {
  return { index, from, steps, ...(from.name === undefined ? {} : { name: from.name }) };
}
