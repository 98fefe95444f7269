/** `--security-opt`: what the engine is told, seccomp profiles by their text. Pure. */
import { GantryError } from "../../../../../base/errors.js";
import type { HostConfig } from "../../../../../wire/container.js";

/** Paths of the seccomp profiles that the words name. */
export function seccompPaths(words: readonly string[] = []): string[] {
  return words.flatMap((word) => {
    const { name, value } = split(word);
    return name === "seccomp" && !["unconfined", "builtin", ""].includes(value) ? [value] : [];
  });
}

/** `profiles` has the text of each path. Throws "bad-parameter" for a word without value, a profile that is no JSON. */
export function securityOptions(
  words: readonly string[] | undefined,
  profiles: ReadonlyMap<string, string>,
): Pick<HostConfig, "SecurityOpt" | "MaskedPaths" | "ReadonlyPaths"> {
  if (!words) return {};
  // Docker's word for a container that sees all of /proc and /sys; engines take it as two empty lists.
  const isOpen = (word: string) => word === "systempaths=unconfined";
  const SecurityOpt = words.filter((word) => !isOpen(word)).map((word) => option(word, profiles));
  return { SecurityOpt, ...(words.some(isOpen) ? { MaskedPaths: [], ReadonlyPaths: [] } : {}) };
}

function option(word: string, profiles: ReadonlyMap<string, string>): string {
  const { name, value } = split(word);
  if (name === "no-new-privileges" && !/[=:]/.test(word)) return word;
  if (!/[=:]/.test(word)) throw new GantryError("bad-parameter", `--security-opt: ${word}: write it as name=value`);
  const profile = name === "seccomp" ? profiles.get(value) : undefined;
  if (profile === undefined) return word;
  try {
    return `seccomp=${JSON.stringify(JSON.parse(profile))}`;
  } catch (cause) {
    throw new GantryError("bad-parameter", `--security-opt: the seccomp profile ${value} is not JSON`, { cause });
  }
}

/** A colon did for `=` once. */
function split(word: string): { name: string; value: string } {
  const at = word.search(/[=:]/);
  return at < 0 ? { name: word, value: "" } : { name: word.slice(0, at), value: word.slice(at + 1) };
}
