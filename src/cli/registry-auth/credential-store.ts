/** Where this user's credentials of registries are: helpers, and docker's `config.json`. */
import { randomUUID } from "node:crypto";
import { chmod, mkdir, open, realpath, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { GantryError } from "../../base/errors.js";
import { helperErase, helperGet, helperStore } from "./credential-helper.js";
import {
  type Credentials,
  type DockerConfig,
  dockerConfigPath,
  hostOf,
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

  /** True when they were written into the file as they are, readable to this user alone. */
  async store(registry: string, credentials: Credentials): Promise<{ isPlain: boolean; path: string }> {
    const key = registryKey(registry);
    const helper = this.#helperOf(key);
    if (helper !== undefined) await helperStore(helper, { key, credentials, env: this.#env });
    await this.#write(key, helper === undefined ? credentials : {});
    this.#known.delete(key);
    return { isPlain: helper === undefined, path: this.#path };
  }

  /** False when there was nothing to forget. */
  async erase(registry: string): Promise<boolean> {
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

  /** Whole or not at all; a link stays one. */
  async #write(key: string, credentials: Credentials | undefined): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const place = await realpath(this.#path).catch(() => this.#path);
    const text = withEntry(readText(place), key, credentials);
    const scratch = `${place}.${randomUUID()}`;
    try {
      const file = await open(scratch, "wx", 0o600);
      await file.writeFile(text).finally(() => file.close());
      await chmod(scratch, 0o600);
      await rename(scratch, place);
    } catch (cause) {
      await rm(scratch, { force: true });
      throw new GantryError("read-only", `${this.#path} cannot be written`, { cause });
    }
  }
}
