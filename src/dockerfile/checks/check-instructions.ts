/**
 * Checks of instructions and stages, by what is written.
 *
 * Pure. Names and words of the rules are BuildKit's.
 *
 * @see Docker's documentation, "Build checks"
 */
import type { FromInstruction, Instruction, Pair } from "../dockerfile.js";
import type { Finding } from "./check.js";

/** An instruction and its text as written, on one line. */
export interface WrittenInstruction {
  readonly instruction: Instruction;
  readonly source: string;
}

const reserved = ["scratch", "context"];
/** Words that tell what nobody else should know; a name that also says `file` or the like tells only where it is. */
const secretWords = /(?:^|_)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const harmlessWords = /(?:^|_)(?:public|pub|file|path|url|id)(?:_|$)/i;

/** In no particular order. */
export function checkInstructions(written: readonly WrittenInstruction[]): Finding[] {
  return [
    ...checkCasing(written),
    ...checkStageNames(written),
    ...written.flatMap(checkOne),
    ...checkRepeated(written),
  ];
}

/** Most names of a file are in capitals, or most are not: the others stand out. */
function checkCasing(written: readonly WrittenInstruction[]): Finding[] {
  const names = written.map(({ source }) => nameOf(source));
  const upper = names.filter((name) => name === name.toUpperCase()).length;
  const lower = names.filter((name) => name === name.toLowerCase()).length;
  const majority = upper >= lower ? "uppercase" : "lowercase";
  return written.flatMap(({ instruction: { place }, source }) => {
    const name = nameOf(source);
    if (name === (majority === "uppercase" ? name.toUpperCase() : name.toLowerCase())) return [];
    const message = `Command '${name}' should match the case of the command majority (${majority})`;
    return [{ rule: "ConsistentInstructionCasing", message, place }];
  });
}

function checkStageNames(written: readonly WrittenInstruction[]): Finding[] {
  const seen = new Set<string>();
  return written.flatMap(({ instruction, source }): Finding[] => {
    const { place } = instruction;
    if (instruction.kind !== "from" || instruction.name === undefined) return [];
    const [, as = "", name = ""] = /\s(as)\s+(\S+)\s*$/i.exec(source) ?? [];
    const isTwice = seen.has(instruction.name);
    seen.add(instruction.name);
    const isUpper = (word: string) => word === word.toUpperCase();
    const from = nameOf(source);
    return [
      ...told(isTwice, { rule: "DuplicateStageName", place }, () => {
        return `Duplicate stage name "${instruction.name}", stage names should be unique`;
      }),
      ...told(reserved.includes(instruction.name), { rule: "ReservedStageName", place }, () => {
        return `Stage name should not use the same name as reserved stage "${instruction.name}"`;
      }),
      ...told(name !== name.toLowerCase(), { rule: "StageNameCasing", place }, () => {
        return `Stage name '${name}' should be lowercase`;
      }),
      ...told(isUpper(as) !== isUpper(from), { rule: "FromAsCasing", place }, () => {
        return `'${as}' and '${from}' keywords' casing do not match`;
      }),
    ];
  });
}

function checkOne({ instruction, source }: WrittenInstruction): Finding[] {
  const { place } = instruction;
  const found = (rule: string, message: string): Finding[] => [{ rule, message, place }];
  switch (instruction.kind) {
    case "maintainer":
      return found("MaintainerDeprecated", "Maintainer instruction is deprecated in favor of using label").map(
        (one) => ({
          ...one,
          hint: 'Use LABEL org.opencontainers.image.authors="…" instead',
        }),
      );
    case "env":
    case "label":
      return [...checkLegacy(instruction.kind, instruction.pairs, { source, place }), ...checkSecrets(instruction)];
    case "arg":
      return checkSecrets(instruction);
    case "expose":
      return instruction.ports.flatMap((port) => checkPort(port).flatMap(([rule, message]) => found(rule, message)));
    case "from":
      return checkPlatform(instruction);
    default:
      return [];
  }
}

function checkLegacy(
  kind: "env" | "label",
  pairs: readonly Pair[],
  { source, place }: { source: string; place: Instruction["place"] },
): Finding[] {
  const [first] = pairs;
  const isLegacy = first !== undefined && !source.slice(nameOf(source).length).trim().startsWith(`${first.key}=`);
  const name = kind.toUpperCase();
  const message = `"${name} key=value" should be used instead of legacy "${name} key value" format`;
  return isLegacy ? [{ rule: "LegacyKeyValueFormat", message, place }] : [];
}

