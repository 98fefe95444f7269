/** Hides what looks like a secret in a line of a file that is shown beside a problem. Pure. */

/** A variable or a field of such a name is taken to hold one. */
export const credentialName = /pass|secret|token|key|credential|auth|private/i;

/** The end of a name, what stands between, and a value; a variable, a collection or a path is no secret itself. */
const assignment = new RegExp(
  [
    /((?:passw(?:or)?d|secret|token|api[-_]?key|private[-_]?key|credential)[\w.-]*)/,
    /(["']?\s{0,20}[:=]\s{0,20})(?![\s$[{&*|>/.]|["']?[$/])/,
    /[^,}\]]+/,
  ]
    .map(({ source }) => source)
    .join(""),
  "gi",
);
/** The keys of the Compose file, paths, and the build check that warns of secrets. */
const noSecretsName = /^secrets?$|_file$|^SecretsUsedInArgOrEnv$/i;
/** An option that is told a secret in the next word. */
const secretOption = /^--?[\w-]*(?:passw(?:or)?d|secret|token|api-?key|private-?key|credential)s?$/i;
const userInfo = /(:\/\/[^\s/:@]{0,100}:)([^\s/@${}]{1,500})(?=@)/g;

/** The line with `***` for such values; everything before a value keeps its column. */
export function maskSecrets(line: string): string {
  return line
    .replace(assignment, (whole, name: string, between: string, at: number) => {
      const isVariable = /\$\{\w*$/.test(line.slice(Math.max(0, at - 100), at)); // `${DB_PASSWORD:-…}`
      return isVariable || noSecretsName.test(name) ? whole : `${name}${between}***`;
    })
    .replace(userInfo, "$1***");
}

/** Words of a command, with `***` for what follows an option such as `--password`; within a word see `maskSecrets`. */
export function maskWords(words: readonly string[]): string[] {
  return words.map((word, at) => {
    const isSecret = secretOption.test(words[at - 1] ?? "") && !/^[-$]/.test(word);
    return isSecret ? "***" : maskSecrets(word);
  });
}
