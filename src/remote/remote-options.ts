/** What fetching of remote files needs of the world. Pure types. */
import type { Credentials } from "../registry/authorizer.js";
import type { RegistryClient } from "../registry/registry-client.js";

export interface RemoteOptions {
  /** Absolute folder of the user's own, which is made; what is in it was checked. */
  readonly cache: string;
  /** The process environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Made when an artifact is asked for. */
  readonly registry: () => Promise<RegistryClient>;
  /** Of a registry by its host, or undefined. */
  readonly credentials: (domain: string) => Promise<Credentials | undefined>;
}