function checkSecrets(instruction: Extract<Instruction, { kind: "env" | "label" | "arg" }>): Finding[] {
  if (instruction.kind === "label") return [];
  const keys = (instruction.kind === "env" ? instruction.pairs : instruction.args).map(({ key }) => key);
  const name = instruction.kind.toUpperCase();
  return keys
    .filter((key) => secretWords.test(key) && !harmlessWords.test(key))
    .map((key) => ({
      rule: "SecretsUsedInArgOrEnv",
      message: `Do not use ARG or ENV instructions for sensitive data (${name} "${key}")`,
      hint: "Use RUN --mount=type=secret",
      place: instruction.place,
    }));
}

function checkPort(port: string): Array<[string, string]> {
  const [, number = "", protocol = ""] = /^([^/]*)(?:\/(.*))?$/.exec(port) ?? [];
  if (port.includes("$")) return [];
  const casing = `Defined protocol '${port}' in EXPOSE instruction should be lowercase`;
  const form = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`;
  return [
    ...(protocol === protocol.toLowerCase() ? [] : [["ExposeProtoCasing", casing] as [string, string]]),
    ...(number.includes(":") ? [["ExposeInvalidFormat", form] as [string, string]] : []),
  ];
}

function checkPlatform({ platform, place }: FromInstruction): Finding[] {
  if (platform === undefined) return [];
  const variable = /^\$\{?TARGETPLATFORM\}?$/.exec(platform);
  if (variable) {
    const message = `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`;
    return [{ rule: "RedundantTargetPlatform", message, place }];
  }
  if (platform.includes("$")) return [];
  const message = `FROM --platform flag should not use constant value "${platform}"`;
  return [{ rule: "FromPlatformFlagConstDisallowed", message, place }];
}

/** Rules that look at what else a stage has. */
function checkRepeated(written: readonly WrittenInstruction[]): Finding[] {
  return stagesOf(written).flatMap((steps) => [
    ...(["cmd", "entrypoint", "healthcheck"] as const).flatMap((kind) => {
      const all = steps.filter((step) => step.kind === kind);
      const message =
        `Multiple ${kind.toUpperCase()} instructions should not be used in the same stage ` +
        "because only the last one will be used";
      return all.slice(0, -1).map(({ place }) => ({ rule: "MultipleInstructionsDisallowed", message, place }));
    }),
    ...checkShellForms(steps),
    ...checkWorkdirs(steps),
  ]);
}

/** A shell as process 1 passes no signals on; who chose it by SHELL knows. */
function checkShellForms(steps: readonly Instruction[]): Finding[] {
  if (steps.some(({ kind }) => kind === "shell")) return [];
  return steps.flatMap((step) => {
    if ((step.kind !== "cmd" && step.kind !== "entrypoint") || step.command.form === "exec") return [];
    const message =
      `JSON arguments recommended for ${step.kind.toUpperCase()} ` +
      "to prevent unintended behavior related to OS signals";
    return [{ rule: "JSONArgsRecommended", message, place: step.place }];
  });
}

function checkWorkdirs(steps: readonly Instruction[]): Finding[] {
  const [first] = steps.flatMap((step) => (step.kind === "workdir" ? [step] : []));
  const [from] = steps;
  const base = from?.kind === "from" ? from.image : "";
  if (!first || /^[/$]/.test(first.path) || base.includes("$")) return [];
  const message = `Relative workdir "${first.path}" can have unexpected results if the base image changes`;
  return [{ rule: "WorkdirRelativePath", message, place: first.place }];
}

/** Each with its FROM; what stands before the first one is no stage. */
function stagesOf(written: readonly WrittenInstruction[]): Instruction[][] {
  const stages: Instruction[][] = [];
  for (const { instruction } of written) {
    if (instruction.kind === "from") stages.push([instruction]);
    else stages.at(-1)?.push(instruction);
  }
  return stages;
}

function told(isFound: boolean, where: Omit<Finding, "message">, message: () => string): Finding[] {
  return isFound ? [{ ...where, message: message() }] : [];
}

function nameOf(source: string): string {
  return /^\S+/.exec(source)?.[0] ?? "";
}
