/** Where this user's credentials of registries are: helpers, and docker's `config.json`. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { GantryError, systemCodeOf } from "../../base/errors.js";
import { makeUserFolder, writeUserFile } from "../../base/user-file.js";
import { helperErase, helperGet, helperStore } from "./credential-helper.js";
import {
  type Credentials,
  type DockerConfig,
  dockerConfigPath,
  hostOf,
  objectToChange,
  parseDockerConfig,
  readText,
  registryKey,
  withEntry,
} from "./docker-config.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** One for a command; files and helpers are asked when they are needed. */
export class CredentialStore {
  readonly #env: Environment;
  readonly #path: string;
  readonly #known = new Map<string, Promise<Credentials | undefined>>();

  constructor(env: Environment) {
    this.#env = env;
    this.#path = dockerConfigPath(env);
  }

  /** Of `host[:port]`; undefined when there are none. The same helper is asked once. Throws "registry-denied". */
  find(registry: string): Promise<Credentials | undefined> {
    const key = registryKey(registry);
    const known = this.#known.get(key) ?? this.#find(key);
    this.#known.set(key, known);
    return known;
  }

  /** Every registry that the file names, as a builder may need any of them; those whose helper fails are left out. */
  async all(): Promise<ReadonlyMap<string, Credentials>> {
    const { auths, credHelpers } = this.#config();
    const keys = [...new Set([...Object.keys(auths), ...Object.keys(credHelpers)].map(registryKey))];
    const found = await Promise.all(
      keys.map(async (key) => [key, await this.find(key).catch(() => undefined)] as const),
    );
    return new Map(found.flatMap(([key, credentials]) => (credentials ? [[key, credentials] as const] : [])));
  }

  /** True when they were written into the file as they are, readable to its owner alone. */
  async store(registry: string, credentials: Credentials): Promise<{ isPlain: boolean; path: string }> {
    this.#textToChange(); // before a helper is told
    const key = registryKey(registry);
    const helper = this.#helperOf(key);
    if (helper !== undefined) await helperStore(helper, { key, credentials, env: this.#env });
    await this.#write(key, helper === undefined ? credentials : {});
    this.#known.delete(key);
    return { isPlain: helper === undefined, path: this.#path };
  }

  /** False when there was nothing to forget. */
  async erase(registry: string): Promise<boolean> {
    this.#textToChange(); // in a file that cannot be read there is not "nothing" to forget
    const key = registryKey(registry);
    const helper = this.#helperOf(key);
    const keys = this.#keysOf(key);
    if (helper !== undefined) await helperErase(helper, key, this.#env);
    for (const one of keys) await this.#write(one, undefined);
    this.#known.delete(key);
    return keys.length > 0;
  }

  async #find(key: string): Promise<Credentials | undefined> {
    const helper = this.#helperOf(key);
    const ofHelper = helper === undefined ? undefined : await helperGet(helper, key, this.#env);
    if (ofHelper) return ofHelper;
    const [own] = this.#keysOf(key);
    const found = own === undefined ? undefined : this.#config().auths[own];
    return found && Object.keys(found).length > 0 ? found : undefined;
  }

  #helperOf(key: string): string | undefined {
    const { credHelpers, credsStore } = this.#config();
    const own = Object.entries(credHelpers).find(([name]) => registryKey(name) === key)?.[1];
    return own ?? (credsStore === "" ? undefined : credsStore);
  }

  /** The keys of the file that mean this registry; the exact one first. */
  #keysOf(key: string): string[] {
    const names = Object.keys(this.#config().auths).filter((name) => registryKey(name) === key || hostOf(name) === key);
    return names.sort((a, b) => Number(b === key) - Number(a === key));
  }

  #config(): DockerConfig {
    return parseDockerConfig(readText(this.#path));
  }

  /** Whole or not at all; a link stays one, and the owner and mode of what is there. */
  async #write(key: string, credentials: Credentials | undefined): Promise<void> {
    const text = withEntry(this.#textToChange(), key, credentials);
    await makeUserFolder(dirname(this.#path), 0o700);
    await writeUserFile(this.#path, text, { mode: 0o600, isSecret: true });
  }

  /** Undefined when there is no file. Throws for one that cannot be read, or not be understood: it stays as it is. */
  #textToChange(): string | undefined {
    const text = this.#readStrictly();
    objectToChange(text);
    return text;
  }

  #readStrictly(): string | undefined {
    try {
      return readFileSync(this.#path, "utf8");
    } catch (cause) {
      if (systemCodeOf(cause) === "ENOENT") return undefined;
      throw new GantryError("read-only", `${this.#path} cannot be read: ${systemCodeOf(cause)}`, { cause });
    }
  }
}
