/** Compose files from elsewhere: how a command fetches them, and asks before it runs what they say. */

import { relative } from "node:path";
import type { FetchRemote } from "../../../compose/load/remote-files.js";
import { maskSecrets } from "../../../compose/mask-secrets.js";
import type { Project } from "../../../compose/project.js";
import { remoteFetcher } from "../../../remote/fetch-remote.js";
import type { RegistryAccess } from "../../../remote/remote-options.js";
import type { CliContext } from "../../context.js";
import { CredentialStore } from "../../registry-auth/credential-store.js";
import { confirm } from "./output/confirm.js";

const hint = "Look at the files with: gantry config; go on with --yes.";

const fetchers = new WeakMap<CliContext, FetchRemote>();

/** One for a command, however often it loads. */
export function fetcherOf(context: CliContext): FetchRemote {
  const known = fetchers.get(context) ?? createFetcher(context);
  fetchers.set(context, known);
  return known;
}

function createFetcher(context: CliContext): FetchRemote {
  const { env, signal } = context;
  const caches = env.XDG_CACHE_HOME || `${env.HOME || "/root"}/.cache`;
  return remoteFetcher({
    cache: `${caches}/gantry/compose-files`,
    env,
    signal,
    registry: (domain) => registryAccess(context, domain),
  });
}

/** A client of registries, and this user's credentials for one of them. */
export async function registryAccess({ env, clock }: CliContext, domain: string): Promise<RegistryAccess> {
  const { createRegistryClient } = await import("../../../registry/registry-client.js");
  const { environmentConfig } = await import("../../../registry/registry-config.js");
  const home = env.HOME || "/root";
  const config = environmentConfig(env, [`${home}/.docker/certs.d`, `${home}/.config/containers/certs.d`]);
  const registry = createRegistryClient({ config, clock });
  const { identityToken, registryToken, username, password = "" } = (await new CredentialStore(env).find(domain)) ?? {};
  if (identityToken !== undefined) return { registry, credentials: { identitytoken: identityToken } };
  if (registryToken !== undefined) return { registry, credentials: { registrytoken: registryToken } };
  return username === undefined ? { registry } : { registry, credentials: { username, password } };
}

/**
 * Shows what files from elsewhere ask for, and asks whether to go on; `--yes` goes on. Files that others include are
 * not run unless somebody says so. Throws "cancelled" when the answer is no, or nobody can be asked.
 */
export async function confirmRemotes(context: CliContext, project: Project, yes: boolean | undefined): Promise<void> {
  const remotes = project.remotes ?? [];
  if (remotes.length === 0 || yes) return;
  const [first] = project.configFiles;
  const isMain = remotes.some(({ file }) => file === first);
  const included = remotes.filter(({ file }) => !project.configFiles.includes(file));
  const { stderr } = context;
  if (isMain) stderr.write(`The project's files are in ${remotes.find(({ file }) => file === first)?.root}\n`);
  const reached = reachOfRemotes(project);
  if (reached.length > 0) stderr.write(`They reach for this host:\n${reached.map((line) => `  ${line}\n`).join("")}`);
  const variables = isMain ? variablesTold(project) : [];
  if (variables.length > 0) {
    stderr.write(`They take these variables:\n${variables.map((line) => `  ${line}\n`).join("")}`);
  }
  if (included.length > 0 || reached.length > 0) {
    const names = remotes.map(({ reference }) => `  ${reference}\n`).join("");
    stderr.write(`This project has files from elsewhere, which could do harm:\n${names}`);
    return confirm(context, "Do you trust them?", { otherwise: false, hint });
  }
  if (variables.length > 0) await confirm(context, "Go on with these variables?", { otherwise: true, hint });
}

/** True where `confirmRemotes` has something to ask. */
export function asksAboutRemotes(project: Project): boolean {
  const { remotes = [], configFiles } = project;
  if (remotes.length === 0) return false;
  const isIncluded = remotes.some(({ file }) => !configFiles.includes(file));
  return isIncluded || reachOfRemotes(project).length > 0 || variablesTold(project).length > 0;
}

/** Of what remote files write: mounts from outside of their folder, programs, and power over the host. */
function reachOfRemotes(project: Project): string[] {
  const roots = (project.remotes ?? []).map(({ root }) => root);
  const rootOf = (path: string) => roots.find((root) => !relative(root, path).startsWith(".."));
  const writer = (path: string) => rootOf(project.sources.get(path)?.at(-1)?.file ?? "");
  return [...project.services.values()].flatMap((service) => {
    const at = `services.${service.name}`;
    const isTheirs = (key: string) => writer(`${at}.${key}`) !== undefined;
    const mounts = service.volumes.flatMap(({ type, source = "" }, index) => {
      const own = writer(`${at}.volumes[${index}]`);
      return type === "bind" && own !== undefined && rootOf(source) !== own ? [`mounts ${source}`] : [];
    });
    const powers = [
      ...(service.provider && isTheirs("provider") ? [`runs the program of provider ${service.provider.type}`] : []),
      ...(service.use_api_socket && isTheirs("use_api_socket") ? ["uses the engine, and your credentials"] : []),
      ...(service.privileged && isTheirs("privileged") ? ["is privileged"] : []),
      ...(["pid", "network_mode", "ipc"] as const).flatMap((key) =>
        service[key] === "host" && isTheirs(key) ? [`has the host's ${key}`] : [],
      ),
    ];
    return [...mounts, ...powers].map((what) => `${service.name} ${what}`);
  });
}

/** `NAME=value`, those that the remote files read; what looks like a secret is masked. */
function variablesTold(project: Project): string[] {
  const roots = (project.remotes ?? []).map(({ root }) => root);
  const names = [...(project.variableUses ?? [])].flatMap(([place, uses]) =>
    roots.some((root) => place.startsWith(`${root}/`)) ? uses.map(({ name }) => name) : [],
  );
  return [...new Set(names)].sort().map((name) => {
    const value = project.environment[name];
    return value === undefined ? `${name} (not set)` : maskSecrets(`${name}=${value}`);
  });
}
