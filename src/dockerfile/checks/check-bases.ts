/** Checks of FROM: whether its variables are declared, and what it comes to without anybody's arguments. Pure. */
import { didYouMean } from "../../base/did-you-mean.js";
import { GantryError } from "../../base/errors.js";
import { platformArgs } from "../build-args.js";
import type { FromInstruction, Instruction } from "../dockerfile.js";
import { expandWord } from "../expand.js";
import type { Finding } from "./check.js";

type Arg = Extract<Instruction, { kind: "arg" }>;

const anyPlatforms = { build: "linux/amd64", target: "linux/amd64", targetStage: "default" };

/** `globalArgs` are those before the first FROM. */
export function checkBases(
  bases: readonly FromInstruction[],
  { globalArgs, escapeToken }: { globalArgs: readonly Arg[]; escapeToken: string },
): Finding[] {
  const args = globalArgs.flatMap((one) => one.args);
  const defaults = platformArgs(anyPlatforms);
  for (const { key, value } of args) {
    const known = value === undefined ? undefined : expanded(value, { escapeToken, variables: defaults });
    defaults.set(key, known ?? "");
  }
  return bases.flatMap(({ image, platform = "", place }) => {
    const unset = new Set<string>();
    const options = { escapeToken, variables: defaults, onUnset: (name: string) => void unset.add(name) };
    const name = expanded(image, options);
    expanded(platform, options);
    const undeclared = [...unset].sort().map((variable): Finding => {
      const hint = didYouMean(variable, [...defaults.keys()]);
      const message = `FROM argument '${variable}' is not declared`;
      return { rule: "UndefinedArgInFrom", message, place, ...(hint ? { hint } : {}) };
    });
    if (undeclared.length > 0 || (name !== "" && !/^[:@]|[:@]$/.test(name ?? ""))) return undeclared;
    const message = `Default value for ARG ${image} results in empty or invalid base image name`;
    return [{ rule: "InvalidDefaultArgInFrom", message, place }];
  });
}

/** Undefined for what cannot be expanded, which is told as an error elsewhere. */
function expanded(text: string, options: Parameters<typeof expandWord>[1]): string | undefined {
  try {
    return expandWord(text, options);
  } catch (error) {
    if (error instanceof GantryError) return undefined;
    throw error;
  }
}
