/** Variables in `devcontainer.json`, by the section of that name of the Dev Container Specification. Pure. */

export interface Substitutions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly localFolder: string;
  readonly containerFolder: string;
  /** `containerEnv`, for `${containerEnv:NAME}` in what is run in the container. */
  readonly containerEnv: Readonly<Record<string, string>>;
}

/** Every text in `value` with its variables replaced; one that is not known stays. */
export function substitute(value: unknown, known: Substitutions): unknown {
  if (typeof value === "string") return substituteText(value, known);
  if (Array.isArray(value)) return value.map((item) => substitute(item, known));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, substitute(member, known)]));
}

function substituteText(text: string, known: Substitutions): string {
  const { environment, localFolder, containerFolder, containerEnv } = known;
  const base = (path: string) => path.split("/").filter(Boolean).at(-1) ?? "";
  return text.replace(/\$\{(\w+)(?::([^:}]*)(?::([^}]*))?)?\}/g, (whole, kind: string, name = "", otherwise = "") => {
    switch (kind) {
      case "localEnv":
      case "env":
        return environment[name] ?? otherwise;
      case "containerEnv":
        return containerEnv[name] ?? otherwise;
      case "localWorkspaceFolder":
        return localFolder;
      case "localWorkspaceFolderBasename":
        return base(localFolder);
      case "containerWorkspaceFolder":
        return containerFolder;
      case "containerWorkspaceFolderBasename":
        return base(containerFolder);
      default:
        return whole;
    }
  });
}
