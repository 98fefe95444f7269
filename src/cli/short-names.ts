/** The docker CLI's short names of commands, where docker compose has no command of that name. Pure. */

const groups: ReadonlyMap<string, readonly string[]> = new Map([
  ["-v", ["--version"]],
  ["rmi", ["image", "rm"]],
  ["tag", ["image", "tag"]],
  ["save", ["image", "save"]],
  ["load", ["image", "load"]],
  ["import", ["image", "import"]],
  ["rename", ["container", "rename"]],
  ["update", ["container", "update"]],
  ["info", ["system", "info"]],
]);

/** `rmi x` as `image rm x`, docker compose's `alpha viz` as `viz`; every other command line as it is. */
export function expandShortName(argv: readonly string[]): readonly string[] {
  const [first = "", ...rest] = argv;
  if (first === "alpha" && rest.length > 0) return rest;
  if (first === "history" && namesImage(rest)) return ["image", ...argv];
  const words = groups.get(first);
  return words ? [...words, ...rest] : argv;
}

/** The history of a project has numbers, that of an image is asked for by its name. */
function namesImage(words: readonly string[]): boolean {
  return words.some((word, at) => !/^-|^\d+$/.test(word) && words[at - 1] !== "--format");
}
