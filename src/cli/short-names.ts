/** The docker CLI's short names of commands, where docker compose has no command of that name. Pure. */

const groups: ReadonlyMap<string, readonly string[]> = new Map([
  ["-v", ["--version"]],
  ["rmi", ["image", "rm"]],
  ["tag", ["image", "tag"]],
  ["save", ["image", "save"]],
  ["load", ["image", "load"]],
  ["history", ["image", "history"]],
  ["import", ["image", "import"]],
  ["diff", ["container", "diff"]],
  ["rename", ["container", "rename"]],
  ["update", ["container", "update"]],
  ["info", ["system", "info"]],
]);

/** `rmi x` as `image rm x`, docker compose's `alpha viz` as `viz`; every other command line as it is. */
export function expandShortName(argv: readonly string[]): readonly string[] {
  const [first = "", ...rest] = argv;
  if (first === "alpha" && rest.length > 0) return rest;
  const words = groups.get(first);
  return words ? [...words, ...rest] : argv;
}
