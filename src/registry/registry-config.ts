/**
 * Which mirrors to ask first and which registries may be spoken to without TLS. Does not touch the world.
 *
 * The engine's configuration is `engine.json` in the state root or `/etc/gantry/engine.json`:
 * `{ "registryMirrors": { "docker.io": ["http://127.0.0.1:5000"] }, "insecureRegistries": ["10.0.0.5:5000"] }`.
 * Both members may be missing. The variable `GANTRY_REGISTRY_MIRRORS` says the same in one line:
 * `docker.io=http://127.0.0.1:5000,quay.io=https://mirror.example`; a host given several times has several mirrors.
 */
import { GantryError } from "../base/errors.js";
import { isRecord } from "../base/json.js";

/** `mirrors` are base URLs by registry host, asked in order before the registry itself. */
export interface RegistryConfig {
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  /** `host` or `host:port`. Loopback registries need not be listed. */
  readonly insecure: readonly string[];
}

export const noRegistryConfig: RegistryConfig = { mirrors: {}, insecure: [] };

/** Reads `engine.json`. Unknown members are left to others. Throws "bad-parameter" naming the member that is wrong. */
export function parseEngineConfig(text: string): RegistryConfig {
  const parsed = parseJson(text);
  if (!isRecord(parsed)) throw wrong("engine.json is not a JSON object");
  const { registryMirrors = {}, insecureRegistries = [] } = parsed;
  if (!isRecord(registryMirrors)) throw wrong("registryMirrors in engine.json is not an object");
  const mirrors = Object.entries(registryMirrors).map(([host, urls]) => {
    if (!isTexts(urls)) throw wrong(`registryMirrors["${host}"] in engine.json is not a list of URLs`);
    return [host, urls.map(mirrorUrl)] as const;
  });
  if (!isTexts(insecureRegistries)) throw wrong("insecureRegistries in engine.json is not a list of hosts");
  return { mirrors: Object.fromEntries(mirrors), insecure: insecureRegistries };
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

/** The endpoints of a registry by its host (`docker.io`, `127.0.0.1:5000`): mirrors first. */
export function endpointsOf(domain: string, { mirrors, insecure }: RegistryConfig): Endpoint[] {
  const own = domain === "docker.io" ? "registry-1.docker.io" : domain;
  // A plain registry on this machine has no certificate; one with a certificate is asked by TLS next.
  const schemes = isLoopback(domain) || insecure.includes(domain) ? ["http", "https"] : ["https"];
  return [
    ...(mirrors[domain] ?? []).map((baseUrl) => ({ baseUrl, isMirror: true })),
    ...schemes.map((scheme) => ({ baseUrl: `${scheme}://${own}`, isMirror: false })),
  ];
}

function isLoopback(domain: string): boolean {
  const host = domain.replace(/:\d+$/, "");
  return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
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
