/**
 * What a service's `build:` section asks an engine to build.
 *
 * Pure. Every attribute becomes a field here or is refused by its name; values of secrets are not among them.
 *
 * @see Compose Build Specification
 */
import { posix, resolve } from "node:path";
import { GantryError } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";
import type { Project, Service } from "../../compose/project.js";
import { parseBuildCache, withAbsolutePath } from "../../dockerfile/caches/build-cache.js";
import type { Ulimit } from "../../wire/container.js";
import { composeLabels } from "../../wire/labels.js";
import { imageNameOf } from "../service/names.js";

/** Where a secret's value is when the build runs. */
export type SecretOrigin = { readonly id: string } & (
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "environment"; readonly variable: string }
);

/** `context` is an absolute directory or an address; `contexts` values are those, or `docker-image://NAME`. */
export interface ImageBuild {
  readonly image: string;
  readonly context: string;
  readonly dockerfile: string;
  readonly dockerfileText?: string;
  /** Further names. */
  readonly tags: readonly string[];
  readonly args: Readonly<Record<string, string>>;
  /** Those of the file, where the command line gives others. */
  readonly ownArgs?: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly platform?: string;
  readonly noCache: boolean;
  readonly noCacheFilter: readonly string[];
  /** As `--cache-from` and `--cache-to` have them, directories absolute. */
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly pull: boolean;
  readonly network?: string;
  readonly shmSizeBytes?: number;
  readonly ulimits: readonly Ulimit[];
  readonly extraHosts: readonly string[];
  readonly isolation?: string;
  readonly memoryBytes?: number;
  readonly contexts: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretOrigin[];
  /** `default`, or `ID=SOCKET`. */
  readonly ssh: readonly string[];
  readonly allow: readonly string[];
}

/** What the command line adds to every service's build. */
export interface BuildOptions {
  /** Recorded in a label. */
  readonly version: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly noCache?: boolean;
  readonly pull?: boolean;
  readonly ssh?: readonly string[];
  readonly memoryBytes?: number;
}

/** How a build's cache is exchanged with others, and what is told about it: nothing that changes the image. */
const withoutEffect = ["provenance", "sbom"] as const;

/** Attributes of a build that are told not to have an effect, in their order. */
export function ignoredOf({ build }: Service): string[] {
  const isAsked = (value: unknown) => value !== undefined && value !== false && value !== "false" && !isEmpty(value);
  return withoutEffect.filter((name) => isAsked(build?.[name])).map((name) => `build.${name}`);
}

/** Throws "bad-parameter", "not-supported" naming the attribute. */
export function imageBuildOf(project: Project, service: Service, options: BuildOptions): ImageBuild {
  const build = service.build;
  if (!build) throw new GantryError("bad-parameter", `Service "${service.name}" has no build section`);
  const at = (what: string) => `services.${service.name}.build.${what}`;
  const { target, network, isolation } = texts(build, ["target", "network", "isolation"], at);
  const inline = build.dockerfile_inline;
  if (inline !== undefined && build.dockerfile !== undefined) {
    throw new GantryError("bad-parameter", `${at("dockerfile")} and dockerfile_inline cannot both be given`);
  }
  const platform = platformOf(service, at);
  const allow = [...list(build.entitlements), ...(build.privileged === true ? ["security.insecure"] : [])];
  return {
    image: imageNameOf(project.name, service),
    context: build.context,
    dockerfile: build.dockerfile ?? "Dockerfile",
    ...(typeof inline === "string" ? { dockerfileText: inline } : {}),
    tags: list(build.tags),
    ...argsOf(textMap(build.args), options.args),
    labels: { ...textMap(build.labels), ...ownLabels(project, service, options.version) },
    ...{ ...target, ...network, ...isolation, ...platform },
    noCache: options.noCache === true || build.no_cache === true,
    noCacheFilter: list(build.no_cache_filter),
    cacheFrom: cachesOf(project, build.cache_from, "from"),
    cacheTo: cachesOf(project, build.cache_to, "to"),
    pull: options.pull === true || build.pull === true,
    ...(typeof build.shm_size === "number" ? { shmSizeBytes: build.shm_size } : {}),
    ...(options.memoryBytes ? { memoryBytes: options.memoryBytes } : {}),
    ulimits: ulimitsOf(build.ulimits),
    extraHosts: list(build.extra_hosts).map((host) => host.replace("=", ":")),
    contexts: contextsOf(project, build.additional_contexts),
    secrets: secretsOf(project, build.secrets, at),
    ssh: options.ssh && options.ssh.length > 0 ? options.ssh : list(build.ssh),
    allow: [...new Set(allow)],
  };
}

