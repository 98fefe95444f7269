/**
 * The docker CLI's `config.json`: credentials of registries, and how listings look. Does not touch the world.
 *
 * @see Docker, "docker CLI configuration file properties"
 */
import { readFileSync } from "node:fs";
import { GantryError, messageOf } from "../../base/errors.js";
import { isRecord } from "../../base/json.js";

/** What a registry wants to know; `identityToken` stands for user and password. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface DockerConfig {
  /** By the key of the file: a host, or Docker Hub's address. */
  readonly auths: Readonly<Record<string, Credentials>>;
  /** The helper that keeps the credentials of one registry, and of all others: `NAME` of `docker-credential-NAME`. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** By an engine's address, or `default`: `httpProxy`, `httpsProxy`, `noProxy`, … */
  readonly proxies: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly credsStore?: string;
  readonly detachKeys?: string;
  readonly psFormat?: string;
  readonly imagesFormat?: string;
  readonly networksFormat?: string;
  readonly volumesFormat?: string;
  readonly statsFormat?: string;
}

/** Where Docker Hub's credentials are kept, whatever an image of its is called. */
export const hubKey = "https://index.docker.io/v1/";

/** `DOCKER_CONFIG`, else `.docker` in the home directory. */
export function dockerConfigPath(env: Readonly<Record<string, string | undefined>>): string {
  return `${env.DOCKER_CONFIG || `${env.HOME || "/root"}/.docker`}/config.json`;
}

/** Undefined when it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** What the text says; anything of a wrong type counts as not there, as does a text that is no JSON. */
export function parseDockerConfig(text: string | undefined): DockerConfig {
  const config = parseObject(text);
  const auths = isRecord(config.auths) ? config.auths : {};
  const helpers = isRecord(config.credHelpers) ? config.credHelpers : {};
  const texts = [
    "credsStore",
    "detachKeys",
    "psFormat",
    "imagesFormat",
    "networksFormat",
    "volumesFormat",
    "statsFormat",
  ];
  return {
    auths: Object.fromEntries(Object.entries(auths).map(([key, entry]) => [key, parseEntry(entry)])),
    credHelpers: Object.fromEntries(Object.entries(helpers).filter(isText)),
    proxies: Object.fromEntries(
      Object.entries(isRecord(config.proxies) ? config.proxies : {}).flatMap(([engine, settings]) =>
        isRecord(settings) ? [[engine, Object.fromEntries(Object.entries(settings).filter(isText))]] : [],
      ),
    ),
    ...Object.fromEntries(texts.map((name) => [name, config[name]] as const).filter(isText)),
  };
}

/** `auth` is base64 of `user:password`. */
function parseEntry(entry: unknown): Credentials {
  if (!isRecord(entry)) return {};
  const { auth, username, password, identitytoken, registrytoken } = entry;
  const [user, ...rest] = typeof auth === "string" ? Buffer.from(auth, "base64").toString().split(":") : [];
  const own =
    typeof auth === "string" && auth !== "" ? { username: user, password: rest.join(":").replace(/\0+$/, "") } : {};
  return Object.fromEntries(
    Object.entries({ username, password, ...own, identityToken: identitytoken, registryToken: registrytoken }).filter(
      (member): member is [string, string] => isText(member) && member[1] !== "",
    ),
  );
}

/**
 * The file's text with an entry for `key`, or without it. All else stays as it was; a text of which that cannot be said
 * is not written over.
 *
 * `undefined` as credentials removes; `{}` leaves an empty entry, which says that a helper has the secret.
 * Throws "bad-parameter" for a text that is no JSON object, or whose `auths` is none. An empty text is an empty one.
 */
export function withEntry(text: string | undefined, key: string, credentials: Credentials | undefined): string {
  const config = objectToChange(text);
  const auths = { ...config.auths };
  if (credentials === undefined) delete auths[key];
  else auths[key] = writtenEntry(credentials);
  return `${JSON.stringify({ ...config, auths }, null, "\t")}\n`;
}

function writtenEntry({ username, password, identityToken }: Credentials): { auth?: string; identitytoken?: string } {
  const auth = username === undefined ? {} : { auth: Buffer.from(`${username}:${password ?? ""}`).toString("base64") };
  return { ...auth, ...(identityToken === undefined ? {} : { identitytoken: identityToken }) };
}

/** The key of an image's or a login's registry: `docker.io` in all its spellings is Docker Hub's. */
export function registryKey(registry: string): string {
  const host = hostOf(registry);
  return ["docker.io", "index.docker.io", "registry-1.docker.io"].includes(host) ? hubKey : host;
}

/** Without scheme and path: files hold `https://host/v1/` as well as `host`. */
export function hostOf(registry: string): string {
  return registry.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
}

/** Throws "bad-parameter", as `withEntry`. */
export function objectToChange(text: string | undefined): { readonly auths: Readonly<Record<string, unknown>> } {
  if (text === undefined || text.trim() === "") return { auths: {} };
  const { auths = {}, ...others } = parseStrictly(text);
  if (!isRecord(auths)) throw notOurs('its "auths" is no object');
  return { ...others, auths };
}

function parseStrictly(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed)) return parsed;
  } catch (cause) {
    throw notOurs(messageOf(cause), cause);
  }
  throw notOurs("it is no JSON object");
}

function notOurs(why: string, cause?: unknown): GantryError {
  return new GantryError("bad-parameter", `docker's config.json is not changed, since it cannot be read: ${why}`, {
    hint: "Mend the file, or move it away; nothing in it was touched",
    ...(cause === undefined ? {} : { cause }),
  });
}

function parseObject(text: string | undefined): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text ?? "{}");
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function isText(member: readonly [string, unknown]): member is [string, string] {
  return typeof member[1] === "string";
}
