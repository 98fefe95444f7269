/** The check of COPY and ADD against the context's ignore file. Pure. */

import type { Dockerfile } from "../dockerfile.js";
import { isGitAddress } from "../git-address.js";
import { ignoreRules } from "../ignore-patterns.js";
import { type Finding, isChecked } from "./check.js";

/** `ignore` are the lines of the ignore file. */
export function checkIgnoredSources({ stages, checks }: Dockerfile, ignore: readonly string[]): Finding[] {
  const rule = "CopyIgnoredFile";
  if (!isChecked(rule, checks)) return [];
  const rules = ignoreRules(ignore);
  return stages
    .flatMap(({ steps }) => steps)
    .flatMap((step) => {
      if ((step.kind !== "copy" && step.kind !== "add") || (step.kind === "copy" && step.from !== undefined)) return [];
      const name = step.kind === "copy" ? "Copy" : "Add";
      return step.sources
        .filter((source) => !/[$*?[]|:\/\//.test(source) && !isGitAddress(source))
        .map((source) => source.replace(/^(?:\.?\/)+/, "").replace(/\/+$/, ""))
        .filter((source) => source !== "" && source !== "." && !rules.hasExceptions && rules.ignores(source))
        .map((source) => {
          const message = `Attempting to ${name} file "${source}" that is excluded by .dockerignore`;
          return { rule, message, place: step.place };
        });
    });
}
