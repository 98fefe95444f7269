/** What fetching of remote files needs of the world. Pure types. */
import type { Credentials } from "../registry/auth/authorizer.js";
import type { RegistryClient } from "../registry/registry-client.js";

/** Without credentials a registry is asked as anybody. */
export interface RegistryAccess {
  readonly registry: RegistryClient;
  readonly credentials?: Credentials;
}

export interface RemoteOptions {
  /** Absolute folder of the user's own, which is made; what is in it was checked. */
  readonly cache: string;
  /** The process environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** By the registry's host. */
  readonly registry: (domain: string) => Promise<RegistryAccess>;
}
