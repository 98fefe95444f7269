/** Finds the programs outside of the engine that a project names: plugins of the docker CLI, and those in the PATH. */
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { GantryError } from "../../base/errors.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where packages put plugins, in the docker CLI's order. */
const pluginFolders = [
  "/usr/local/lib/docker/cli-plugins",
  "/usr/local/libexec/docker/cli-plugins",
  "/usr/lib/docker/cli-plugins",
  "/usr/libexec/docker/cli-plugins",
];

/**
 * The program of a provider: the plugin `docker-TYPE`, or `TYPE`, `docker-TYPE` or `compose-TYPE` in the PATH. Throws
 * "bad-parameter" for what is no name of a program, "helper-missing" when there is none.
 */
export function findProvider(type: string, env: Environment): string {
  // A type with a slash would run a file that came with the project.
  if (!/^[A-Za-z0-9][\w.-]*$/.test(type) || type === "compose") {
    throw new GantryError("bad-parameter", `"${type}" is not a type of provider`, {
      hint: "A type is the name of a plugin, or of a program in the PATH.",
    });
  }
  const found = findPlugin(type, env) ?? findInPath([type, `docker-${type}`, `compose-${type}`], env);
  if (found) return found;
  throw new GantryError("helper-missing", `There is no provider "${type}": no plugin and no program of that name`, {
    hint: `Install docker-${type} as a plugin of the docker CLI, or put "${type}" into the PATH.`,
  });
}

/** The program that runs models. Throws "helper-missing". */
export function findModelRunner(env: Environment): string {
  const found = findPlugin("model", env) ?? findInPath(["docker-model"], env);
  if (found) return found;
  throw new GantryError("helper-missing", "models need the program docker-model, which is not here", {
    hint: "Install Docker Model Runner's plugin of the docker CLI, docker-model.",
  });
}

function findPlugin(name: string, env: Environment): string | undefined {
  const home = env.HOME ? [join(env.HOME, ".docker")] : [];
  const own = env.DOCKER_CONFIG ? [env.DOCKER_CONFIG] : home;
  const folders = [...own.map((folder) => join(folder, "cli-plugins")), ...pluginFolders];
  return folders.map((folder) => join(folder, `docker-${name}`)).find(isProgram);
}

function findInPath(names: readonly string[], env: Environment): string | undefined {
  // An empty or relative entry means the current folder, which may be anybody's.
  const folders = (env.PATH ?? "").split(":").filter((folder) => folder.startsWith("/"));
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