function argsOf(own: Record<string, string>, given: BuildOptions["args"] = {}): Pick<ImageBuild, "args" | "ownArgs"> {
  return Object.keys(given).length === 0 ? { args: own } : { args: { ...own, ...given }, ownArgs: own };
}

/** Services whose images this one's build takes files from, sorted. */
export function servicesNeededByBuild({ build }: Service): string[] {
  const values = Object.values(textMap(build?.additional_contexts));
  const names = values.flatMap((value) => (value.startsWith("service:") ? [value.slice("service:".length)] : []));
  return [...new Set(names)].sort();
}

/** Labels by which other commands find the images of a project. */
function ownLabels(project: Project, service: Service, version: string): Record<string, string> {
  return {
    [composeLabels.project]: project.name,
    [composeLabels.service]: service.name,
    [composeLabels.version]: version,
  };
}

function texts<Name extends string>(
  build: Readonly<Record<string, unknown>>,
  names: readonly Name[],
  at: (what: string) => string,
): Record<Name, Record<string, string>> {
  const entries = names.map((name) => {
    const value = build[name];
    if (value === undefined || value === "") return [name, {}];
    if (typeof value !== "string") throw new GantryError("bad-parameter", `${at(name)} must be a text`);
    return [name, { [name]: value }];
  });
  return Object.fromEntries(entries);
}

/** One image has one platform: the service's, or the only one that is listed. */
function platformOf({ build, platform }: Service, at: (what: string) => string): { platform?: string } {
  const platforms = list(build?.platforms);
  if (platform !== undefined) return { platform };
  if (platforms.length > 1) {
    throw new GantryError("not-supported", `${at("platforms")}: an image of several platforms cannot be built`, {
      hint: "Give the service a platform, or list one",
    });
  }
  return platforms[0] === undefined ? {} : { platform: platforms[0] };
}

/** What cannot be used is refused before anything is done. */
function cachesOf({ workingDir }: Project, value: unknown, way: "from" | "to"): string[] {
  const words = list(value).map((word) => withAbsolutePath(word, (path) => resolve(workingDir, path)));
  for (const word of words) parseBuildCache(word, way);
  return words;
}

/** Before the directory of an OCI layout. */
export const ociLayout = "oci-layout://";

function contextsOf(project: Project, value: unknown): Record<string, string> {
  const entries = Object.entries(textMap(value)).map(([name, origin]): [string, string] => {
    if (origin.startsWith(ociLayout))
      return [name, ociLayout + resolve(project.workingDir, origin.slice(ociLayout.length))];
    if (!origin.startsWith("service:")) return [name, origin];
    const service = project.services.get(origin.slice("service:".length));
    if (!service?.build) {
      throw new GantryError("bad-parameter", `additional_contexts: ${origin} is no service that is built`);
    }
    return [name, `docker-image://${imageNameOf(project.name, service)}`];
  });
  return Object.fromEntries(entries);
}

function secretsOf(project: Project, value: unknown, at: (what: string) => string): SecretOrigin[] {
  return (Array.isArray(value) ? value : []).map((entry: unknown): SecretOrigin => {
    const use = isRecord(entry) ? entry : { source: entry };
    const source = String(use.source ?? "");
    const id = typeof use.target === "string" && use.target !== "" ? posix.basename(use.target) : source;
    const secret = project.secrets.get(source);
    if (secret?.file !== undefined) return { id, kind: "file", path: secret.file };
    if (secret?.environment !== undefined) return { id, kind: "environment", variable: secret.environment };
    throw new GantryError("bad-parameter", `${at("secrets")}: ${source} is neither a file nor a variable`);
  });
}

function ulimitsOf(value: unknown): Ulimit[] {
  return Object.entries(isRecord(value) ? value : {}).map(([Name, limit]) => {
    const { soft, hard } = isRecord(limit) ? limit : { soft: limit, hard: limit };
    return { Name, Soft: Number(soft), Hard: Number(hard) };
  });
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : typeof value === "string" ? [value] : [];
}

function textMap(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  const known = Object.entries(value).filter(([, one]) => one !== null && one !== undefined);
  return Object.fromEntries(known.map(([key, one]) => [key, String(one)]));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}
