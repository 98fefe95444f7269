/**
 * How registries are reached: mirrors, those that may be spoken to without TLS, proxies, certificates, or not at all.
 *
 * Does not touch the world. The engine's configuration is `engine.json` in the state root or `/etc/gantry/engine.json`:
 * `{ "registryMirrors": { "docker.io": ["http://127.0.0.1:5000"] }, "insecureRegistries": ["10.0.0.5:5000"],
 * "proxies": { "http-proxy": "…", "https-proxy": "…", "no-proxy": "…" }, "offline": false }`.
 * Any member may be missing. The variable `GANTRY_REGISTRY_MIRRORS` says the mirrors in one line:
 * `docker.io=http://127.0.0.1:5000,quay.io=https://mirror.example`; a host given several times has several mirrors.
 */
import { GantryError } from "../base/errors.js";
import { isRecord } from "../base/json.js";
import { isOfflineWanted } from "../base/offline.js";
import { type CertificateSettings, certificateSettingsOf } from "./transport/certificates.js";
import { isInRange, type ProxySettings, proxySettingsOf } from "./transport/proxy.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** `mirrors` are base URLs by registry host, asked in order before the registry itself. */
export interface RegistryConfig {
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  /** `host`, `host:port` or a range of addresses. Loopback registries need not be listed. */
  readonly insecure: readonly string[];
  readonly proxies: ProxySettings;
  readonly certificates: CertificateSettings;
  /** Nobody is asked anything. */
  readonly isOffline: boolean;
}

/** Directories with a folder for each registry whose certificates are its own; Docker's and containerd's count too. */
export const certificateDirectories = ["/etc/gantry/certs.d", "/etc/docker/certs.d", "/etc/containers/certs.d"];

export const noRegistryConfig: RegistryConfig = {
  ...{ mirrors: {}, insecure: [], proxies: {}, isOffline: false },
  certificates: { directories: certificateDirectories },
};

/**
 * What the environment of a program says: proxies, certificates, `GANTRY_REGISTRY_MIRRORS`, `GANTRY_OFFLINE`.
 * `directories` are more places for the certificates of single registries, which come first.
 */
export function environmentConfig(env: Environment, directories: readonly string[] = []): RegistryConfig {
  return {
    mirrors: parseMirrorsVariable(env.GANTRY_REGISTRY_MIRRORS ?? ""),
    insecure: [],
    proxies: proxySettingsOf(env),
    certificates: certificateSettingsOf(env, [...directories, ...certificateDirectories]),
    isOffline: isOfflineWanted(env),
  };
}

/** `engine.json` over the environment, but mirrors of the environment before those of the file. */
export function mergeConfigs(environment: RegistryConfig, file: Partial<RegistryConfig>): RegistryConfig {
  return {
    ...environment,
    mirrors: mergeMirrors(environment.mirrors, file.mirrors ?? {}),
    insecure: [...environment.insecure, ...(file.insecure ?? [])],
    proxies: { ...environment.proxies, ...file.proxies },
    isOffline: environment.isOffline || file.isOffline === true,
  };
}

/** Reads `engine.json`. Unknown members are left to others. Throws "bad-parameter" naming the member that is wrong. */
export function parseEngineConfig(text: string): Partial<RegistryConfig> {
  const parsed = parseJson(text);
  if (!isRecord(parsed)) throw wrong("engine.json is not a JSON object");
  const { registryMirrors = {}, insecureRegistries = [], proxies = {}, offline = false } = parsed;
  if (!isRecord(registryMirrors)) throw wrong("registryMirrors in engine.json is not an object");
  const mirrors = Object.entries(registryMirrors).map(([host, urls]) => {
    if (!isTexts(urls)) throw wrong(`registryMirrors["${host}"] in engine.json is not a list of URLs`);
    return [host, urls.map(mirrorUrl)] as const;
  });
  if (!isTexts(insecureRegistries)) throw wrong("insecureRegistries in engine.json is not a list of hosts");
  if (typeof offline !== "boolean") throw wrong("offline in engine.json is neither true nor false");
  return {
    mirrors: Object.fromEntries(mirrors),
    insecure: insecureRegistries,
    proxies: parseProxies(proxies),
    isOffline: offline,
  };
}

