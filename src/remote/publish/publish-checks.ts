/** What a person should look at before a project is published: everybody who may pull it will. Pure. */
import type { Project } from "../../compose/project.js";
import { artifactTypes } from "../compose-artifact.js";
import { literalValues, type PublishedFile } from "./published-files.js";

/** One question, and what it is about. Values are never shown. */
export interface PublishQuestion {
  readonly about: string;
  readonly lines: readonly string[];
}

const sensitiveName = /passw(or)?d|passphrase|secret|token|api[-_]?key|private[-_]?key|credential/i;
/** Texts that are a secret by their form, whatever they are called. */
const sensitiveForms: ReadonlyArray<readonly [RegExp, string]> = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/\b(AKIA|ASIA)[0-9A-Z]{16}\b/, "an AWS access key"],
  [/\bgh[pousr]_[A-Za-z0-9]{36,}\b/, "a GitHub token"],
  [/\bglpat-[\w-]{20,}\b/, "a GitLab token"],
  [/\bxox[abprs]-[\w-]{10,}\b/, "a Slack token"],
  [/\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}\b/, "a JSON web token"],
];

/** In the order in which they are asked; empty when there is nothing to look at. */
export function publishQuestions(
  project: Project,
  files: readonly PublishedFile[],
  { withEnv }: { withEnv: boolean },
): PublishQuestion[] {
  const questions = [
    {
      about: "The files say which folders of this host are mounted, though not what is in them:",
      lines: bindMounts(project),
    },
    { about: "The files hold what looks like secrets, as it is written:", lines: secrets(files) },
    { about: "Services read env files, whose contents stay here:", lines: withEnv ? [] : envFiles(files) },
    { about: "The contents of these configs are part of the files:", lines: inlineConfigs(project) },
  ];
  return questions.filter(({ lines }) => lines.length > 0);
}

function bindMounts(project: Project): string[] {
  return [...project.services.values()].flatMap(({ name, volumes }) =>
    volumes.flatMap((mount) => (mount.type === "bind" ? [`${name}: ${mount.source} at ${mount.target}`] : [])),
  );
}

function secrets(files: readonly PublishedFile[]): string[] {
  const found = files.flatMap(({ mediaType, annotations, text }) => {
    const file = Object.values(annotations).at(-1) ?? "";
    const forms = sensitiveForms.flatMap(([form, what]) => (form.test(text) ? [`${what} in ${file}`] : []));
    const values = mediaType === artifactTypes.composeFile ? literalValues(text) : envValues(text);
    // A variable or a file's name is no secret, and neither is what only names one.
    const named = values.flatMap(({ key, value }) =>
      sensitiveName.test(key) && !/_FILE$/i.test(key) && value !== "" && !value.includes("$") && !isPlace(value)
        ? [`${key} in ${file}`]
        : [],
    );
    return [...forms, ...named];
  });
  return [...new Set(found)];
}

function isPlace(value: string): boolean {
  return value.startsWith("/") || value.startsWith("./");
}

function envValues(text: string): Array<{ key: string; value: string }> {
  return text.split("\n").flatMap((line) => {
    const [, key = "", value = ""] = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*)$/.exec(line) ?? [];
    return key === "" ? [] : [{ key, value }];
  });
}

function envFiles(files: readonly PublishedFile[]): string[] {
  const uses = files.filter(({ text }) => /\benv_file\b/.test(text));
  return uses.map(({ annotations }) => annotations["com.docker.compose.file"] ?? "");
}

function inlineConfigs(project: Project): string[] {
  const { model } = project.provenance ?? {};
  const configs = model?.kind === "map" ? model.entries.get("configs")?.value : undefined;
  if (configs?.kind !== "map") return [];
  return [...configs.entries].flatMap(([key, { value }]) =>
    value.kind === "map" && value.entries.has("content") ? [key] : [],
  );
}
