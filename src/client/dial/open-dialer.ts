/** The dialer that an endpoint needs. */
import type { Endpoint } from "../endpoint.js";
import { type Dialer, directDialer } from "./dialer.js";
import type { SshOptions } from "./ssh-dialer.js";

/** Throws "engine-unavailable" when a login is needed and fails; other endpoints are not contacted yet. */
export async function openDialer(endpoint: Endpoint, options: SshOptions): Promise<Dialer> {
  if (endpoint.kind !== "ssh") return directDialer(endpoint);
  const { openSshDialer } = await import("./ssh-dialer.js");
  return openSshDialer(endpoint, options);
}
