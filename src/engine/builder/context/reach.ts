/** How builds reach other hosts: as the engine reaches registries, or not at all. */

import type { RegistryConfig } from "../../../registry/registry-config.js";
import { offlineError } from "../../../registry/registry-errors.js";
import { Connections } from "../../../registry/transport/connections.js";

/** Life: nothing to close; idle connections end by themselves. */
export interface Reach {
  readonly connections: Connections;
  /** For programs of others: proxies and certificates in the variables that they read. */
  readonly variables: Readonly<Record<string, string>>;
  readonly isOffline: boolean;
}

/** Certificates and proxies of the engine; a certificate is always looked at. */
export function reachOf({ proxies, certificates, isOffline }: RegistryConfig): Reach {
  const { http, https, none } = proxies;
  // Those that curl reads, and git by it: HTTP_PROXY in capitals is not among them.
  const named = { http_proxy: http, https_proxy: https, no_proxy: none, GIT_SSL_CAINFO: certificates.file };
  return {
    connections: new Connections({ proxies, certificates, isUnverified: () => false }),
    variables: Object.fromEntries(Object.entries(named).flatMap(([name, value]) => (value ? [[name, value]] : []))),
    isOffline,
  };
}

/** Throws "offline" where nobody may be asked. */
export function mustReach({ isOffline }: Pick<Reach, "isOffline">, address: string): void {
  if (isOffline) throw offlineError(address, "address");
}
