/** How connections to an engine are made, whatever lies between: a socket file, TCP, TLS, or an ssh process. */
import net from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { GantryError } from "../../base/errors.js";
import { type Endpoint, printEndpoint, type TlsMaterial } from "../endpoint.js";

/** Makes connections until it is closed; those that are open then break. */
export interface Dialer {
  /** The endpoint as people know it. */
  readonly name: string;
  /** Not yet connected, perhaps; errors come as the socket's. With `halfOpen` its writing side may end alone. */
  connect(options: { halfOpen: boolean }): net.Socket;
  /** What is known about why `socket` broke, where that is more than its error says. */
  explain(socket: net.Socket | null): Promise<GantryError | undefined>;
  close(): void;
}

/** One that needs no login before. */
export type DirectEndpoint = Exclude<Endpoint, { kind: "ssh" }>;

/** For an engine whose address this host can connect to. */
export function directDialer(endpoint: DirectEndpoint): Dialer {
  return {
    name: printEndpoint(endpoint),
    connect: ({ halfOpen }) => connectDirectly(endpoint, halfOpen),
    explain: async () => undefined,
    close() {},
  };
}

function connectDirectly(endpoint: DirectEndpoint, allowHalfOpen: boolean): net.Socket {
  if (endpoint.kind === "unix") return net.connect({ path: endpoint.path, allowHalfOpen });
  const { host, port, tls } = endpoint;
  if (!tls) return net.connect({ host, port, allowHalfOpen, noDelay: true });
  // Loaded only here: most commands never need it.
  const { connect } = process.getBuiltinModule("node:tls");
  const half = { allowHalfOpen }; // documented, and missing in the types
  return connect({ host, port, ...half, ...tlsOptions(tls, host) });
}

function tlsOptions({ ca, cert, key, verify }: TlsMaterial, host: string): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(net.isIP(host) ? {} : { servername: host }),
    rejectUnauthorized: verify,
    minVersion: "TLSv1.2",
  };
}
