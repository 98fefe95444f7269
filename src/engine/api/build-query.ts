/**
 * A build request out of the query and headers of `POST /build`, as Docker's clients send them.
 *
 * Pure. Every parameter is honoured or refused by its name; null and empty mean that nothing was asked for.
 *
 * @see Docker Engine API, "ImageBuild"
 */

import { GantryError } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";
import { type BuildCachePlace, parseBuildCache } from "../../dockerfile/caches/build-cache.js";
import type { BuildInputs } from "../../wire/build.js";
import type { HostConfig, Ulimit } from "../../wire/container.js";
import type { BuildContext, BuildRequest, NamedContext } from "../builder/build-request.js";
import type { AuthFor, RegistryAuth } from "../images/images.js";
import { type ApiRequest, flag, integer, text } from "./http/request.js";
import { registryAuth } from "./routes/images.js";

/** `inputs` is what a client of our own has sent beforehand. Throws "bad-parameter", "not-supported". */
export function readBuildRequest(request: ApiRequest, inputs: BuildInputs | undefined): BuildRequest {
  refuseOthers(request);
  const target = text(request, "target");
  const platform = text(request, "platform");
  return {
    context: contextOf(request, inputs),
    dockerfile: (text(request, "dockerfile") ?? "Dockerfile").replace(/^(?:\.?\/)+/, ""),
    tags: request.query.getAll("t").filter((tag) => tag !== ""),
    args: new Map(Object.entries(textRecord(request, "buildargs"))),
    labels: textRecord(request, "labels"),
    ...(target ? { target } : {}),
    ...(platform ? { platform } : {}),
    noCache: flag(request, "nocache"),
    noCacheFilter: inputs?.noCacheFilter ?? [],
    pull: flag(request, "pull"),
    keepContainers: !flag(request, "rm", true) && !flag(request, "forcerm"),
    host: hostOf(request),
    secrets: new Map(Object.entries(inputs?.secrets ?? {}).map(([id, value]) => [id, Buffer.from(value, "base64")])),
    ssh: new Map(Object.entries(inputs?.ssh ?? {})),
    contexts: new Map(Object.entries(inputs?.contexts ?? {}).map(([name, value]) => [name, namedContext(value)])),
    allow: new Set(inputs?.allow ?? []),
    warnings: [],
    cacheFrom: cacheFromOf(request, inputs),
    cacheTo: cacheToOf(request, inputs),
    checkOnly: inputs?.checkOnly ?? false,
    tellsSteps: inputs?.steps ?? false,
    isOffline: request.headers["x-gantry-offline"] === "1",
    authFor: registryConfig(request.headers["x-registry-config"]),
    ...(inputs?.dockerfileText === undefined ? {} : { dockerfileText: inputs.dockerfileText }),
  };
}

/** What has no meaning here is refused rather than dropped. */
function refuseOthers(request: ApiRequest): void {
  const refuse = (what: string, hint?: string) => {
    throw new GantryError("not-supported", `${what} is not supported by this engine's builder`, hint ? { hint } : {});
  };
  if (text(request, "version") === "2") {
    refuse("BuildKit's protocol (version=2)", "Set DOCKER_BUILDKIT=0, or build with gantry build");
  }
  if (flag(request, "squash")) refuse("squash");
  const isolation = text(request, "isolation");
  if (isolation !== undefined && isolation !== "default") refuse(`isolation=${isolation}`);
  const outputs = text(request, "outputs");
  if (outputs !== undefined && !["null", "[]"].includes(outputs)) refuse("outputs");
}

function cacheFromOf(request: ApiRequest, inputs: BuildInputs | undefined): BuildCachePlace[] {
  const words = [...texts(text(request, "cachefrom"), "cachefrom"), ...(inputs?.cacheFrom ?? [])];
  return words.map((word) => parseBuildCache(word, "from"));
}

/** An argument of BuildKit's asks for it too. */
function cacheToOf(request: ApiRequest, inputs: BuildInputs | undefined): BuildCachePlace[] {
  const isInline = ["1", "true"].includes(textRecord(request, "buildargs").BUILDKIT_INLINE_CACHE ?? "");
  return [...(inputs?.cacheTo ?? []), ...(isInline ? ["type=inline"] : [])].map((word) => parseBuildCache(word, "to"));
}

