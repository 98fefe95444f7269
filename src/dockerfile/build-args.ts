/**
 * Build arguments and their scopes: what FROM sees, what a stage sees, and what is there without being declared.
 *
 * Pure.
 * @see Dockerfile reference, "ARG", "Scope", "Predefined ARGs", "Automatic platform ARGs in the global scope"
 */

import type { Dockerfile, Instruction } from "./dockerfile.js";
import { expandWord, type Variables } from "./expand.js";

/** Available to RUN without ARG, and neither in the history nor in the cache's keys. */
export const predefinedArgs: readonly string[] = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "FTP_PROXY",
  "NO_PROXY",
  "ALL_PROXY",
].flatMap((name) => [name, name.toLowerCase()]);

/** In the words of the platform ARGs. */
export interface BuildPlatforms {
  readonly build: string;
  readonly target: string;
  /** The target stage's name, or its number. */
  readonly targetStage: string;
}

/** `TARGETPLATFORM`, `BUILDARCH`, …: there for FROM at once, for a stage once it declares them. */
export function platformArgs({ build, target, targetStage }: BuildPlatforms): Map<string, string> {
  const parts = (prefix: string, platform: string): Array<[string, string]> => {
    const [os = "", arch = "", variant = ""] = platform.split("/");
    return [
      [`${prefix}PLATFORM`, platform],
      [`${prefix}OS`, os],
      [`${prefix}ARCH`, arch],
      [`${prefix}VARIANT`, variant],
    ];
  };
  return new Map([...parts("BUILD", build), ...parts("TARGET", target), ["TARGETSTAGE", targetStage]]);
}

/** What the ARGs before the first FROM amount to, platform ARGs included. Throws "bad-parameter". */
export function globalScope(
  { globalArgs, escapeToken }: Dockerfile,
  asked: Variables,
  platforms: BuildPlatforms,
): Map<string, string> {
  const scope = platformArgs(platforms);
  for (const [key, value] of asked) if (scope.has(key)) scope.set(key, value);
  for (const { args } of globalArgs) {
    for (const { key, value } of args) {
      const given = asked.get(key);
      const own = given ?? (value === undefined ? undefined : expandWord(value, { escapeToken, variables: scope }));
      if (own !== undefined) scope.set(key, own);
    }
  }
  return scope;
}

/** The value that an ARG in a stage gets; undefined leaves it unset. `scope` is what the stage sees so far. */
export function stageArg(
  { key, value }: Extract<Instruction, { kind: "arg" }>["args"][number],
  known: { asked: Variables; global: Variables; scope: Variables; escapeToken: string },
): string | undefined {
  const given = known.asked.get(key);
  if (given !== undefined) return given;
  if (value !== undefined) return expandWord(value, { escapeToken: known.escapeToken, variables: known.scope });
  return known.global.get(key);
}

/** Arguments that were given and that nothing in the Dockerfile declares. */
export function unusedArgs({ globalArgs, stages }: Dockerfile, asked: Variables): string[] {
  const declared = [...globalArgs, ...stages.flatMap(({ steps }) => steps)].flatMap((step) =>
    step.kind === "arg" ? step.args.map(({ key }) => key) : [],
  );
  const known = new Set([...declared, ...predefinedArgs, "SOURCE_DATE_EPOCH"]);
  return [...asked.keys()].filter((key) => !known.has(key) && !key.startsWith("BUILDKIT_")).sort();
}