/** With the names of Docker's daemon.json. */
function parseProxies(value: unknown): ProxySettings {
  const names = { "http-proxy": "http", "https-proxy": "https", "no-proxy": "none" } as const;
  const isKnown = (name: string): name is keyof typeof names => Object.hasOwn(names, name);
  if (!isRecord(value)) throw wrong("proxies in engine.json is not an object");
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => {
      if (!isKnown(name)) throw wrong(`proxies in engine.json has no "${name}", but ${Object.keys(names).join(", ")}`);
      if (typeof text !== "string") throw wrong(`proxies["${name}"] in engine.json is no text`);
      return [names[name], text];
    }),
  );
}

/** Reads `GANTRY_REGISTRY_MIRRORS`; "" means none. Throws "bad-parameter". */
export function parseMirrorsVariable(text: string): RegistryConfig["mirrors"] {
  const mirrors: Record<string, string[]> = {};
  for (const entry of text.split(",").map((part) => part.trim())) {
    if (entry === "") continue;
    const at = entry.indexOf("=");
    if (at < 1) throw wrong(`GANTRY_REGISTRY_MIRRORS: "${entry}" is not HOST=URL`);
    const host = entry.slice(0, at);
    mirrors[host] = [...(mirrors[host] ?? []), mirrorUrl(entry.slice(at + 1))];
  }
  return mirrors;
}

/** Mirrors of both, those of `first` before the others. */
export function mergeMirrors(
  first: RegistryConfig["mirrors"],
  then: RegistryConfig["mirrors"],
): RegistryConfig["mirrors"] {
  const hosts = new Set([...Object.keys(first), ...Object.keys(then)]);
  return Object.fromEntries([...hosts].map((host) => [host, [...(first[host] ?? []), ...(then[host] ?? [])]]));
}

/** Where to ask, in order. `isMirror` endpoints get no credentials: those belong to the registry itself. */
export interface Endpoint {
  /** Without slash at the end; `/v2/…` follows. */
  readonly baseUrl: string;
  readonly isMirror: boolean;
}

export function mirrorsOf(domain: string, { mirrors }: RegistryConfig): Endpoint[] {
  return (mirrors[domain] ?? []).map((baseUrl) => ({ baseUrl, isMirror: true }));
}

/** The registry's own, by its host (`docker.io`, `127.0.0.1:5000`); two where plain HTTP is allowed, that one first. */
export function ownEndpointsOf(domain: string, config: RegistryConfig): [Endpoint, ...Endpoint[]] {
  const own = domain === "docker.io" ? "registry-1.docker.io" : domain;
  const secure = { baseUrl: `https://${own}`, isMirror: false };
  return isInsecure(domain, config) ? [{ baseUrl: `http://${own}`, isMirror: false }, secure] : [secure];
}

/** Whether a host may be spoken to without TLS, and with TLS whatever its certificate is: Docker's rule. */
export function isInsecure(host: string, { insecure }: Pick<RegistryConfig, "insecure">): boolean {
  if (isLoopback(host) || insecure.includes(host)) return true;
  const bare = hostNameOf(host);
  return insecure.some((entry) => {
    const [network = "", bits] = entry.split("/", 2);
    return bits === undefined ? entry === bare : isInRange(bare, network, Number(bits));
  });
}

function isLoopback(domain: string): boolean {
  const host = hostNameOf(domain);
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function hostNameOf(domain: string): string {
  return domain.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
}

function mirrorUrl(text: string): string {
  const withScheme = text.includes("://") ? text : `${isLoopback(text) ? "http" : "https"}://${text}`;
  if (!URL.canParse(withScheme) || !/^https?:$/.test(new URL(withScheme).protocol)) {
    throw wrong(`"${text}" is not the URL of a registry mirror`);
  }
  return withScheme.replace(/\/+$/, "");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GantryError("bad-parameter", "engine.json is not JSON", { cause });
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function wrong(message: string): GantryError {
  return new GantryError("bad-parameter", message);
}