function contextOf(request: ApiRequest, inputs: BuildInputs | undefined): BuildContext {
  const url = text(request, "remote");
  if (url !== undefined && url !== "client-session") return { kind: "remote", url };
  if (inputs?.context !== undefined) return { kind: "directory", path: inputs.context };
  return { kind: "archive", body: request.body };
}

function hostOf(request: ApiRequest): HostConfig {
  const number = (name: string) => integer(request, name) || undefined;
  const hosts = request.query
    .getAll("extrahosts")
    .flatMap((one) => (one.startsWith("[") ? texts(one, "extrahosts") : [one]));
  const host: Record<string, unknown> = {
    Memory: number("memory"),
    MemorySwap: number("memswap"),
    CpuShares: number("cpushares"),
    CpuPeriod: number("cpuperiod"),
    CpuQuota: number("cpuquota"),
    CpusetCpus: text(request, "cpusetcpus"),
    CpusetMems: text(request, "cpusetmems"),
    CgroupParent: text(request, "cgroupparent"),
    ShmSize: number("shmsize"),
    NetworkMode: text(request, "networkmode"),
    ExtraHosts: orNothing(hosts.filter((one) => one !== "")),
    Ulimits: orNothing(ulimits(request)),
    SecurityOpt: orNothing(texts(text(request, "securityopt"), "securityopt")),
  };
  return Object.fromEntries(Object.entries(host).filter(([, value]) => value !== undefined));
}

function orNothing<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function ulimits(request: ApiRequest): Ulimit[] {
  const parsed = parseJson(text(request, "ulimits"), "ulimits");
  if (parsed === null || parsed === undefined) return [];
  if (Array.isArray(parsed) && parsed.every(isUlimit)) return parsed;
  throw invalid("ulimits");
}

function isUlimit(value: unknown): value is Ulimit {
  return (
    isRecord(value) &&
    typeof value.Name === "string" &&
    typeof value.Soft === "number" &&
    typeof value.Hard === "number"
  );
}

/** A build argument of null is one that the client does not have: left out. */
function textRecord(request: ApiRequest, name: string): Record<string, string> {
  const parsed = parseJson(text(request, name), name);
  if (parsed === null || parsed === undefined) return {};
  if (!isRecord(parsed)) throw invalid(name);
  const entries = Object.entries(parsed).filter(([, value]) => value !== null);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === "string")) throw invalid(name);
  return Object.fromEntries(entries);
}

function texts(value: string | undefined, name: string): string[] {
  const parsed = parseJson(value, name);
  if (parsed === null || parsed === undefined) return [];
  if (Array.isArray(parsed) && parsed.every((one): one is string => typeof one === "string")) return parsed;
  throw invalid(name);
}

function parseJson(value: string | undefined, name: string): unknown {
  if (value === undefined) return undefined;
  try {
    return JSON.parse(value);
  } catch {
    throw invalid(name);
  }
}

function invalid(name: string): GantryError {
  return new GantryError("bad-parameter", `error reading build options: ${name} is not the JSON that it should be`);
}

/** `docker-image://NAME`, an address, or a directory of the engine's host. */
function namedContext(value: string): NamedContext {
  if (value.startsWith("docker-image://")) return { kind: "image", name: value.slice("docker-image://".length) };
  const layout = /^oci-layout:\/\/([^@]+?)(?::([\w][\w.-]*))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(value);
  if (layout) {
    const [, path = "", tag, digest] = layout;
    const reference = digest ?? tag;
    return { kind: "layout", path, ...(reference === undefined ? {} : { reference }) };
  }
  if (/^(?:https?|git|ssh):\/\/|^git@/.test(value)) return { kind: "remote", url: value };
  return { kind: "directory", path: value };
}

/** `X-Registry-Config`: credentials by registry. What cannot be read means none, as in Docker. */
export function registryConfig(header: string | readonly string[] | undefined): AuthFor {
  const known = new Map<string, RegistryAuth>();
  try {
    const parsed: unknown = JSON.parse(Buffer.from(typeof header === "string" ? header : "", "base64").toString());
    for (const [address, value] of Object.entries(isRecord(parsed) ? parsed : {})) {
      const auth = registryAuth(Buffer.from(JSON.stringify(value)).toString("base64"));
      if (auth) known.set(hostOfAddress(address), auth);
    }
  } catch {}
  return (registry) => known.get(registry);
}

function hostOfAddress(address: string): string {
  const host = address.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return ["index.docker.io", "registry-1.docker.io", ""].includes(host) ? "docker.io" : host;
}
