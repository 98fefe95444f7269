/**
 * Takes the values that a project knows as secrets out of what is shown of a failure: containers like to log them.
 *
 * Reads the files that secrets come from, once, when something has to be masked. What is not known as a secret is not
 * found; names and assignments that look like one are (`compose/mask-secrets.ts`).
 */
import { readFileSync, statSync } from "node:fs";
import { credentialName, maskSecrets } from "../../compose/mask-secrets.js";
import type { Project } from "../../compose/project.js";

/** A text with `***` for every secret in it. */
export type MaskText = (text: string) => string;

/** What is looked at of a project; a project that is known by its name alone has none. */
export type SecretHolder = Partial<Pick<Project, "secrets" | "services" | "environment">>;

/** Shorter ones stand in too many words to be taken out; what merely bears a telling name may be such a word. */
const leastChars = { secret: 4, variable: 8 };
/** A secret beyond it is a file that nobody logs whole. */
const mostFileBytes = 64 << 10;

/** The mask of a project. Its secrets are read at the first call. */
export function secretMask(project: SecretHolder): MaskText {
  let values: readonly string[] | undefined;
  return (text) => {
    values ??= secretValues(project);
    let masked = text;
    for (const value of values) masked = masked.replaceAll(value, "***");
    return masked.split("\n").map(maskSecrets).join("\n");
  };
}

/** The longest first, so that no part of one is left over; whole values, their lines, and as programs encode them. */
function secretValues({ secrets, services, environment = {} }: SecretHolder): string[] {
  const contents = [...(secrets?.values() ?? [])].flatMap((secret) => [
    ...(secret.content === undefined ? [] : [secret.content]),
    ...(secret.environment === undefined ? [] : [environment[secret.environment] ?? ""]),
    ...(secret.file === undefined ? [] : [readText(secret.file)]),
  ]);
  const lines = contents.flatMap((text) => [text, ...text.split("\n")]).map((text) => text.trim());
  const environments = [...(services?.values() ?? [])].flatMap((service) => [
    service.environment,
    ...[service.pre_start, service.post_start, service.pre_stop].flat().map((hook) => hook?.environment ?? {}),
  ]);
  const variables = environments
    .flatMap((variables) => Object.entries(variables))
    .flatMap(([name, value]) => (credentialName.test(name) && value ? [value] : []));
  const values = [
    ...lines.filter((value) => value.length >= leastChars.secret),
    ...variables.filter((value) => value.length >= leastChars.variable),
  ];
  const spelled = values.flatMap((value) => [value, encodeURIComponent(value), Buffer.from(value).toString("base64")]);
  return [...new Set(spelled)].sort((a, b) => b.length - a.length);
}

function readText(path: string): string {
  try {
    return statSync(path).size <= mostFileBytes ? readFileSync(path, "utf8") : "";
  } catch {
    return ""; // making the container says what is wrong with it
  }
}
