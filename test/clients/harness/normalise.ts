/** Takes out of what a command printed all that two right answers may differ in: ids, times, ages, places. Pure. */

export interface Private {
  /** Paths that are this side's own, longest first, each with the word to show in its place. */
  readonly paths: ReadonlyArray<readonly [path: string, word: string]>;
}

const duration = String.raw`(?:Less than a second|About an? (?:minute|hour)|\d+ (?:second|minute|hour|day|week|month|year)s?)`;

type Replacement = string | ((match: string, ...groups: string[]) => string);

const rules: ReadonlyArray<readonly [RegExp, Replacement]> = [
  [/\r/g, ""],
  [/\x1b\[[0-9;?]*[A-Za-z]/g, ""],
  [/\b[0-9a-f]{64}\b/g, "<id>"],
  [/\b(?=[a-f]*\d)[0-9a-f]{12}\b/g, "<id>"],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d(?: [A-Z]{3,4})?)?/g, "<time>"],
  [new RegExp(`${duration}(?= ago|\\b)`, "g"), "<age>"],
  [/\b1[78]\d{8}\.\d{9}\b/g, "<seconds>"],
  [/\b1[78]\d{17}\b/g, "<nanoseconds>"],
  [/\b1[78]\d{8}\b/g, "<seconds>"],
  [/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, "<mac>"],
  [/(\.0\.0\.1|0\.0\.0\.0|::\]?):(?:3[2-9]|4\d|5\d|6\d)\d{3}\b/g, "$1:<port>"],
  // Addresses of the default bridge.
  [/\b(?:10\.90|172\.17)\.0\.(\d+)/g, "<bridge>.$1"],
  // The two may run different runtimes, and daemons since 23 name one step more.
  [
    /(?:failed to create task for container: )?failed to create shim task: OCI runtime create failed: (?:runc|crun)/g,
    "<task>: <runtime>",
  ],
  // Clients add it when a request was refused, but not when a start failed: the two may notice at different times.
  [/^(?:See 'docker run --help'\.|\nRun 'docker run --help' for more information)\n/gm, ""],
  // What the client logs while it gives up depends on how far it came.
  [/^time=".*\n/gm, ""],
  // Before 23 they said it twice, before the name was completed and after.
  [/no such image: \S+: no such image: /gi, "no such image: "],
  // A manifest of ours is OCI's, theirs Docker's own.
  [/(digest: sha256:<id>) size: \d+/g, "$1"],
  // Where an image is in use ours names the container, theirs tells its id.
  [/(used by (?:running|stopped) container|volume is in use - \[|container)( ?)(?:user|<id>)/g, "$1$2<user>"],
  // Since 24 an end tells how long its run took.
  [/ execDuration=\d+/g, ""],
  // Newer daemons begin their messages in lower case.
  [/(Error response from daemon: )([A-Z])(?=[a-z])/g, (_all, before, letter) => `${before}${letter.toLowerCase()}`],
  // Columns are as wide as their widest entry, before it was replaced.
  [/ {2,}/g, "  "],
  [/[ \t]+$/gm, ""],
];

export function normalise(text: string, { paths }: Private): string {
  const placed = paths.reduce((result, [path, word]) => result.replaceAll(path, word), text);
  return rules.reduce((result, [pattern, word]) => replace(result, pattern, word), placed);
}

function replace(text: string, pattern: RegExp, word: Replacement): string {
  return typeof word === "string" ? text.replace(pattern, word) : text.replace(pattern, word);
}
